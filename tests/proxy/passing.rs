//! What goes through: methods, headers, bodies and streams, unchanged and both ways.

use std::time::Duration;

use keyfob_demo::{Endpoint, Fault, Gate, PortalOptions};

use crate::client::Connection;
use crate::desk::{Desk, call, echoed};

/// G1, G5, G9: the server is sent what the client sent, with the token in place of what the client had for one.
#[tokio::test]
async fn a_call_reaches_the_server_with_the_token_and_without_what_is_not_its_business() {
    let desk = Desk::new().await;
    let headers = [
        ("MCP-Protocol-Version", "2025-06-18"),
        ("Mcp-Method", "tools/call"),
        ("X-Unknown", "kept"),
        ("Authorization", "Bearer mine"),
        ("Cookie", "a=1"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
    ];
    let answer = desk.ask("POST", &headers, &call("hello")).await;
    assert_eq!(echoed(&answer), "hello");
    let seen = desk.portal.record().seen();
    let sent = seen.last(Endpoint::McpCall).unwrap();
    assert_eq!(sent.body, call("hello"));
    for (name, value) in [("mcp-method", Some("tools/call")), ("x-unknown", Some("kept")), ("cookie", None)] {
        assert_eq!(sent.header(name), value, "{name}");
    }
    assert_eq!((sent.header("x-forwarded-for"), sent.header("forwarded")), (None, None));
    assert!(sent.header("authorization").unwrap().starts_with("Bearer demo"));
    assert_eq!(sent.header("host"), desk.portal.origin().strip_prefix("http://"));
}

/// G9: the server answers for every method; keyfob does not know them.
#[tokio::test]
async fn every_method_and_every_status_passes() {
    let desk = Desk::new().await;
    for (method, status) in
        [("GET", 200), ("DELETE", 204), ("PUT", 418), ("PATCH", 500), ("OPTIONS", 405), ("POST", 403)]
    {
        let body = if status == 204 { "" } else { "as it is" };
        desk.portal.faults().next(Endpoint::Mcp, Fault::answer(status, "text/plain", body));
        let answer = desk.ask(method, &[("MCP-Protocol-Version", "2025-06-18")], b"").await;
        assert_eq!((answer.status(), answer.text().as_str()), (status, body), "{method}");
        let seen = desk.portal.record().seen();
        assert_eq!(seen.last(Endpoint::Mcp).unwrap().method.as_str(), method);
    }
}

/// G5, G9
#[tokio::test]
async fn an_answers_headers_pass_but_cookies_and_leave_for_web_pages() {
    let desk = Desk::new().await;
    let fault = Fault::answer(200, "application/json", "{}")
        .header("mcp-session-id", "s1")
        .header("set-cookie", "a=1")
        .header("access-control-allow-origin", "*")
        .header("www-authenticate", "Bearer")
        .header("x-unknown", "kept");
    desk.portal.faults().next(Endpoint::Mcp, fault);
    let answer = desk.ask("GET", &[], b"").await;
    assert_eq!(
        (answer.head.header("mcp-session-id"), answer.head.header("x-unknown")),
        (Some("s1"), Some("kept"))
    );
    for dropped in ["set-cookie", "access-control-allow-origin", "www-authenticate"] {
        assert_eq!(answer.head.header(dropped), None, "{dropped}");
    }
    desk.ask("GET", &[], b"").await;
    assert_eq!(
        desk.portal.record().seen().last(Endpoint::Mcp).unwrap().header("cookie"),
        None,
        "nothing is stored"
    );
}

/// G9: an event reaches the client while the server has not ended its answer.
#[tokio::test]
async fn an_event_stream_passes_piece_by_piece() {
    let desk = Desk::at(PortalOptions::default()).await;
    let (first, second) = ("event: message\ndata: 1\n\n".repeat(4), "data: \u{e4}\n\n".repeat(3));
    let (gate, whole) = (Gate::default(), format!("{first}{second}"));
    let head = 400; // Beyond any head: the gate must stand inside the body, so the first events are many.
    let body = format!("{}{whole}", ": padding\n\n".repeat(head));
    let fault = Fault::answer(200, "text/event-stream", body.clone()).stall_at(body.len() / 2, &gate);
    desk.portal.faults().next(Endpoint::Mcp, fault);
    let mut connection = desk.connection().await;
    let host = desk.host();
    let headers = [("Host", host.as_str()), ("Accept", "text/event-stream")];
    connection.send_request(&format!("GET {}", desk.path), &headers, b"").await;
    let answered = connection.head().await;
    assert_eq!((answered.status, answered.header("content-type")), (200, Some("text/event-stream")));
    let mut came = read_body(&mut connection, &answered, body.len() / 4).await;
    assert!(came.len() >= body.len() / 4 && came.len() < body.len(), "{}", came.len());
    gate.open();
    came.extend(read_body(&mut connection, &answered, body.len() - came.len()).await);
    assert_eq!(String::from_utf8(came).unwrap(), body);
}

async fn read_body(connection: &mut Connection, head: &crate::client::Head, least: usize) -> Vec<u8> {
    let mut came = Vec::new();
    while came.len() < least {
        match head.header("content-length") {
            Some(_) => came.extend(connection.some().await),
            None => came.extend(connection.chunk().await.expect("more to come")),
        }
    }
    came
}

/// G9: a body whose length nobody knows is passed on, and kept for the one replay.
#[tokio::test]
async fn a_chunked_body_passes_and_survives_a_401() {
    let desk = Desk::new().await;
    desk.portal.kill_access_tokens();
    let mut connection = desk.connection().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
         MCP-Protocol-Version: 2025-06-18\r\nTransfer-Encoding: chunked\r\n\r\n",
        desk.path,
        desk.host()
    );
    connection.send(head.as_bytes()).await;
    for piece in call("chunked").chunks(7) {
        connection.send(format!("{:x}\r\n", piece.len()).as_bytes()).await;
        connection.send(&[piece, b"\r\n"].concat()).await;
    }
    connection.send(b"0\r\n\r\n").await;
    assert_eq!(echoed(&connection.answer().await), "chunked");
    let seen = desk.portal.record().seen();
    assert_eq!((seen.tool_calls.len(), seen.refreshes.renewed), (1, 1));
}

