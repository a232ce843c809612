//! The cursor on disk: whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
};

use crate::cli::failure::Failure;

/// The file that a cursor is kept in, if any.
#[derive(Debug)]
pub(super) struct Cursor(Option<PathBuf>);

impl Cursor {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// The cursor kept; `None`: there is none yet.
    pub(super) fn read(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.0 else { return Ok(None) };
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|cursor| !cursor.is_empty())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Failure::Input {
                name: path.display().to_string(),
                source,
            }),
        }
    }

    /// Keeps this one in place of the last. Without a sync: after a power cut an older cursor gives events twice, which is no loss.
    pub(super) fn write(&self, cursor: &str) -> Result<(), Failure> {
        let Some(path) = &self.0 else { return Ok(()) };
        let mut aside = path.clone().into_os_string();
        aside.push(".new");
        File::create(&aside)
            .and_then(|mut file| writeln!(file, "{cursor}"))
            .and_then(|()| fs::rename(&aside, path))
            .map_err(|source| Failure::File {
                path: path.clone(),
                source,
            })
    }
}
