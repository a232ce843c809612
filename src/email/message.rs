//! A mail's bytes, as a function of its intent and the sender alone: every attempt gives the same ones, so that whoever gets two can
//! tell that they are one. Reading clocks and drawing random numbers, the boundary's included, is therefore absent. Headers are lettre's
//! to write, since folding and encoding them is an art; the body is two texts between boundaries.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, SystemTime},
};

use encodify::{base64, qp};
use lettre::{
    Address,
    message::{
        Mailbox, Mailboxes,
        header::{self, HeaderName, HeaderValue, Headers},
    },
};

use super::{
    Sender,
    header_text::HeaderText,
    page::{Page, Rendered},
};
use crate::{
    engine::outbox::{AlertList, Intent, IntentId, Numbers},
    model::{Severity, Time},
};

/// A mail ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address that it is sent from, for the envelope.
    pub from: Address,
    /// The one address that it goes to.
    pub to: Address,
    /// The message: lines of at most 998 bytes that end in CRLF; ASCII, unless the recipient's name is not.
    pub bytes: Vec<u8>,
}

impl Mail {
    /// Whether it can go only where SMTPUTF8 is offered (RFC 6531).
    pub(super) fn needs_utf8(&self) -> bool {
        !self.to.user().is_ascii()
    }
}

/// An intent that cannot be made a mail of; trying again would not help.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The intent was made with a template that this version does not have.
    #[error("the mail asks for template {0}, which this version does not have; run the version that accepted it")]
    UnknownTemplate(u16),
    /// An address cannot stand in a mail.
    #[error("the {role} address is no mail address; correct it in the receiver")]
    Address {
        /// `recipient` or `reply_to`.
        role: &'static str,
    },
    /// The text could not be rendered.
    #[error("the mail's text cannot be rendered")]
    Render(#[from] askama::Error),
    /// The signature could not be made.
    #[error("the mail cannot be signed")]
    Sign(#[from] aws_lc_rs::error::Unspecified),
    /// The mail library panicked.
    #[error("the mail library failed on this mail; please report it")]
    Panicked,
}

/// Makes the mail of an intent. `console` is where the console is reached, for links.
pub fn compose(intent: &Intent, from: &Sender, console: Option<&str>) -> Result<Mail, ComposeError> {
    // lettre has panicked on hostile text before; whatever slips past our own cleaning must cost one mail, not the service.
    catch_unwind(AssertUnwindSafe(|| build(intent, from, console))).unwrap_or(Err(ComposeError::Panicked))
}

fn build(intent: &Intent, from: &Sender, console: Option<&str>) -> Result<Mail, ComposeError> {
    if intent.template != Intent::TEMPLATE {
        return Err(ComposeError::UnknownTemplate(intent.template));
    }
    let to = address(&intent.recipient, "recipient")?;
    let page = Page::of(intent, console);
    let headers = headers(intent, from, Named::of(intent, &to)?, &page);
    let rendered = page.render()?;
    let mut message = headers.to_string();
    body(&mut message, intent, &rendered);
    Ok(Mail {
        from: from.address().clone(),
        to,
        bytes: message.into_bytes(),
    })
}

/// All headers but those of the body. They are put together without lettre's builder of messages, which reads the addresses back out of
/// what it has written, to derive an envelope.
fn headers(intent: &Intent, from: &Sender, named: Named, page: &Page) -> Headers {
    let mut headers = Headers::new();
    headers.set(header::From::from(Mailboxes::from(from.mailbox())));
    headers.set(header::Subject::from(page.subject().as_str().to_owned()));
    headers.set(header::Date::new(system_time(intent.date)));
    headers.set(header::MessageId::from(message_id(intent.id, from)));
    if let Some(to) = mailboxes(named.to) {
        headers.set(header::To::from(to));
    }
    if let Some(cc) = mailboxes(named.cc) {
        headers.set(header::Cc::from(cc));
    }
    if let Some(reply_to) = mailboxes(named.reply_to) {
        headers.set(header::ReplyTo::from(reply_to));
    }
    if let Some(answers) = intent.answers {
        headers.set(header::InReplyTo::from(message_id(answers, from)));
        headers.set(header::References::from(match answers == intent.root {
            true => message_id(answers, from),
            false => format!("{} {}", message_id(intent.root, from), message_id(answers, from)),
        }));
    }
    for (name, value) in own_headers(intent, from) {
        headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    headers.set(header::MIME_VERSION_1_0);
    headers
}

/// A header without an address would be none.
fn mailboxes(addresses: impl IntoIterator<Item = Address>) -> Option<Mailboxes> {
    let mut addresses = addresses
        .into_iter()
        .map(|address| Mailbox::new(None, address))
        .peekable();
    addresses.peek()?;
    Some(addresses.collect())
}

/// Whom the header names.
struct Named {
    to: Vec<Address>,
    cc: Vec<Address>,
    reply_to: Option<Address>,
}

impl Named {
    /// The receiver's people, as far as their addresses can stand in a mail to this one: a name that is not ASCII cannot where the mail
    /// itself goes to one that is, since it would need servers that know SMTPUTF8.
    fn of(intent: &Intent, recipient: &Address) -> Result<Self, ComposeError> {
        let may_stand = |address: &Address| !recipient.user().is_ascii() || address.user().is_ascii();
        let read = |texts: &[String]| -> Vec<Address> {
            texts
                .iter()
                .filter_map(|text| address(text, "recipient").ok())
                .filter(may_stand)
                .collect()
        };
        let (mut to, cc) = (read(&intent.to), read(&intent.cc));
        if !to.contains(recipient) && !cc.contains(recipient) {
            to.push(recipient.clone());
        }
        let reply_to = intent.reply_to.as_deref().map(|text| address(text, "reply_to"));
        let reply_to = reply_to.transpose()?.filter(may_stand);
        Ok(Self { to, cc, reply_to })
    }
}

/// An address that may stand in a command and a header. Its domain is written in ASCII, which every server knows.
fn address(text: &str, role: &'static str) -> Result<Address, ComposeError> {
    let wrong = || ComposeError::Address { role };
    if text.contains(char::is_control) {
        return Err(wrong());
    }
    let address: Address = text.parse().map_err(|_| wrong())?;
    if address.domain().is_ascii() {
        return Ok(address);
    }
    let domain = idna::domain_to_ascii(address.domain()).map_err(|_| wrong())?;
    Address::new(address.user(), domain).map_err(|_| wrong())
}

fn message_id(intent: IntentId, from: &Sender) -> String {
    format!("<{intent}@{}>", from.domain())
}

/// lettre cannot write a date before 1970.
fn system_time(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(time.as_nanos()).unwrap_or(0))
}

/// Headers for programs: auto-responders (RFC 3834 and Exchange's own), filters (RFC 2919) and scripts.
fn own_headers(intent: &Intent, from: &Sender) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("List-Id", list_id(&intent.receiver, from)),
        ("Content-Language", intent.language.tag().to_owned()),
    ];
    let Some(alerts) = intent.told.alerts() else {
        return headers;
    };
    if let Some(alert) = alerts.iter().next() {
        headers.extend([
            ("X-Alert-Rule", HeaderText::new(&alert.rule).to_ascii()),
            ("X-Alert-Severity", intent.severity.name().to_owned()),
            ("X-Alert-State", state(alerts).to_owned()),
            ("X-Alert-Id", alert.id.to_string()),
        ]);
    }
    if intent.severity == Severity::Critical && state(alerts) == "firing" {
        headers.push(("Importance", "high".to_owned()));
    }
    headers
}

