//! Rule files on disk: finding and reading them. What is in them is absent, that is `rules`; so is when to look again.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use thiserror::Error;

use crate::rules::{RuleSource, SourceFile};

/// The longest file, in bytes.
pub const MAX_FILE: u64 = 1024 * 1024;

/// How many files there are at most.
pub const MAX_FILES: usize = 256;

/// How long all files together are at most, in bytes: they go into the journal in one piece.
pub const MAX_TOTAL: u64 = 4 * 1024 * 1024;

/// How often files are read again that change while they are read.
const ATTEMPTS: usize = 5;

/// Why rule files could not be read. Nothing of them is used then.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The operating system said no.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no rule file there.
    #[error("no rule files (*.yaml, *.yml) in {}; where no rules are meant, write a file with `rules: []`", path.display())]
    Empty {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// A link leads out of its folder.
    #[error("{} leads to a place outside {}; copy the file into the folder", path.display(), folder.display())]
    LeadsOut {
        /// The link.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// A device, a socket, a pipe or a folder that is named like a rule file.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// A file is too long.
    #[error("{} is longer than 1 MiB; split it", path.display())]
    FileTooLong {
        /// Which.
        path: PathBuf,
    },
    /// There are too many files.
    #[error("more than {MAX_FILES} rule files")]
    TooManyFiles,
    /// All files together are too long.
    #[error("the rule files are longer than 4 MiB together")]
    TooLong,
    /// A file in an encoding other than UTF-8.
    #[error("{} is {encoding}; save it as UTF-8", path.display())]
    Encoding {
        /// Which.
        path: PathBuf,
        /// What it seems to be.
        encoding: &'static str,
    },
    /// A file changed again and again while it was read.
    #[error("{} changes while it is read; write files anew and rename them into place", path.display())]
    Changing {
        /// A file or folder that did.
        path: PathBuf,
    },
}

/// Reads rule files: those named, and those in the folders named, in the order of their names. Either all are read, as they stood at
/// one moment, or none.
///
/// # Errors
///
/// See [`LoadError`].
pub fn load(paths: &[PathBuf]) -> Result<RuleSource, LoadError> {
    let mut before = list(paths)?;
    for _ in 0..ATTEMPTS {
        if before.is_empty() {
            return Err(LoadError::Empty {
                path: paths.first().cloned().unwrap_or_default(),
            });
        }
        let files = before.keys().map(|path| read(path)).collect::<Result<Vec<_>, _>>();
        let after = list(paths)?;
        if before == after {
            return Ok(RuleSource { files: files? });
        }
        before = after;
    }
    Err(LoadError::Changing {
        path: paths.first().cloned().unwrap_or_default(),
    })
}

/// Reads a file that a rule file names: it lies beside it, and does not lead out of that folder.
///
/// # Errors
///
/// See [`LoadError`].
pub fn beside(rule_file: &str, name: &str) -> Result<SourceFile, LoadError> {
    let folder = Path::new(rule_file)
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let path = folder.join(name);
    let home = fs::canonicalize(folder).map_err(failed(folder))?;
    if stamp(&path)?.real.parent() != Some(&home) {
        return Err(LoadError::LeadsOut {
            path,
            folder: folder.to_owned(),
        });
    }
    read(&path)
}

/// A digest of the names and the texts: equal for equal files.
pub fn fingerprint(source: &RuleSource) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in source.files.iter().flat_map(|file| [&file.name, &file.text]) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

/// What tells whether a file has changed. The place that it really is at is a part of it, since links are how Kubernetes changes
/// the files of a mounted ConfigMap: all at once, by one link to a folder.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    real: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

fn list(paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, Stamp>, LoadError> {
    let mut files = BTreeMap::new();
    for path in paths {
        if fs::metadata(path).map_err(failed(path))?.is_dir() {
            list_folder(path, &mut files)?;
        } else {
            files.insert(path.clone(), stamp(path)?);
        }
    }
    if files.len() > MAX_FILES {
        return Err(LoadError::TooManyFiles);
    }
    match files.values().map(|stamp| stamp.length).sum::<u64>() {
        ..=MAX_TOTAL => Ok(files),
        _ => Err(LoadError::TooLong),
    }
}

fn list_folder(folder: &Path, files: &mut BTreeMap<PathBuf, Stamp>) -> Result<(), LoadError> {
    let home = fs::canonicalize(folder).map_err(failed(folder))?;
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if !is_rule_file(&path) {
            continue;
        }
        let stamp = stamp(&path)?;
        if !stamp.real.starts_with(&home) {
            return Err(LoadError::LeadsOut {
                path,
                folder: folder.to_owned(),
            });
        }
        files.insert(path, stamp);
    }
    Ok(())
}

/// Ends in `.yaml` or `.yml` and is not hidden.
fn is_rule_file(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().and_then(|extension| extension.to_str());
    !hidden && matches!(extension, Some("yaml" | "yml"))
}

fn stamp(path: &Path) -> Result<Stamp, LoadError> {
    let real = fs::canonicalize(path).map_err(failed(path))?;
    let metadata = fs::metadata(&real).map_err(failed(path))?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile { path: path.to_owned() });
    }
    if metadata.len() > MAX_FILE {
        return Err(LoadError::FileTooLong { path: path.to_owned() });
    }
    Ok(Stamp {
        real,
        length: metadata.len(),
        modified: metadata.modified().ok(),
    })
}

fn read(path: &Path) -> Result<SourceFile, LoadError> {
    let mut bytes = Vec::new();
    // A file that has grown since it was listed is listed anew; until then no more of it is read than may be.
    let file = fs::File::open(path).map_err(failed(path))?;
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(failed(path))?;
    let name = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile { name, text }),
        Err(error) => Err(LoadError::Encoding {
            path: path.to_owned(),
            encoding: match error.as_bytes() {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
                _ => "not UTF-8",
            },
        }),
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LoadError {
    let path = path.to_owned();
    |source| LoadError::Io { path, source }
}

#[cfg(test)]
mod tests;
