//! TLS towards a relay: whom we trust and who we are. Trusting anybody is deliberately absent.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName,
        pem::{self, PemObject as _},
    },
};

use super::{
    secret::{SecretError, read_guarded},
    settings::{Identity, RelaySettings},
};

/// TLS for a relay cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The relay's name could stand in no certificate.
    #[error("{host:?} is neither a host name nor an address")]
    Name {
        /// What was given.
        host: String,
        /// Why.
        source: InvalidDnsNameError,
    },
    /// A file cannot be read.
    #[error("cannot read the certificates in {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The private key cannot be read, or others can read it too.
    #[error("cannot use the client key")]
    Key(#[from] SecretError),
    /// A file holds no PEM of the right kind.
    #[error("{} holds no {what} in PEM", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// A certificate or key does not do.
    #[error("the certificates or the key cannot be used")]
    Rustls(#[from] rustls::Error),
}

/// Why a connection failed, in words: of a certificate what is wrong with it, and what to do.
pub(super) fn told(error: &io::Error) -> String {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(why)) = cause else {
        return error.to_string();
    };
    let why = match why {
        // Another authority of the same name is as unknown as any.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is signed by nobody who is trusted here; put its issuer's certificate into ca_file"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired; it is to be renewed",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet; are the clocks right, here and there?"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name; name the relay as its certificate does"
        }
        CertificateError::Revoked => "has been revoked",
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "is that of an authority; ca_file must hold its issuer's certificate, not the relay's own"
        }
        _ => return error.to_string(),
    };
    format!("the relay's certificate {why}")
}

/// The name that the relay's certificate must bear.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|source| TlsError::Name {
        host: host.to_owned(),
        source,
    })
}

/// What is trusted and shown when connecting to a relay. Reads files.
pub(super) fn client_config(settings: &RelaySettings) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    // A system without certificates, or with broken ones, shows when a relay is connected: there it is told by name.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &settings.ca_file {
        for authority in certificates(path)? {
            roots.add(authority)?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(Arc::new(match &settings.identity {
        None => config.with_no_client_auth(),
        Some(Identity { cert_file, key_file }) => {
            config.with_client_auth_cert(certificates(cert_file)?, private_key(key_file)?)?
        }
    }))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    certificates
        .and_then(|certificates| {
            if certificates.is_empty() {
                return Err(pem::Error::NoItemsFound);
            }
            Ok(certificates)
        })
        .map_err(|source| TlsError::Pem {
            path: path.to_owned(),
            what: "certificate",
            source,
        })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read_guarded(path, "client key")?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|source| TlsError::Pem {
        path: path.to_owned(),
        what: "private key",
        source,
    })
}
