//! TLS in front of a plain server: an authority of its own, a certificate for a name or address, and the plain bytes behind it.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Listens until the test's runtime ends.
#[derive(Debug)]
pub struct TlsDoor {
    /// The authority, PEM; it is called `Office Inspection CA`.
    pub authority: String,
    /// Certificate and key of a client that this door knows, PEM.
    pub client: String,
    /// Where it listens, on every address.
    pub port: u16,
}

impl TlsDoor {
    /// A door certified for `name`, to the server at `behind` (`127.0.0.1:PORT`).
    pub async fn before(behind: &str, name: &str) -> Self {
        Self::open(behind, name, false).await
    }

    /// The same, which lets nobody in without the certificate in `client`.
    pub async fn before_with_client_certificates(behind: &str, name: &str) -> Self {
        Self::open(behind, name, true).await
    }

    async fn open(behind: &str, name: &str, wants_certificate: bool) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Office Inspection CA");
        let key = KeyPair::generate().expect("a key");
        let authority = parameters.self_signed(&key).expect("an authority").pem();
        let issuer = Issuer::new(parameters, key);
        let acceptor = acceptor(&certified(&issuer, name), wants_certificate.then_some(&*authority));
        let (certificate, key) = certified(&issuer, "keyfob.client");
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(relay(listener, acceptor, behind.to_owned()));
        Self { authority, client: format!("{certificate}{key}"), port }
    }
}

async fn relay(listener: TcpListener, acceptor: TlsAcceptor, behind: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, behind) = (acceptor.clone(), behind.clone());
        tokio::spawn(async move {
            // A client that does not trust the authority ends the handshake.
            let Ok(mut inside) = acceptor.accept(stream).await else { return };
            let Ok(mut outside) = TcpStream::connect(behind).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
        });
    }
}

/// Certificate and key, PEM.
fn certified(issuer: &Issuer<'static, KeyPair>, name: &str) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec![name.into()]).expect("a name");
    (parameters.signed_by(&key, issuer).expect("a certificate").pem(), key.serialize_pem())
}

fn acceptor((certificate, key): &(String, String), clients: Option<&str>) -> TlsAcceptor {
    let pem = |text: &str| CertificateDer::from_pem_slice(text.as_bytes()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(pem(authority)).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![pem(certificate)], key).expect("a chain")))
}
