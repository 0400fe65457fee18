//! Who is trusted, and what a proxy sees, on real sockets.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::tests::{client, client_with, form, get};
use super::*;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// An authority of an office, which may be trusted or not.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Office Inspection CA");
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem, folder: tempfile::tempdir().unwrap() }
    }

    /// Certificate and key, PEM.
    fn certify(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.into()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn acceptor(&self, name: &str, clients: bool) -> TlsAcceptor {
        let (certificate, key) = self.certify(name);
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = if clients {
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()))
    }

    fn file(&self, name: &str, pem: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    }

    fn trusted(&self) -> NetworkSettings {
        NetworkSettings { ca_file: Some(self.file("ca.pem", &self.pem)), ..NetworkSettings::default() }
    }
}

/// Reads one request and answers; gives what came in.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let mut request = vec![0; 65_536];
    let read = stream.read(&mut request).await.unwrap_or_default();
    let _ = stream.write_all(ANSWER).await;
    let _ = stream.shutdown().await;
    String::from_utf8_lossy(&request[..read]).into_owned()
}

/// A server that takes one connection; what it was asked, or `None` where TLS failed.
async fn server(acceptor: TlsAcceptor) -> (u16, JoinHandle<Option<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        Some(answer(acceptor.accept(stream).await.ok()?).await)
    });
    (port, served)
}

/// B7, fault 16
#[tokio::test]
async fn an_unknown_authority_gets_nothing_and_is_named() {
    let authority = Authority::new();
    let expected = "certificate not trusted: issued by `Office Inspection CA`";
    let (port, served) = server(authority.acceptor("localhost", false)).await;
    let failed =
        client().post_credentials(&form(&format!("https://localhost:{port}/")), AddressGuard::Anywhere).await;
    assert!(matches!(&failed, Err(TransportFailure::NotSent(why)) if why.contains(expected)), "{failed:?}");
    assert_eq!(served.await.unwrap(), None);
    let (port, served) = server(authority.acceptor("localhost", false)).await;
    let failed = client().fetch(get(&format!("https://localhost:{port}/"), AddressGuard::Anywhere)).await;
    assert!(matches!(&failed, Err(TransportFailure::NotSent(why)) if why.contains(expected)), "{failed:?}");
    assert_eq!(served.await.unwrap(), None);
}

/// fault 16
#[tokio::test]
async fn an_authority_the_user_trusts_works() {
    let authority = Authority::new();
    let client = client_with(&authority.trusted());
    let (port, served) = server(authority.acceptor("localhost", false)).await;
    let url = format!("https://localhost:{port}/token");
    assert_eq!(client.post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap().body, b"{}");
    assert!(served.await.unwrap().unwrap().starts_with("POST /token HTTP/1.1\r\n"));
    let (port, _served) = server(authority.acceptor("127.0.0.1", false)).await;
    let answer =
        client.fetch(get(&format!("https://127.0.0.1:{port}/"), AddressGuard::Anywhere)).await.unwrap();
    assert_eq!(answer.body, b"{}");
}

/// B7: a good certificate of another host is a bad one.
#[tokio::test]
async fn a_certificate_for_another_name_gets_nothing() {
    let authority = Authority::new();
    let (port, served) = server(authority.acceptor("other.example", false)).await;
    let client = client_with(&authority.trusted());
    let failed =
        client.post_credentials(&form(&format!("https://localhost:{port}/")), AddressGuard::Anywhere).await;
    assert!(matches!(failed, Err(TransportFailure::NotSent(_))), "{failed:?}");
    assert_eq!(served.await.unwrap(), None);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let authority = Authority::new();
    let (certificate, key) = authority.certify("me");
    let identity = authority.file("me.pem", &format!("{certificate}{key}"));
    let client = client_with(&NetworkSettings { client_certificate: Some(identity), ..authority.trusted() });
    let (port, _served) = server(authority.acceptor("localhost", true)).await;
    let url = format!("https://localhost:{port}/");
    assert_eq!(client.post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap().status, 200);
    let (port, _served) = server(authority.acceptor("localhost", true)).await;
    let fetched = client.fetch(get(&format!("https://localhost:{port}/"), AddressGuard::Anywhere)).await;
    assert_eq!(fetched.unwrap().status, 200);
}

