//! Secrets: read from files that nobody else can read.

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use secrecy::{SecretString, zeroize::Zeroizing};

/// More is no secret; the bound keeps a wrong path (`/dev/zero`, a log) harmless. A token of Entra ID can take 8 KiB.
const LONGEST: u64 = 16 * 1024;

/// A file of a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot read the password file {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error("the password file {} can be read by others (mode {mode:04o}); run chmod 600 on it", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds no secret.
    #[error(
        "the password file {} is empty, longer than 16 KiB or holds a control character; write the password alone into it",
        path.display()
    )]
    Unusable {
        /// Which file.
        path: PathBuf,
    },
}

/// Reads a password or a token; the line break at its end is no part of it.
pub fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let text = read_guarded(path)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(char::is_control) {
        return Err(SecretError::Unusable { path: path.to_owned() });
    }
    Ok(SecretString::from(secret))
}

/// Reads a file that nobody but its owner may have access to.
pub(super) fn read_guarded(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let failed = |source| SecretError::Read {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let length = file.take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > LONGEST {
        return Err(SecretError::Unusable { path: path.to_owned() });
    }
    Ok(text)
}
