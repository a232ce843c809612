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

/// What a file of a password or a token is for.
const PASSWORD: &str = "password";

/// A file of a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot read the {what} file {}: {source}", path.display())]
    Read {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error("the {what} file {} can be read by others (mode {mode:04o}); run chmod 600 on it", path.display())]
    Open {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds no secret.
    #[error(
        "the {what} file {} is empty, longer than 16 KiB or holds a control character; write the {what} alone into it",
        path.display()
    )]
    Unusable {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: PathBuf,
    },
}

/// Reads a password or a token; the line break at its end is no part of it.
pub fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let text = read_guarded(path, PASSWORD)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(char::is_control) {
        return Err(SecretError::Unusable {
            what: PASSWORD,
            path: path.to_owned(),
        });
    }
    Ok(SecretString::from(secret))
}

/// Reads a file that nobody but its owner may have access to. `what`: what it is for, for the error.
pub(super) fn read_guarded(path: &Path, what: &'static str) -> Result<Zeroizing<String>, SecretError> {
    let failed = |source| SecretError::Read {
        what,
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open {
            what,
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let length = file.take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > LONGEST {
        return Err(SecretError::Unusable {
            what,
            path: path.to_owned(),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_the_file_is_for() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = read_secret(file.path()).unwrap_err().to_string();
        assert!(empty.starts_with("the password file /"), "{empty}");
        assert!(empty.ends_with("write the password alone into it"), "{empty}");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        let open = read_guarded(file.path(), "DKIM key").unwrap_err().to_string();
        assert!(open.starts_with("the DKIM key file /"), "{open}");
        let missing = read_guarded(Path::new("/not/there"), "client key").unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("cannot read the client key file /not/there")
        );
    }
}
