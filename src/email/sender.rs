//! Who mails come from.

use std::{fmt, str::FromStr};

use lettre::{Address, message::Mailbox};
use serde::{Deserialize, Serialize};

use super::clean::one_line;

/// An address, with or without a name: `Bellwether <alerts@example.com>`. Its domain also makes the Message-IDs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sender {
    name: Option<String>,
    address: Address,
}

impl Sender {
    /// The address alone.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The domain of the address.
    pub fn domain(&self) -> &str {
        self.address.domain()
    }

    pub(super) fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.name.clone(), self.address.clone())
    }
}

/// What was given as the sender is no mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no sender; write an ASCII address, with a name before it if you like: Bellwether <alerts@example.com>"
)]
pub struct InvalidSender(String);

impl FromStr for Sender {
    type Err = InvalidSender;

    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        let invalid = || InvalidSender(one_line(text, 100));
        // The name is read first, since lettre's own parser keeps control characters that it cannot write again.
        let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (one_line(name, 100).trim_matches('"').to_owned(), address),
            None => (String::new(), text.trim()),
        };
        let address: Address = address.parse().map_err(|_| invalid())?;
        if !address.to_string().is_ascii() {
            return Err(invalid());
        }
        Ok(Self {
            name: Some(name).filter(|name| !name.is_empty()),
            address,
        })
    }
}

impl TryFrom<String> for Sender {
    type Error = InvalidSender;

    fn try_from(text: String) -> Result<Self, InvalidSender> {
        text.parse()
    }
}

impl From<Sender> for String {
    fn from(sender: Sender) -> Self {
        sender.to_string()
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, shown) in [
            ("alerts@example.com", "alerts@example.com"),
            ("Bellwether <alerts@example.com>", "Bellwether <alerts@example.com>"),
            ("\"Ops, Night\" <a@b.example>", "Ops, Night <a@b.example>"),
            ("告警 <a@b.example>", "告警 <a@b.example>"),
            ("a\r\nBcc: x <a@b.example>", "a Bcc: x <a@b.example>"),
            ("<bellwether@localhost>", "bellwether@localhost"),
        ] {
            let sender: Sender = text.parse().unwrap();
            assert_eq!(sender.to_string(), shown);
            // Writing it into a header must not fail.
            let _ = sender.mailbox().to_string();
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in ["", "alerts", "a b@c", "张@例子.公司", "<>"] {
            assert!(text.parse::<Sender>().is_err(), "{text:?}");
        }
    }
}
