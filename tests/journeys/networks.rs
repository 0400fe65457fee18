//! Between keyfob and the world: a proxy, an authority of the office, a client's certificate. All three on every leg there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyfob_demo::oddities::{DeviceInterval, McpSessions};
use keyfob_demo::{Endpoint, GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, TlsDoor, visit};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::connect::{call, initialize};
use crate::keeper::agent;

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

impl Office {
    /// The person's browser has a way of its own.
    async fn sign_in(&self) {
        let mut running = self.keyfob.spawn(["sign-in", "a", "--no-browser", "--timeout", "20s"]);
        let printed: Url = running.stderr_line("/authorize?").await.trim().parse().unwrap();
        let by_hand = format!("http://{}{}?{}", self.local, printed.path(), printed.query().unwrap());
        let back = visit(&by_hand.parse().unwrap()).await.location.expect("a redirect");
        visit(&back.parse().unwrap()).await;
        running.ended().await.expect_code(0);
    }

    /// Connections through the proxy so far.
    fn connections(&self) -> usize {
        self.proxied.load(Ordering::Relaxed)
    }
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
    options.oddities.mcp.sessions = McpSessions::None;
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
    let office = office(true).await;
    let Office { portal, keyfob, proxied, .. } = &office;
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    office.sign_in().await;
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

/// The way out of the loopback proxy and the bridge's: a linked client and one over standard input reach the server as keyfob itself
/// does, and the keeper renews the same way.
#[tokio::test]
async fn a_linked_client_and_the_bridge_go_the_same_way() {
    let office = office(true).await;
    let Office { portal, keyfob, .. } = &office;
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    office.sign_in().await;
    let keeper = agent(keyfob).await;
    keyfob.must(["link", "a", "cursor", "--via", "proxy"]).await;

    let before = office.connections();
    let answer = through_the_loopback_proxy(keyfob).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("ada@example.com"), "{answer}");
    assert!(office.connections() > before, "the loopback proxy's own way out");
    keyfob.must(["refresh", "a"]).await;

    let before = office.connections();
    let mut bridge = keyfob.spawn(["connect", "a"]);
    initialize(&mut bridge).await;
    let told = call(&mut bridge, 2, "whoami").await;
    assert!(told["result"].is_object(), "{told}");
    bridge.ended().await.expect_code(0);
    assert!(office.connections() > before, "the bridge's");
    assert_eq!(portal.record().count(Endpoint::McpCall), 2);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// Without its certificate the loopback proxy's way out is closed like every other, and the client hears a sentence.
#[tokio::test]
async fn a_linked_client_gets_nowhere_without_the_certificate() {
    let office = office(true).await;
    let Office { portal, keyfob, .. } = &office;
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    office.sign_in().await;
    let config = keyfob.home().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let without = text.lines().filter(|line| !line.starts_with("client_certificate"));
    std::fs::write(&config, without.collect::<Vec<_>>().join("\n")).unwrap();
    let keeper = agent(keyfob).await;
    keyfob.must(["link", "a", "cursor", "--via", "proxy"]).await;
    let answer = through_the_loopback_proxy(keyfob).await;
    assert!(answer.starts_with("HTTP/1.1 50") && answer.contains("ertificate"), "{answer}");
    assert_eq!(portal.record().count(Endpoint::McpCall), 0);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// A call of `whoami` by the client that is linked, and the whole answer.
async fn through_the_loopback_proxy(keyfob: &Keyfob) -> String {
    let linked = std::fs::read_to_string(keyfob.path(".cursor/mcp.json")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&linked).unwrap();
    let url: Url = file["mcpServers"]["keyfob-a"]["url"].as_str().unwrap().parse().unwrap();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}"#;
    let (authority, path, length) = (url.authority(), url.path(), body.len());
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-protocol-version: 2025-06-18\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(authority).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
