//! Who else could come: web pages, other users of this machine, containers, and whoever has an old key.

use std::process::Command;

use crate::client::Connection;
use crate::desk::{Desk, call, linked};

/// V3: what a browser can be made to send has no effect at all, with a key or without.
#[tokio::test]
async fn what_a_web_page_makes_a_browser_send_has_no_effect() {
    let desk = Desk::new().await;
    let before = desk.portal.record().seen().requests.len();
    let host = desk.host();
    let origin = ("Origin", "https://evil.example");
    let rebound = format!("evil.example:{}", desk.port);
    let upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")];
    let mut statuses = Vec::new();
    for path in
        [desk.path.as_str(), "/c/0/work/mcp", "/mcp", "/", "/connect?command=calc", "/stdio?command=calc"]
    {
        let tries: [(&str, Vec<(&str, &str)>); 6] = [
            ("POST", vec![("Host", &host), origin, ("Content-Type", "text/plain")]),
            ("GET", vec![("Host", &host), origin]),
            ("OPTIONS", vec![("Host", &host), origin, ("Access-Control-Request-Method", "POST")]),
            ("GET", [vec![("Host", host.as_str()), origin], upgrade.to_vec()].concat()),
            ("POST", vec![("Host", &host), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")]),
            ("POST", vec![("Host", &rebound), ("Content-Type", "application/json")]),
        ];
        for (method, headers) in tries {
            let mut connection = desk.connection().await;
            let body = if method == "POST" { call("page") } else { Vec::new() };
            let answer = connection.ask(&format!("{method} {path}"), &headers, &body).await;
            assert_eq!(answer.head.header("access-control-allow-origin"), None);
            statuses.push(answer.status());
        }
    }
    assert_eq!(statuses, [403; 36]);
    assert_eq!(desk.portal.record().seen().requests.len(), before);
}

/// G3, G4, V6: no key, a wrong one, a key for another profile, and one that was taken back.
#[tokio::test]
async fn without_a_key_that_opens_this_profile_there_is_a_bare_401() {
    let desk = Desk::new().await;
    desk.keyfob.must(["add", "other", &desk.portal.mcp_url()]).await;
    let before = desk.portal.record().seen().requests.len();
    let host = desk.host();
    let mut paths = vec!["/mcp".to_owned(), "/c/".to_owned(), "/p/work/mcp".to_owned()];
    paths.push(desk.path.replace("/work/", "/other/"));
    paths.push(one_digit_changed(&desk.path));
    let mut connection = desk.connection().await;
    for path in &paths {
        let answer = connection.ask(&format!("POST {path}"), &[("Host", &host)], &call("x")).await;
        assert_eq!((answer.status(), answer.head.header("www-authenticate")), (401, None), "{path}");
    }
    let old = desk.path.clone();
    desk.keyfob.must(["unlink", "work", "cursor"]).await;
    let answer = connection.ask(&format!("POST {old}"), &[("Host", &host)], &call("x")).await;
    assert_eq!(answer.status(), 401, "taken back by unlink");
    desk.keyfob.must(["link", "work", "cursor", "--via", "proxy"]).await;
    let linked = linked(&desk.keyfob);
    assert!(!linked.ends_with(&old), "a new link has a new key");
    assert_eq!(desk.portal.record().seen().requests.len(), before);
    desk.keyfob.must(["remove", "work"]).await;
    desk.keyfob.must(["add", "work", &desk.portal.mcp_url()]).await;
    let (_, left) = linked.split_once(&host).expect("an address");
    let answer = connection.ask(&format!("POST {left}"), &[("Host", &host)], &call("x")).await;
    assert_eq!(answer.status(), 401, "a profile made again is not opened by the keys of the one before");
}

/// The address with another digit in the midst of its key, whatever digit chance had put there.
fn one_digit_changed(path: &str) -> String {
    const IN_THE_KEY: usize = 20;
    let other = if path.as_bytes()[IN_THE_KEY] == b'0' { "1" } else { "0" };
    format!("{}{other}{}", &path[..IN_THE_KEY], &path[IN_THE_KEY + 1..])
}

/// The key in a header, for clients whose addresses are shown around.
#[tokio::test]
async fn the_key_may_stand_in_a_header() {
    let desk = Desk::new().await;
    let key = desk.path.split('/').nth(2).unwrap().to_owned();
    let host = desk.host();
    let headers = [
        ("Host", host.as_str()),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2025-06-18"),
        ("X-Keyfob-Key", key.as_str()),
    ];
    let answer = desk.connection().await.ask("POST /p/work/mcp", &headers, &call("header")).await;
    assert_eq!(crate::desk::echoed(&answer), "header");
    let seen = desk.portal.record().seen();
    assert_eq!(seen.last(keyfob_demo::Endpoint::McpCall).unwrap().header("x-keyfob-key"), None);
}

#[expect(clippy::print_stderr, reason = "what could not be tried is told to whoever runs the tests")]
fn not_proven(why: &str) {
    eprintln!("NOT PROVEN: {why}");
}

/// V5, V25: another account finds no key to read and no socket to enter; another network namespace finds nobody at all.
#[tokio::test]
async fn another_account_and_another_network_namespace_get_nothing() {
    let desk = Desk::new().await;
    let before = desk.portal.record().seen().requests.len();
    let url = format!("http://{}{}", desk.host(), desk.path);
    let curl =
        ["curl", "--silent", "--max-time", "5", "--output", "/dev/null", "--write-out", "%{http_code}"];
    let namespace = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--net",
            "sh",
            "-c",
            "ip link set lo up 2>/dev/null; exec \"$@\"",
            "sh",
        ])
        .args(curl)
        .arg(&url)
        .output();
    match namespace {
        Ok(output) if !output.stdout.is_empty() => {
            assert_eq!(String::from_utf8_lossy(&output.stdout), "000", "reached from another namespace");
        }
        _ => not_proven("this system allows no network namespaces (unshare), or has no curl"),
    }
    let as_other = |arguments: &[&str]| {
        let drop = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
        Command::new("setpriv").args(drop).args(arguments).output()
    };
    if !as_other(&["true"]).is_ok_and(|output| output.status.success()) {
        not_proven("only root can drop to another account here (setpriv)");
        return;
    }
    for file in ["data/client-keys.json", "state/links/links.json"] {
        let path = desk.keyfob.home().join(file).display().to_string();
        let read = as_other(&["cat", &path]).unwrap();
        assert!(!read.status.success() && read.stdout.is_empty(), "{file}");
    }
    let socket = desk.keyfob.home().join("state/run/proxy.sock").display().to_string();
    let entered = as_other(&[&curl[..], &["--unix-socket", &socket, "http://localhost/"]].concat()).unwrap();
    assert_ne!(entered.status.code(), Some(0), "{entered:?}");
    let guessed = format!("http://{}/c/{}/work/mcp", desk.host(), "0".repeat(48));
    let answer = as_other(&[&curl[..], &[&guessed]].concat()).unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "401");
    assert_eq!(desk.portal.record().seen().requests.len(), before);
}

/// V25: only sockets with a path, in a folder of this account's own.
#[tokio::test]
async fn no_socket_without_a_path_is_open() {
    let desk = Desk::new().await;
    let _connection = Connection::to_port(desk.port).await;
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let ours = sockets.lines().filter(|line| line.contains("keyfob") && line.contains(" @"));
    assert_eq!(ours.count(), 0);
}