fn list_id(receiver: &str, from: &Sender) -> String {
    let label: String = receiver
        .chars()
        .take(63)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    format!("<{label}.alerts.{}>", from.domain())
}

/// Whether something still burns.
fn state(alerts: &AlertList) -> &'static str {
    let Numbers { fired, open, .. } = alerts.numbers();
    if fired + open == 0 { "resolved" } else { "firing" }
}

/// Both renderings as alternatives (RFC 2046, 5.1.4), the best last, and the header that says so.
fn body(message: &mut String, intent: &Intent, rendered: &Rendered) {
    let boundary = format!("=_{}", intent.id);
    message.reserve(2 * (rendered.text.len() + rendered.html.len()));
    message.push_str(&format!(
        "Content-Type: multipart/alternative;\r\n boundary=\"{boundary}\"\r\n\r\n"
    ));
    for (subtype, text) in [("plain", &rendered.text), ("html", &rendered.html)] {
        message.push_str(&format!(
            "--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        ));
        part(message, text);
        message.push_str("\r\n");
    }
    message.push_str(&format!("--{boundary}--\r\n"));
}

/// Quoted-printable or, where that is longer, base64; never as it stands: in neither can a line begin with the boundary, whatever the
/// text says.
fn part(message: &mut String, text: &str) {
    let begin = message.len();
    message.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    if qp::BODY.encode_append(text, message) > base64::MIME.encoded_len(text.len()) {
        message.truncate(begin);
        message.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        base64::MIME.encode_append(text, message);
    }
}

#[cfg(test)]
mod tests;