#[test]
fn a_file_that_holds_no_pem_is_a_mistake_in_the_settings() {
    let authority = Authority::new();
    let junk = Some(authority.file("junk.pem", "junk"));
    let absent = Some(authority.folder.path().join("absent.pem"));
    let only_certificate = Some(authority.file("half.pem", &authority.certify("me").0));
    for settings in [
        NetworkSettings { ca_file: junk.clone(), ..NetworkSettings::default() },
        NetworkSettings { ca_file: absent, ..NetworkSettings::default() },
        NetworkSettings { client_certificate: junk, ..NetworkSettings::default() },
        NetworkSettings { client_certificate: only_certificate, ..NetworkSettings::default() },
    ] {
        assert!(
            matches!(
                ReqwestClient::new(&settings, Arc::new(crate::system_clock::SystemClock)),
                Err(Failure::Usage(_))
            ),
            "{settings:?}"
        );
    }
}

/// A proxy that answers `head` and, where that is a success, tunnels to `port`; gives the request it read.
async fn proxy(head: &'static str, port: u16) -> (NetworkSettings, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Some(format!("http://me:secret@{}", listener.local_addr().unwrap()));
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        if head.starts_with("HTTP/1.1 200") {
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    (NetworkSettings { proxy, ..NetworkSettings::default() }, served)
}

/// fault 17: the proxy sees whom we speak to, and nothing of what we say; its own address may be private (A9).
#[tokio::test]
async fn a_proxy_tunnels_and_sees_no_credential() {
    let authority = Authority::new();
    for credentials in [true, false] {
        let (port, _served) = server(authority.acceptor("as.example", false)).await;
        let (through, seen) = proxy("HTTP/1.1 200 OK\r\n\r\n", port).await;
        let client = client_with(&NetworkSettings { proxy: through.proxy, ..authority.trusted() });
        let status = if credentials {
            client
                .post_credentials(&form("https://as.example/token"), AddressGuard::PublicOnly)
                .await
                .unwrap()
                .status
        } else {
            client.fetch(get("https://as.example/", AddressGuard::PublicOnly)).await.unwrap().status
        };
        assert_eq!(status, 200);
        drop(client);
        let seen = seen.await.unwrap();
        assert!(seen.starts_with("CONNECT as.example:443 HTTP/1.1\r\n"), "{seen}");
        assert!(seen.to_lowercase().contains("proxy-authorization: basic bwu6c2vjcmv0"), "{seen}");
        assert!(!seen.contains("canary"), "{seen}");
    }
}

/// fault 17
#[tokio::test]
async fn a_proxy_that_refuses_or_is_dead_means_nothing_was_sent() {
    for (head, why) in [
        ("HTTP/1.1 407 Who\r\n\r\n", "the proxy wants a sign-in of its own (status 407)"),
        ("HTTP/1.1 502 No\r\n\r\n", "the proxy refused the connection (status 502)"),
        ("nonsense\r\n\r\n", "the proxy's answer is no HTTP"),
    ] {
        let (settings, _seen) = proxy(head, 0).await;
        let request = form("https://as.example/token");
        let failed =
            client_with(&settings).post_credentials(&request, AddressGuard::Anywhere).await.unwrap_err();
        assert_eq!(failed, TransportFailure::NotSent(why.into()));
        let (settings, _seen) = proxy(head, 0).await;
        let failed = client_with(&settings).fetch(get("https://as.example/", AddressGuard::Anywhere)).await;
        assert!(matches!(failed, Err(TransportFailure::NotSent(_))), "{failed:?}");
    }
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let settings =
        NetworkSettings { proxy: Some(format!("http://127.0.0.1:{port}")), ..NetworkSettings::default() };
    let request = form("https://as.example/token");
    let failed = client_with(&settings).post_credentials(&request, AddressGuard::Anywhere).await.unwrap_err();
    assert_eq!(failed, TransportFailure::NotSent("the proxy cannot be reached: connection refused".into()));
}

/// A9: behind a proxy literal addresses are still checked, and nothing is asked of the proxy.
#[tokio::test]
async fn a_private_literal_is_refused_before_any_proxy() {
    let settings = NetworkSettings { proxy: Some("http://127.0.0.1:1".into()), ..NetworkSettings::default() };
    for url in ["https://10.0.0.1/", "https://[fd00::1]/", "https://localhost/"] {
        let failed = client_with(&settings).fetch(get(url, AddressGuard::PublicOnly)).await;
        assert!(matches!(failed, Err(TransportFailure::Forbidden(_))), "{url}: {failed:?}");
    }
}
