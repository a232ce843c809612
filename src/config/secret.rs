//! Passwords: read from files that nobody else can read, never from the configuration, never shown.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::email::{SecretError, read_secret};

/// What stands for a secret wherever the configuration is shown.
const SHOWN: &str = "<secret>";

/// A password. It shows as `<secret>`, and as nothing else can it stand in a file.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Reads the file at `path`; the line break at its end is no part of the password.
    pub(super) fn read(path: &Path) -> Result<Self, SecretError> {
        read_secret(path).map(Self)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(SHOWN)
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Password {}

pub(super) fn write<S: Serializer>(_: &Option<Password>, to: S) -> Result<S::Ok, S::Error> {
    SHOWN.serialize(to)
}

/// Refuses a password in the file; what `bellwether config` printed in its place is let through.
pub(super) fn refuse<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Password>, D::Error> {
    if String::deserialize(from)? == SHOWN {
        return Ok(None);
    }
    Err(D::Error::custom(
        "a password does not belong into this file; write it into a file of its own and name that: use password_file",
    ))
}
