//! One mail transaction (RFC 5321, 3.3): MAIL, RCPT, DATA, the message, to one recipient. What its end means for the mail is absent:
//! that is `lane`'s.
//!
//! A server that offers it gets the three commands at once (RFC 2920), and answers each in turn; those of the next mail may go right
//! behind a message. The message leaves only when all three have had their yes, and nothing else was said.

use std::{io, ops::RangeInclusive};

use memchr::memmem;

use super::{
    connection::Connection,
    message::Mail,
    offers::Offers,
    reply::Reply,
    settings::Timeouts,
    step::{Failure, Step, reply, within},
};

/// The commands before the message, with the replies that go on.
const COMMANDS: [(Step, RangeInclusive<u16>); 3] = [
    (Step::Sender, 250..=250),
    (Step::Recipient, 250..=252),
    (Step::Data, 354..=354),
];

/// A mail as this server is to be told of it.
pub(super) struct Transaction<'m> {
    mail: &'m Mail,
    commands: Commands,
    is_pipelined: bool,
}

/// MAIL, RCPT and DATA.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Commands([String; 3]);

impl Commands {
    fn together(&self) -> String {
        self.0.join("\r\n") + "\r\n"
    }
}

impl<'m> Transaction<'m> {
    /// The error is why this server cannot take the mail.
    pub(super) fn new(mail: &'m Mail, offers: &Offers) -> Result<Self, String> {
        let parameters = parameters(mail, offers)?;
        Ok(Self {
            mail,
            commands: Commands([
                format!("MAIL FROM:<{}>{parameters}", mail.from),
                format!("RCPT TO:<{}>", mail.to),
                "DATA".to_owned(),
            ]),
            is_pipelined: offers.pipelining,
        })
    }

    /// What the server can be told of this mail while it takes the one before it in (RFC 2920, 3.1).
    pub(super) fn into_commands(self) -> Commands {
        self.commands
    }

    /// Asks the server to take the mail, of which it may have been told. After a no it is ready for RSET, after any other failure the
    /// connection must be dropped.
    pub(super) async fn ask(
        &self,
        smtp: &mut Connection,
        timeouts: &Timeouts,
        announced: Option<Commands>,
    ) -> Result<(), Failure> {
        match announced {
            Some(announced) if announced == self.commands => read_answers(smtp, timeouts).await?,
            Some(_) => {
                return Err(Failure::Lost {
                    step: Step::Sender,
                    source: io::Error::other("another mail was announced"),
                });
            }
            None if self.is_pipelined => {
                let commands = self.commands.together();
                let sending = smtp.send(commands.as_bytes(), COMMANDS.len());
                within(Step::Sender, timeouts.command, sending).await?;
                read_answers(smtp, timeouts).await?;
            }
            None => {
                for (command, (step, needed)) in self.commands.0.iter().zip(COMMANDS) {
                    reply(step, timeouts.command, needed, smtp.ask(command)).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends the message, and in the same breath what the server is told of the next mail: said apart, the answers would come apart, and
    /// many a server holds the second back until the first has arrived. The answer to the final dot; after a no the server is ready for
    /// the next mail, after any other failure the connection must be dropped.
    pub(super) async fn send(
        &self,
        smtp: &mut Connection,
        timeouts: &Timeouts,
        next: Option<&Commands>,
    ) -> Result<Reply, Failure> {
        let mut message = on_the_wire(&self.mail.bytes);
        let (step, replies) = match next {
            None => (Step::Data, 1),
            Some(next) => {
                message.extend_from_slice(next.together().as_bytes());
                // The final dot is not the last thing that is said: it may be through though the rest is not.
                (Step::Message, 1 + COMMANDS.len())
            }
        };
        within(step, timeouts.message, smtp.send(&message, replies)).await?;
        reply(Step::Message, timeouts.message, 250..=259, smtp.reply()).await
    }
}

/// Reads the answers to commands that were sent together.
async fn read_answers(smtp: &mut Connection, timeouts: &Timeouts) -> Result<(), Failure> {
    let mut refused = None;
    for (step, needed) in COMMANDS {
        match reply(step, timeouts.command, needed, smtp.reply()).await {
            Ok(_) if step == Step::Data && refused.is_some() => {
                // It wants a message for nobody, and gets none (RFC 2920, 3.1).
                within(step, timeouts.command, smtp.ask(".")).await?;
            }
            Ok(_) => {}
            Err(failure @ Failure::No { .. }) => {
                refused.get_or_insert(failure);
            }
            Err(failure) => return Err(refused.unwrap_or(failure)),
        }
    }
    refused.map_or(Ok(()), Err)
}

/// What MAIL says of this mail besides its sender, or why this server cannot take it.
fn parameters(mail: &Mail, offers: &Offers) -> Result<String, String> {
    let mut parameters = String::new();
    if let Some(largest) = offers.size {
        let size = mail.bytes.len();
        if size > largest {
            return Err(format!("the mail has {size} bytes, and the relay takes {largest}"));
        }
        parameters.push_str(&format!(" SIZE={size}"));
    }
    if !mail.bytes.is_ascii() {
        if !offers.eight_bit {
            return Err("the mail needs 8BITMIME, which the relay does not offer".to_owned());
        }
        parameters.push_str(" BODY=8BITMIME");
    }
    if mail.needs_utf8() {
        if !offers.utf8 {
            return Err("the address needs SMTPUTF8, which the relay does not offer".to_owned());
        }
        parameters.push_str(" SMTPUTF8");
    }
    Ok(parameters)
}

/// The message with its dots doubled (RFC 5321, 4.5.2), and the final dot.
fn on_the_wire(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 64 + 5);
    if message.starts_with(b".") {
        wire.push(b'.');
    }
    let mut begin = 0;
    for end in memmem::find_iter(message, b"\n.").map(|at| at + 1) {
        wire.extend_from_slice(&message[begin..end]);
        wire.push(b'.');
        begin = end;
    }
    wire.extend_from_slice(&message[begin..]);
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::on_the_wire;

    #[test]
    fn only_the_last_dot_ends_a_message() {
        for (message, wire) in [
            ("", "\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n.\r\n..b\r\n", "..\r\n..\r\n...b\r\n.\r\n"),
        ] {
            assert_eq!(on_the_wire(message.as_bytes()), wire.as_bytes());
        }
    }
}
