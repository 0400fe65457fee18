//! What sits between keyfob and a portal: an inspecting authority, trusted or not, and proxies that refuse or are dead.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use keyfob_tests::{Keyfob, TlsDoor, portal};

pub(crate) fn write_config(keyfob: &Keyfob, text: &str) {
    keyfob.write_profiles_toml("");
    std::fs::write(keyfob.home().join("config.toml"), text).unwrap();
}

/// Fault 16: not trusted, it is named and sees no request; trusted by the user, it is a way like any other.
#[tokio::test]
async fn an_inspecting_authority_is_named_where_it_is_not_trusted_and_works_where_it_is() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let inspection = TlsDoor::before(portal.origin().trim_start_matches("http://"), "127.0.0.1").await;
    let url = format!("https://127.0.0.1:{}/mcp", inspection.port);
    keyfob.run(["add", "a", &url, "--sign-in"]).await.expect_code(5).says("Office Inspection CA");
    assert_eq!(portal.record().seen().requests.len(), 0);
    let file = keyfob.path("office.pem");
    std::fs::write(&file, &inspection.authority).unwrap();
    write_config(&keyfob, &format!("[network]\nca_file = {:?}\n", file.display().to_string()));
    // The portal behind it does not go by that name and port: it was reached, and says so.
    keyfob.run(["add", "b", &url, "--sign-in"]).await.says("status 403");
    assert!(!portal.record().seen().requests.is_empty());
}

/// Fault 17: a proxy that wants a password of its own is told so, and it passes.
#[tokio::test]
async fn a_proxy_that_wants_a_password_is_temporary_and_says_so() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = proxy.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = proxy.accept().await {
            let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(refusal).await;
        }
    });
    let keyfob = Keyfob::new();
    write_config(&keyfob, &format!("[network]\nproxy = \"http://127.0.0.1:{port}\"\n"));
    let output = keyfob.run(["add", "a", "https://portal.example.com/mcp", "--sign-in"]).await;
    output.expect_code(5).says("proxy");
}

/// Fault 17: a proxy that is not there.
#[tokio::test]
async fn a_dead_proxy_is_temporary_and_says_so() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let keyfob = Keyfob::new();
    write_config(&keyfob, &format!("[network]\nproxy = \"http://127.0.0.1:{port}\"\n"));
    let output = keyfob.run(["add", "a", "https://portal.example.com/mcp", "--sign-in"]).await;
    output.expect_code(5).says("proxy");
}
