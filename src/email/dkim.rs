//! DKIM signatures (RFC 6376; RFC 8463 for Ed25519), for where no relay signs. Verifying is absent.

use std::path::PathBuf;

use aws_lc_rs::{
    digest::{SHA256, digest},
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use encodify::base64;
use tokio_rustls::rustls::pki_types::{
    PrivateKeyDer,
    pem::{self, PemObject as _},
};

use super::{
    secret::{SecretError, read_guarded},
    settings::DkimSettings,
};
use crate::model::Time;

/// What is signed where it is there. `from` stands twice, so that nobody can add a second one.
const SIGNED: [&str; 14] = [
    "from",
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "list-id",
    "mime-version",
    "content-type",
];

/// Signs mails in the name of a domain.
#[derive(Debug)]
pub(super) struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

#[derive(Debug)]
enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The key that mails are to be signed with cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DkimError {
    /// The file cannot be read, or others can read it too.
    #[error("cannot use the DKIM key")]
    Read(#[from] SecretError),
    /// It holds no key.
    #[error("{} holds no private key in PEM", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// Its key is of another kind, or too short.
    #[error("the DKIM key in {} is neither RSA of 2048 to 8192 bits nor Ed25519: {source}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeyRejected,
    },
}

impl Signer {
    /// Reads the key; blocks for that.
    pub(super) fn new(settings: &DkimSettings) -> Result<Self, DkimError> {
        let path = &settings.key_file;
        let text = read_guarded(path, "DKIM key")?;
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|source| DkimError::Pem {
            path: path.clone(),
            source,
        })?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).map(Key::Rsa),
            key => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_der())
                .map(Key::Ed25519)
                .or_else(|_| RsaKeyPair::from_pkcs8(key.secret_der()).map(Key::Rsa)),
        };
        Ok(Self {
            domain: settings.domain.clone(),
            selector: settings.selector.clone(),
            key: key.map_err(|source| DkimError::Key {
                path: path.clone(),
                source,
            })?,
        })
    }

    /// The message with its signature before it. `at` stands in it: the mail's date, so that every attempt gives the same bytes.
    pub(super) fn sign(&self, message: &[u8], at: Time) -> Result<Vec<u8>, Unspecified> {
        let text = String::from_utf8_lossy(message);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let fields = fields(head);
        let names: Vec<&str> = SIGNED
            .into_iter()
            .filter(|name| fields.iter().any(|(field, _)| field == name))
            .collect();
        let unsigned = format!(
            "v=1; a={}; c=relaxed/relaxed; d={}; s={};\r\n t={}; h={};\r\n bh={};\r\n b=",
            self.key.algorithm(),
            self.domain,
            self.selector,
            at.to_parts().0,
            names.join(":"),
            base64::STANDARD.encode(digest(&SHA256, relaxed_body(body).as_bytes())),
        );

        let mut signed = String::new();
        let mut left: Vec<_> = fields.iter().collect();
        for name in names {
            // Of fields with one name the last goes first; one that is not there a second time counts as empty.
            if let Some(place) = left.iter().rposition(|(field, _)| field == name) {
                let (field, value) = left.remove(place);
                signed.push_str(&format!("{field}:{value}\r\n"));
            }
        }
        signed.push_str(&format!("dkim-signature:{}", relaxed_value(&unsigned)));
        let signature = base64::STANDARD.encode(self.key.sign(signed.as_bytes())?);
        let mut mail = format!("DKIM-Signature: {unsigned}{}\r\n", folded(&signature)).into_bytes();
        mail.extend_from_slice(message);
        Ok(mail)
    }
}

impl Key {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                // PKCS #1 v1.5 draws nothing by chance, which blinding aside leaves the same bytes each time.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)?;
                Ok(signature)
            }
            Self::Ed25519(key) => Ok(key.try_sign(digest(&SHA256, text).as_ref())?.as_ref().to_vec()),
        }
    }
}

/// The header's fields in canonical form: names in small letters, values unfolded, blanks collapsed.
fn fields(head: &str) -> Vec<(String, String)> {
    head.replace("\r\n ", " ")
        .replace("\r\n\t", " ")
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim_end().to_ascii_lowercase(), relaxed_value(value)))
        .collect()
}

fn relaxed_value(value: &str) -> String {
    let words: Vec<&str> = value
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// Blanks collapsed, those at line ends and the empty lines at the end gone.
fn relaxed_body(body: &str) -> String {
    let mut canonical = String::with_capacity(body.len());
    let mut empty_lines = 0;
    for line in body.split_terminator("\r\n") {
        let line = line.trim_end_matches([' ', '\t']);
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        canonical.push_str(&"\r\n".repeat(std::mem::take(&mut empty_lines)));
        let mut is_blank = false;
        for c in line.chars() {
            let was_blank = std::mem::replace(&mut is_blank, c == ' ' || c == '\t');
            if !is_blank {
                canonical.push(c);
            } else if !was_blank {
                canonical.push(' ');
            }
        }
        canonical.push_str("\r\n");
    }
    canonical
}

fn folded(signature: &str) -> String {
    let mut folded = String::with_capacity(signature.len() + signature.len() / 24);
    for (place, c) in signature.chars().enumerate() {
        if place > 0 && place % 72 == 0 {
            folded.push_str("\r\n ");
        }
        folded.push(c);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8463, appendix A: its key, its message, its body hash and its signature.
    #[test]
    fn signs_as_the_standard_does() {
        let seed = base64::STANDARD
            .decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
            .unwrap();
        let key = Key::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap());
        let body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        let hash = base64::STANDARD.encode(digest(&SHA256, relaxed_body(body).as_bytes()));
        assert_eq!(hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
        let head = "From: Joe SixPack <joe@football.example.com>\r\n\
                    To: Suzie Q <suzie@shopping.example.net>\r\n\
                    Subject: Is dinner ready?\r\n\
                    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
                    Message-ID: <20030712040037.46341.5F8J@football.example.com>";
        let mut signed: String = fields(head)
            .iter()
            .map(|(name, value)| format!("{name}:{value}\r\n"))
            .collect();
        signed.push_str(&format!(
            "dkim-signature:{}",
            relaxed_value(
                " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
                 q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : \
                 date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
            )
        ));
        assert_eq!(
            base64::STANDARD.encode(key.sign(signed.as_bytes()).unwrap()),
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        );
    }

    #[test]
    fn a_body_in_canonical_form() {
        for (body, canonical) in [
            ("", ""),
            ("\r\n\r\n", ""),
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("a\r\n\r\nb", "a\r\n\r\nb\r\n"),
        ] {
            assert_eq!(relaxed_body(body), canonical, "{body:?}");
        }
    }
}
