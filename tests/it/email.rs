//! Mail gets through, or its failure is told as what it is; nothing said late is taken for the answer to something else.

mod announced;
mod connections;
mod conversation;
mod desk;
mod encryption;
mod letter;
mod login;
mod mailer;
mod recipients;
mod relays;