/// The socket, for clients that take `unix://`.
#[tokio::test]
async fn the_socket_serves_the_same_addresses() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new().await;
    let socket = desk.keyfob.home().join("state/run/proxy.sock");
    let mut connection = Connection::to_socket(&socket).await;
    let headers = [
        ("Host", "localhost"),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2025-06-18"),
    ];
    let answer = connection.ask(&format!("POST {}", desk.path), &headers, &call("by socket")).await;
    assert_eq!(echoed(&answer), "by socket");
    let strange = connection.ask("POST /c/0000/work/mcp", &headers, &call("x")).await;
    assert_eq!(strange.status(), 401);
    let permissions = std::fs::metadata(&socket).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let keeper = desk.keeper;
    keeper.terminate();
    tokio::time::timeout(Duration::from_secs(20), keeper.ended()).await.unwrap().expect_code(0);
    assert!(!socket.exists());
}

/// The journal says which linked client has which token: once for each, however often it is used.
#[tokio::test]
async fn the_journal_names_the_client_once_for_each_token() {
    let desk = Desk::new().await;
    for round in 0..2 {
        for n in 0..20 {
            let text = format!("{round} {n}");
            assert_eq!(echoed(&desk.echo(&text).await), text);
        }
        if round == 0 {
            desk.portal.kill_access_tokens();
        }
    }
    let log = desk.keyfob.run(["log", "work", "--json"]).await.expect_code(0).stdout;
    let entries = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told: Vec<_> = entries.filter(|entry| entry["event"] == "handed-out").collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|entry| entry["detail"] == "through the proxy, for cursor"), "{told:#?}");
    desk.keyfob.must(["sign-out", "work"]).await;
    for _ in 0..3 {
        assert_eq!(desk.echo("none").await.status(), 200, "an error in the session");
    }
    let log = desk.keyfob.run(["log", "work", "--json"]).await.expect_code(0).stdout;
    let failed = log.lines().filter(|line| line.contains("\"hand-out-failed\"")).collect::<Vec<_>>();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].contains("\"signed-out\"") && failed[0].contains("for cursor"), "{failed:?}");
}
