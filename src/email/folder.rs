//! Mail as `.eml` files, where no relay is configured. Any mail program opens them.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::message::Mail;
use crate::engine::{input::MailResult, outbox::Attempt};

/// A folder that takes mails.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Creates the folder, readable by this user alone, unless it is there.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Writes one mail.
    pub(super) async fn send(&self, attempt: &Attempt, mail: Mail) -> MailResult {
        let name = file_name(attempt);
        let path = self.0.join(&name);
        let written = tokio::task::spawn_blocking(move || write(&path, &mail.bytes)).await;
        match written.map_err(io::Error::other).flatten() {
            Ok(()) => MailResult::Sent(name),
            Err(error) => MailResult::Deferred(format!("cannot write {name} into the mail folder: {error}")),
        }
    }
}

/// Whole or not at all, under its name: another program may be watching the folder.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("part");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

/// `20261122T100005Z-port-full-1f2e3d4c-1.eml`: the mail's date, the first alert's rule, the beginning of its id, the attempt. The same
/// attempt, made again after a restart, writes the same file.
fn file_name(attempt: &Attempt) -> String {
    let intent = &attempt.intent;
    let date = jiff::Timestamp::from_second(intent.date.to_parts().0).unwrap_or_default();
    let first = intent.told.alerts().and_then(|alerts| alerts.iter().next());
    let rule: String = first
        .map_or("bellwether", |alert| &alert.rule)
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .collect();
    format!(
        "{}-{rule}-{}-{}.eml",
        date.strftime("%Y%m%dT%H%M%SZ"),
        &intent.id.to_string()[..8],
        attempt.number
    )
}
