//! Between keyfob and the world: a proxy, an authority of the office, a client's certificate. All three on every leg there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyfob_demo::oddities::DeviceInterval;
use keyfob_demo::{Endpoint, GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, TlsDoor, visit};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const NAME: &str = "portal.example";

/// A proxy that leads every name it is asked for to one port, and counts. The name leads nowhere without it.
async fn proxy_to(port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut inside = BufReader::new(stream);
                let mut first = String::new();
                let mut line = String::new();
                while inside.read_line(&mut line).await.is_ok_and(|read| read > 2) {
                    first.push_str(&line);
                    line.clear();
                }
                assert!(first.starts_with(&format!("CONNECT {NAME}:443 ")), "{first}");
                counted.fetch_add(1, Ordering::Relaxed);
                let mut outside = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                inside.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    (own, count)
}

struct Office {
    portal: Portal,
    local: String,
    keyfob: Keyfob,
    proxied: Arc<AtomicUsize>,
}

async fn office(with_certificate: bool) -> Office {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scopes = ["openid", "read"].map(str::to_owned).to_vec();
    let public_origin = Some(format!("https://{NAME}"));
    let machine = GivenClient {
        client_id: "machine".into(),
        client_secret: Some("its secret".into()),
        redirect_uris: Vec::new(),
    };
    let clients = vec![machine];
    let mut options =
        PortalOptions { port: Some(port), public_origin, scopes, clients, ..PortalOptions::default() };
    options.oddities.token.device_interval = DeviceInterval::Told(1);
    let portal = Portal::start(options).await.unwrap();
    let local = format!("127.0.0.1:{port}");
    let door = TlsDoor::before_with_client_certificates(&local, NAME).await;
    let (proxy, proxied) = proxy_to(door.port).await;
    let keyfob = Keyfob::new();
    let (authority, identity) = (keyfob.path("office.pem"), keyfob.path("client.pem"));
    std::fs::write(&authority, &door.authority).unwrap();
    std::fs::write(&identity, &door.client).unwrap();
    keyfob.write_profiles_toml("");
    let certificate = if with_certificate {
        format!("client_certificate = {:?}\n", identity.display().to_string())
    } else {
        String::new()
    };
    let authority = authority.display().to_string();
    let config =
        format!("[network]\nproxy = \"http://127.0.0.1:{proxy}\"\nca_file = {authority:?}\n{certificate}");
    std::fs::write(keyfob.home().join("config.toml"), config).unwrap();
    Office { portal, local, keyfob, proxied }
}

/// Look-up, registration, code, renewal, MCP, the doctor, revocation and the end of the registration: each through the proxy, with the
/// office's authority trusted and the client's certificate shown. The server lets nobody in without it, and the name is known to
/// the proxy alone.
#[tokio::test]
async fn proxy_authority_and_client_certificate_hold_on_every_leg() {
    let Office { portal, local, keyfob, proxied } = office(true).await;
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let mut running = keyfob.spawn(["sign-in", "a", "--no-browser", "--timeout", "20s"]);
    let printed: Url = running.stderr_line("/authorize?").await.trim().parse().unwrap();
    // The person's browser has a way of its own.
    let by_hand = format!("http://{local}{}?{}", printed.path(), printed.query().unwrap());
    let back = visit(&by_hand.parse().unwrap()).await.location.expect("a redirect");
    visit(&back.parse().unwrap()).await;
    running.ended().await.expect_code(0);
    keyfob.must(["refresh", "a"]).await;
    keyfob.must(["tools", "a"]).await;
    assert_eq!(keyfob.status("a").await["account"], "ada@example.com");
    assert_eq!(keyfob.run(["doctor", "a", "--json"]).await.expect_code(0).json()["verdict"], "warn");
    keyfob.must(["remove", "a"]).await;
    let seen = portal.record().seen();
    for endpoint in [
        Endpoint::Mcp,
        Endpoint::ProtectedResource,
        Endpoint::AuthorizationServerMetadata,
        Endpoint::Registration,
        Endpoint::Token,
        Endpoint::Refresh,
        Endpoint::Revocation,
    ] {
        assert!(seen.count(endpoint) > 0, "{endpoint:?}");
    }
    assert_eq!((seen.revoked.len(), seen.deleted_registrations.len()), (2, 1));
    assert!(proxied.load(Ordering::Relaxed) >= 5);
}

/// The same for a code typed on another device, and for a machine's own client: the name leads nowhere but through the proxy.
#[tokio::test]
async fn a_device_and_a_machine_go_the_same_way() {
    let Office { portal, keyfob, proxied, .. } = office(true).await;
    let url = portal.mcp_url();
    let mut running = keyfob.spawn(["add", "tv", &url, "--grant", "device", "--sign-in", "--no-browser"]);
    let code = running.stderr_line("enter").await.trim().trim_start_matches("enter").trim().to_owned();
    assert!(portal.allow_device(&code));
    running.ended().await.expect_code(0);
    keyfob.must(["refresh", "tv"]).await;

    let add = [
        "add",
        "robot",
        &url,
        "--grant",
        "client-credentials",
        "--client-id",
        "machine",
        "--client-secret-stdin",
    ];
    keyfob.run_with_input(add, "its secret\n").await.expect_code(0);
    keyfob.must(["refresh", "robot"]).await;

    let seen = portal.record().seen();
    assert_eq!((seen.count(Endpoint::DeviceAuthorization), seen.count(Endpoint::Refresh)), (1, 1));
    assert!(seen.count(Endpoint::Token) >= 3, "a poll and two tokens of the machine");
    assert!(proxied.load(Ordering::Relaxed) >= 4);
}

/// Without the certificate nothing but the handshake is had, and it is told as what it is.
#[tokio::test]
async fn without_the_client_certificate_nothing_gets_through() {
    let Office { portal, keyfob, .. } = office(false).await;
    let told = keyfob.run(["add", "a", &portal.mcp_url()]).await.expect_code(5);
    assert!(told.stderr.to_lowercase().contains("certificate"), "{}", told.stderr);
    assert_eq!(portal.record().seen().requests.len(), 0);
}
