//! Files as a data folder has them: readable by their owner only, durable with their names. Reading and writing their content is their
//! modules'.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::JournalError;

/// Files under this suffix were not finished; they are removed at the next start.
pub(super) const UNFINISHED: &str = "tmp";

/// Makes the error of an attempt out of what the system said.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Makes the folder with all above it unless it is there, and refuses one that others have access to.
pub(super) fn ensure_private_dir(dir: &Path) -> Result<(), JournalError> {
    if !dir.try_exists().map_err(failed("look for", dir))? {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(failed("create", dir))?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_dir(parent)?;
        }
    }
    let mode = fs::metadata(dir).map_err(failed("look at", dir))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = dir.to_owned();
        return Err(JournalError::Exposed { path, mode });
    }
    Ok(())
}

/// Makes a file that must not be there yet.
pub(super) fn create(path: &Path) -> Result<File, JournalError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed("create", path))
}

/// Opens a file for reading and writing.
pub(super) fn open(path: &Path) -> Result<File, JournalError> {
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.map_err(failed("open", path))
}

/// Reads a whole file; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Gives a file this content, durably: whoever reads it finds the old content or all of the new.
pub(super) fn replace(path: &Path, parts: &[&[u8]]) -> Result<(), JournalError> {
    rename(&write_unfinished(path, parts)?, path)
}

/// Writes the content that a file is to have, durably, under a provisional name beside it.
pub(super) fn write_unfinished(path: &Path, parts: &[&[u8]]) -> Result<PathBuf, JournalError> {
    let unfinished = path.with_extension(UNFINISHED);
    remove(&unfinished)?;
    let mut file = create(&unfinished)?;
    for part in parts {
        file.write_all(part).map_err(failed("write", &unfinished))?;
    }
    file.sync_all().map_err(failed("fsync", &unfinished))?;
    Ok(unfinished)
}

/// Gives a file that nobody reads yet other content, durably, in the room that it has.
pub(super) fn rewrite(path: &Path, content: &[u8]) -> Result<(), JournalError> {
    let mut file = open(path)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.set_len(content.len() as u64))
        .and_then(|()| file.sync_all());
    written.map_err(failed("write", path))
}

/// Keeps bytes that are to be cut off, under a name that is not yet taken.
pub(super) fn put_aside(quarantine: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, JournalError> {
    ensure_private_dir(quarantine)?;
    let mut names = (0_u32..).map(|turn| quarantine.join(format!("{name}.{turn}")));
    let path = names.find(|path| !path.exists()).unwrap_or_default();
    replace(&path, &[bytes])?;
    Ok(path)
}

/// Gives a finished file its name, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::rename(from, to).map_err(failed("rename to", to))?;
    to.parent().map_or(Ok(()), sync_dir)
}

/// Removes a file if it is there. Durable after the next [`sync_dir`].
pub(super) fn remove(path: &Path) -> Result<(), JournalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), JournalError> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(failed("fsync", dir))
}

/// Whether a folder holds nothing.
pub(super) fn is_empty(dir: &Path) -> Result<bool, JournalError> {
    let mut entries = fs::read_dir(dir).map_err(failed("list", dir))?;
    Ok(entries.next().is_none())
}

/// The files named `<number>.<extension>` in a folder, by number; other names are left alone.
pub(super) fn numbered(dir: &Path, extension: &str) -> Result<Vec<u64>, JournalError> {
    let paths = paths(dir)?;
    let mut numbers: Vec<u64> = paths.iter().filter_map(|path| number(path, extension)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Removes what was not finished when the process ended. Only for the owner of the folder, and before anything is written.
pub(super) fn remove_unfinished(dir: &Path) -> Result<(), JournalError> {
    let unfinished = OsString::from(UNFINISHED);
    let mut paths = paths(dir)?;
    paths.retain(|path| path.extension() == Some(&unfinished));
    paths.iter().try_for_each(|path| remove(path))
}

fn paths(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let entries = fs::read_dir(dir).map_err(failed("list", dir))?;
    let path = |entry: io::Result<fs::DirEntry>| Ok(dir.join(entry.map_err(failed("list", dir))?.file_name()));
    entries.map(path).collect()
}

fn number(path: &Path, extension: &str) -> Option<u64> {
    let stem = path.file_name()?.to_str()?.strip_suffix(extension)?.strip_suffix('.')?;
    (stem.len() == DIGITS).then(|| stem.parse().ok())?
}

const DIGITS: usize = 20;

/// The path of a numbered file.
pub(super) fn numbered_path(dir: &Path, number: u64, extension: &str) -> PathBuf {
    dir.join(format!("{number:0DIGITS$}.{extension}"))
}
