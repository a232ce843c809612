//! What a server offers: its reply to EHLO (RFC 5321, 4.1.1.1).

use super::{reply::Reply, settings::Auth};

/// The extensions that change what we do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub starttls: bool,
    /// Commands may be sent before the ones before them are answered (RFC 2920).
    pub pipelining: bool,
    /// Messages may hold bytes above 127 (RFC 6152).
    pub eight_bit: bool,
    /// Addresses may hold any script (RFC 6531).
    pub utf8: bool,
    /// Message sizes are declared (RFC 1870), with the largest in bytes; `usize::MAX` where there is no such bound.
    pub size: Option<usize>,
    plain: bool,
    login: bool,
    xoauth2: bool,
}

/// How to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
    XOAuth2,
}

impl Offers {
    /// The first line is the server's name; a keyword's case does not count.
    pub(super) fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => offers.starttls = true,
                Some("PIPELINING") => offers.pipelining = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8 = true,
                Some("SIZE") => {
                    let largest = words.next().and_then(|size| size.parse().ok());
                    offers.size = Some(largest.filter(|&size| size > 0).unwrap_or(usize::MAX));
                }
                Some("AUTH") => {
                    for mechanism in words {
                        match mechanism {
                            "PLAIN" => offers.plain = true,
                            "LOGIN" => offers.login = true,
                            "XOAUTH2" => offers.xoauth2 = true,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        offers
    }

    /// How to log in here; the error is what the server would have to offer.
    pub(super) fn mechanism(&self, auth: Auth) -> Result<Mechanism, &'static str> {
        match auth {
            Auth::Password if self.plain => Ok(Mechanism::Plain),
            Auth::Password if self.login => Ok(Mechanism::Login),
            Auth::Password => Err("AUTH PLAIN or LOGIN"),
            Auth::Xoauth2 if self.xoauth2 => Ok(Mechanism::XOAuth2),
            Auth::Xoauth2 => Err("AUTH XOAUTH2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(text: &str) -> Offers {
        Offers::read(&Reply::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn reads_what_servers_offer() {
        let postfix = "250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n\
                       250-auth login plain\r\n250-8bitmime\r\n250 SMTPUTF8\r\n";
        let offers = offers(postfix);
        assert!(offers.starttls && offers.pipelining && offers.eight_bit && offers.utf8);
        assert_eq!(offers.size, Some(10_240_000));
        assert_eq!(offers.mechanism(Auth::Password), Ok(Mechanism::Plain));
        assert_eq!(offers.mechanism(Auth::Xoauth2), Err("AUTH XOAUTH2"));
    }

    #[test]
    fn what_is_not_said_is_not_offered() {
        // The first line is a name, whatever it says.
        assert_eq!(offers("250 STARTTLS\r\n"), Offers::default());
        assert_eq!(offers("250-a\r\n250 AUTH CRAM-MD5\r\n"), Offers::default());
        for unbounded in ["SIZE", "SIZE 0", "SIZE x"] {
            assert_eq!(offers(&format!("250-a\r\n250 {unbounded}\r\n")).size, Some(usize::MAX));
        }
        assert_eq!(
            offers("250-a\r\n250 AUTH LOGIN XOAUTH2\r\n").mechanism(Auth::Password),
            Ok(Mechanism::Login)
        );
    }
}
