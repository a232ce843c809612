//! The mails that were written: how many, and the subject of one. Reading mail in general is absent; these are our own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};

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
    let mut text = String::new();
    let (mut rest, mut after_word) = (value, false);
    while let Some((before, word, after)) = encoded_word(rest) {
        // Blanks between two encoded words are not shown.
        if !(after_word && before.trim().is_empty()) {
            text += before;
        }
        text += &String::from_utf8_lossy(&BASE64_STANDARD.decode(word).unwrap_or_default());
        (rest, after_word) = (after, true);
    }
    text + rest
}

/// What comes before the first encoded word, the word, and what comes after it.
fn encoded_word(value: &str) -> Option<(&str, &str, &str)> {
    let (before, word) = value.split_once("=?utf-8?b?")?;
    let (word, after) = word.split_once("?=")?;
    Some((before, word, after))
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
