//! The mails that were written: how many, and the subject of one. Reading mail in general is absent; these are our own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use encodify::rfc2047;

#[derive(Debug)]
pub(super) struct Mailbox {
    /// How many mails there are.
    pub(super) count: usize,
    /// One of them, a critical one if there is one.
    pub(super) example: Option<Mail>,
}

#[derive(Debug)]
pub(super) struct Mail {
    pub(super) path: PathBuf,
    /// As a mail program shows it.
    pub(super) subject: String,
}

impl Mailbox {
    /// Looks into the folder.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut example = None;
        for path in &paths {
            let text = fs::read_to_string(path)?;
            let is_critical = header(&text, "Importance").is_some();
            if example.is_none() || is_critical {
                let subject = decoded(&header(&text, "Subject").unwrap_or_default());
                example = Some(Mail {
                    path: path.clone(),
                    subject,
                });
            }
            if is_critical {
                break;
            }
        }
        Ok(Self {
            count: paths.len(),
            example,
        })
    }
}

/// A header's value, unfolded (RFC 5322, 2.2.3).
fn header(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().take_while(|line| !line.is_empty());
    let first = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    Some(std::iter::once(first).chain(folded).collect())
}

/// A header's value with its encoded words (RFC 2047) in clear.
fn decoded(value: &str) -> String {
    rfc2047::decode_text(value.as_bytes(), rfc2047::utf8_charset).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_shown_as_a_mail_program_shows_it() {
        for subject in [
            "[CRITICAL] port-full 33333: no free port",
            "[CRITICAL] port-full 33333: 真** was refused",
            "会议 12 is full: 请 call again, for this is a text so long that it is folded into several lines, 真的",
        ] {
            let mail = lettre::Message::builder()
                .from("a@example.com".parse().unwrap())
                .to("b@example.com".parse().unwrap())
                .subject(subject)
                .body(String::new())
                .unwrap();
            let text = String::from_utf8(mail.formatted()).unwrap();
            assert_eq!(decoded(&header(&text, "Subject").unwrap()), subject);
            assert_eq!(header(&text, "Importance"), None);
        }
    }
}
