//! A file of notifications. A line is received at the instant that stands before it, or at the time of the line before it.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use prost::Message as _;

use super::{
    Outcome, Progress,
    line::{self, NoNotification},
    rehearsal::Rehearsal,
};
use crate::{
    cli::{
        failure::{self, Failure},
        send::lines,
    },
    engine::input::{Input, Settings},
    grpc::from_proto,
    selftest,
};

/// The caller of all notifications in a file.
const SOURCE: &str = "file";

/// Replays a file; `-` is standard input.
pub(super) fn replay(
    path: &Path,
    mut rehearsal: Rehearsal,
    mut progress: Progress<'_, '_>,
) -> Result<Outcome, Failure> {
    let name = path.display().to_string();
    let failed = |source| Failure::Input {
        name: name.clone(),
        source,
    };
    let (input, bytes): (Box<dyn Read>, _) = if path == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        (Box::new(file), Some(bytes))
    };
    progress.of(bytes);

    let mut reader = BufReader::with_capacity(1 << 16, input);
    let (mut text, mut done, mut number) = (Vec::new(), 0, 0);
    let (mut now, mut offset) = (None, 0);
    loop {
        let read = lines::next(&mut reader, &mut text).map_err(failed)?;
        if read == 0 {
            break;
        }
        done += read;
        number += 1;
        progress.reached(done);
        let bad = |reason: String| Failure::Line {
            name: name.clone(),
            number,
            reason,
        };
        let line = lines::text(&text).map_err(NoNotification::from).and_then(line::parse);
        let Some(line) = line.map_err(|error| bad(error.to_string()))? else {
            continue;
        };
        let at = line.at.or(now).unwrap_or(selftest::START);
        let at = now.map_or(at, |now| at.max(now));
        let wire = line.notification.encode_to_vec();
        let notification =
            from_proto::item(&wire, SOURCE, at).map_err(|refused| bad(failure::told(&refused.into())))?;
        if now.is_none() {
            rehearsal.apply(0, at, Input::Start(Settings::default()));
        }
        now = Some(at);
        offset += 1;
        if !rehearsal.apply(offset, at, Input::Notification(notification)) {
            break;
        }
    }
    if now.is_some() {
        rehearsal.finish(offset + 1);
    }
    Ok(Outcome {
        would: rehearsal.would,
        did: None,
        notifications: rehearsal.notifications,
        span: rehearsal.span,
    })
}
