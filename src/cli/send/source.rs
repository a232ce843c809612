//! Where notifications come from. Reading and splitting run on a thread of their own; what is read waits in a short queue, so that memory
//! does not grow with the input.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::mpsc;

use super::lines::{self, BadLine, Kind};
use crate::{
    api::{self, notification::Payload},
    cli::failure::Failure,
};

/// Items of one chunk at most: one batch, one step of a stream.
pub(super) const CHUNK: usize = 512;

/// Chunks that wait to be sent.
const QUEUE: usize = 8;

/// Where a notification stood.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file's name; `None` for one given by flags.
    pub(super) file: Option<Arc<str>>,
    /// From 1.
    pub(super) line: u64,
    /// The column that the vendor's text begins in, from 1.
    pub(super) column: usize,
}

/// A notification to be sent.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) notification: api::Notification,
}

/// What was read at one go.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// What is to be sent, in its order.
    pub(super) items: Vec<Item>,
    /// What cannot be sent.
    pub(super) bad: Vec<(Place, BadLine)>,
    /// How much of the input this was.
    pub(super) bytes: u64,
}

/// The input.
#[derive(Debug)]
pub(super) struct Source {
    chunks: mpsc::Receiver<Result<Chunk, Failure>>,
    bytes: Option<u64>,
}

impl Source {
    /// Just this one.
    pub(super) fn one(notification: api::Notification, id_prefix: Option<String>) -> Self {
        let (to, chunks) = mpsc::channel(1);
        let place = Place {
            file: None,
            line: 1,
            column: 1,
        };
        let id = id_prefix.map_or_else(String::new, |prefix| format!("{prefix}-1"));
        let notification = api::Notification { id, ..notification };
        let chunk = Chunk {
            items: vec![Item { place, notification }],
            ..Chunk::default()
        };
        // The channel is empty and holds one.
        let _ = to.try_send(Ok(chunk));
        Self { chunks, bytes: None }
    }

    /// The lines of these files, one after the other; all are opened before anything is sent.
    pub(super) fn open(files: Vec<PathBuf>, kind: Option<Kind>, id_prefix: Option<String>) -> Result<Self, Failure> {
        let names = if files.is_empty() {
            vec![PathBuf::from("-")]
        } else {
            files
        };
        let mut bytes = Some(0);
        let mut inputs = Vec::new();
        for name in &names {
            let input = Input::open(name)?;
            bytes = bytes.zip(input.bytes).map(|(all, these)| all + these);
            inputs.push(input);
        }
        let (to, chunks) = mpsc::channel(QUEUE);
        std::thread::spawn(move || {
            let mut number = 0;
            for input in inputs {
                if !input.read(kind, id_prefix.as_deref(), &mut number, &to) {
                    break;
                }
            }
        });
        Ok(Self { chunks, bytes })
    }

    /// The size of the input, where it is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// The next chunk; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, Failure> {
        self.chunks.recv().await.transpose()
    }
}

struct Input {
    name: Arc<str>,
    bytes: Option<u64>,
    reader: Box<dyn Read + Send>,
}

impl Input {
    fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self {
                name: "-".into(),
                bytes: None,
                reader: Box::new(io::stdin()),
            });
        }
        let name: Arc<str> = path.display().to_string().into();
        let failed = |source| Failure::Input {
            name: name.to_string(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        Ok(Self {
            bytes: metadata.is_file().then_some(metadata.len()),
            reader: Box::new(file),
            name,
        })
    }

    /// Reads to the end; false when nobody listens any more or reading failed.
    fn read(
        self,
        kind: Option<Kind>,
        id_prefix: Option<&str>,
        number: &mut u64,
        to: &mpsc::Sender<Result<Chunk, Failure>>,
    ) -> bool {
        let mut reader = BufReader::with_capacity(1 << 16, self.reader);
        let mut chunk = Chunk::default();
        let mut line = Vec::new();
        let mut place = Place {
            file: Some(Arc::clone(&self.name)),
            line: 0,
            column: 1,
        };
        loop {
            let read = match lines::next(&mut reader, &mut line) {
                Ok(read) => read,
                Err(source) => {
                    let name = self.name.to_string();
                    let _ = to.blocking_send(Err(Failure::Input { name, source }));
                    return false;
                }
            };
            place.line += 1;
            chunk.bytes += read;
            let parsed = lines::text(&line).and_then(|text| lines::parse(text, kind)).transpose();
            // What cannot be sent is counted, too: once it is mended, what comes after it has the same id as before.
            *number += u64::from(parsed.is_some());
            match parsed {
                None => {}
                Some(Ok(line)) => {
                    chunk.items.push(Item {
                        place: Place {
                            column: line.column,
                            ..place.clone()
                        },
                        notification: raw(&line, id_prefix.map(|prefix| format!("{prefix}-{number}"))),
                    });
                }
                Some(Err(bad)) => chunk.bad.push((place.clone(), bad)),
            }
            // What has come is sent before more is waited for: the writer of a pipe may take its time.
            let waits = reader.buffer().is_empty();
            if read == 0 || waits || chunk.items.len() + chunk.bad.len() == CHUNK {
                let full = std::mem::take(&mut chunk);
                if to.blocking_send(Ok(full)).is_err() {
                    return false;
                }
            }
            if read == 0 {
                return true;
            }
        }
    }
}

fn raw(line: &lines::Line<'_>, id: Option<String>) -> api::Notification {
    api::Notification {
        id: id.unwrap_or_default(),
        occurred_at: None,
        payload: Some(Payload::Raw(api::RawNotification {
            r#type: line.kind.name().to_owned(),
            body: line.body.to_owned(),
        })),
    }
}
