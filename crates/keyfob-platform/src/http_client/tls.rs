//! TLS: the platform's certificate authorities and the user's further ones. There is no switch that trusts anything else
//! (B7).

use std::path::Path;
use std::sync::Arc;

use keyfob_core::failure::Failure;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use thiserror::Error;

use super::certificate_issuer::issuer;
use crate::config_file::NetworkSettings;

/// What the user added to the platform's trust.
#[derive(Debug)]
pub(super) struct Trust {
    authorities: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Trust {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a file that cannot be read or holds no PEM of the kind.
    pub(super) fn read(settings: &NetworkSettings) -> Result<Self, Failure> {
        let authorities = match &settings.ca_file {
            Some(path) => certificates(path, "ca_file")?,
            None => Vec::new(),
        };
        let identity = match &settings.client_certificate {
            Some(path) => Some((certificates(path, "client_certificate")?, private_key(path)?)),
            None => None,
        };
        Ok(Self { authorities, identity })
    }

    /// The configuration of a client that speaks these protocols. Reads the platform's certificates, which takes a while.
    ///
    /// # Errors
    /// Text, where the user's authorities or client certificate cannot be used.
    pub(super) fn client_config(&self, protocols: &[&str]) -> Result<ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = TellingVerifier::new(&self.authorities, &provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            Some((chain, key)) => config
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| format!("the client certificate cannot be used: {error}"))?,
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Ok(config)
    }
}

fn certificates(path: &Path, key: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = read(path, key)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(path, key, "it holds no certificate in PEM")),
        Err(error) => Err(unusable(path, key, &error.to_string())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let key = "client_certificate";
    PrivateKeyDer::from_pem_slice(&read(path, key)?)
        .map_err(|_| unusable(path, key, "it holds no private key in PEM"))
}

fn read(path: &Path, key: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| unusable(path, key, &error.to_string()))
}

fn unusable(path: &Path, key: &str, why: &str) -> Failure {
    Failure::Usage(format!("config.toml: [network] {key}: {}: {why}", path.display()))
}

/// The platform's verifier, which says in addition who issued what it refuses (fault 16).
#[derive(Debug)]
struct TellingVerifier {
    /// `None` where this machine has no authorities at all: then nobody is trusted.
    platform: Option<Verifier>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug, Error)]
enum NotTrusted {
    #[error("certificate not trusted: issued by `{issuer}` ({why})")]
    Refused { issuer: String, why: String },
    #[error("certificate not trusted: this machine has no certificate authorities")]
    NoAuthorities,
}

impl TellingVerifier {
    fn new(authorities: &[CertificateDer<'static>], provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let provider = Arc::clone(provider);
        let platform = match Verifier::new_with_extra_roots(authorities.to_vec(), Arc::clone(&provider)) {
            Ok(verifier) => Some(verifier),
            // Only "no authorities found" is left then: loopback servers need none, so that is no reason to stop.
            Err(error) if authorities.is_empty() => {
                tracing::warn!(%error, "no certificate authorities on this machine");
                None
            }
            Err(error) => return Err(format!("an authority of [network] ca_file cannot be used: {error}")),
        };
        Ok(Self { platform, provider })
    }
}

impl ServerCertVerifier for TellingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(platform) = &self.platform else { return Err(not_trusted(NotTrusted::NoAuthorities)) };
        let verified =
            platform.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| {
            let issuer = issuer(end_entity).unwrap_or_else(|| "nobody named".into());
            not_trusted(NotTrusted::Refused { issuer, why: error.to_string() })
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn not_trusted(why: NotTrusted) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(why))).into()
}
