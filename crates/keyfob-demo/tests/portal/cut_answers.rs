//! Faults: cut, stalled, held, redirected, made up.

use std::io::{ErrorKind, Read as _, Write as _};

use keyfob_demo::{Endpoint, Fault, Gate, Portal, PortalOptions, Refreshes};
use serde_json::{Value, json};

use crate::visitor::*;

async fn portal() -> Portal {
    Portal::start(PortalOptions::default()).await.unwrap()
}

const WHOLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n";

/// Fault 5: the wire ends exactly at byte k, in the head, in the body, before the first and after the last byte.
#[tokio::test]
async fn an_answer_is_cut_exactly_at_every_byte() {
    let portal = portal().await;
    let fault = Fault::json(503, &json!({ "error": "temporarily_unavailable" }));
    portal.faults().next(Endpoint::Token, fault.clone());
    let whole = form(&portal, "/token", &[("grant_type", "x")]);
    assert_eq!(whole.error, None);
    assert!(whole.raw.starts_with(WHOLE));
    for k in 0..=whole.raw.len() {
        portal.faults().next(Endpoint::Token, fault.clone().cut_at(k));
        let cut = form(&portal, "/token", &[("grant_type", "x")]);
        assert_eq!(cut.raw.len(), k);
        assert_eq!(cut.error, None);
    }
}

/// Fault 5: a reset is told apart from an end in good order.
#[tokio::test]
async fn a_reset_connection_is_an_error_to_the_client() {
    let portal = portal().await;
    portal.faults().next(Endpoint::Token, Fault::none().reset_at(20));
    let cut = form(&portal, "/token", &[("grant_type", "x")]);
    assert_eq!(cut.error, Some(ErrorKind::ConnectionReset));
    assert!(cut.raw.len() <= 20);
}

#[tokio::test]
async fn an_answer_stalls_at_a_byte_until_the_gate_opens() {
    let portal = portal().await;
    let gate = Gate::new();
    let fault = Fault::json(200, &json!({ "stalled": true })).stall_at(9, &gate);
    portal.faults().next(Endpoint::Token, fault);
    let mut stream = send_form(&portal, "/token", &[("grant_type", "x")]);
    let mut first = [0; 9];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 ");
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    gate.open();
    let rest = read(stream);
    assert!(rest.raw.ends_with(b"{\"stalled\":true}"));
}

fn signed_in(portal: &Portal) -> (String, Value) {
    let client = register(portal);
    let tokens = sign_in(portal, &client, &[]);
    (client, tokens)
}

/// Fault 2 and 5: the server rotated, the client never heard of it, the grace gives a pair to whoever asks again.
#[tokio::test]
async fn a_lost_answer_has_rotated_and_a_cut_before_the_work_has_not() {
    let portal = portal().await;
    let (client, tokens) = signed_in(&portal);
    portal.faults().next(Endpoint::Refresh, Fault::cut_before_work());
    portal.faults().next(Endpoint::Refresh, Fault::lost_answer());
    assert_eq!(refresh(&portal, &client, &tokens["refresh_token"]).raw.len(), 0);
    assert_eq!(portal.record().seen().refreshes, Refreshes::default());
    assert_eq!(refresh(&portal, &client, &tokens["refresh_token"]).raw.len(), 0);
    assert_eq!(portal.record().seen().refreshes.renewed, 1);
    assert_eq!(refresh(&portal, &client, &tokens["refresh_token"]).status(), 200);
    assert_eq!(portal.record().seen().refreshes.repeated, 1);
    assert_eq!(portal.faults().waiting(Endpoint::Refresh), 0);
}

#[tokio::test]
async fn a_made_answer_may_hide_that_the_work_was_done() {
    let portal = portal().await;
    let (client, tokens) = signed_in(&portal);
    portal.faults().next(Endpoint::Refresh, Fault::html(200).after_work());
    assert!(refresh(&portal, &client, &tokens["refresh_token"]).text().contains("network"));
    assert_eq!(portal.record().seen().refreshes.renewed, 1);
}

/// Faults 43 and 44: the test decides when the renewal's answer comes.
#[tokio::test]
async fn a_request_is_held_before_the_work_and_an_answer_after_it() {
    let portal = portal().await;
    let (client, tokens) = signed_in(&portal);
    let (before, after) = (Gate::new(), Gate::new());
    let fault = Fault::none().hold_before_work(&before).hold_answer(&after);
    portal.faults().next(Endpoint::Refresh, fault);
    let token = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("client_id", client.as_str()), ("refresh_token", token)];
    let stream = send_form(&portal, "/token", &fields);
    let arrived =
        portal.record().wait_for(|seen| seen.count(Endpoint::Refresh) == 1, DEADLINE).await.unwrap();
    assert_eq!(arrived.refreshes.renewed, 0);
    before.open();
    let worked =
        portal.record().wait_for(|seen| seen.answered(Endpoint::Refresh) == 1, DEADLINE).await.unwrap();
    assert_eq!(worked.refreshes.renewed, 1);
    after.open();
    assert_eq!(read(stream).status(), 200);
}

/// F10: redirects of a credential POST, and a second host that can prove it saw nothing.
#[tokio::test]
async fn a_credential_request_is_redirected_with_each_status() {
    let portal = portal().await;
    let second = self::portal().await;
    for status in [301, 302, 303, 307, 308] {
        portal.faults().next(Endpoint::Refresh, Fault::redirect(status, &second.mcp_url()));
        let answer = refresh(&portal, "c", &json!("t"));
        assert_eq!(answer.status(), status);
        assert_eq!(answer.location().as_str(), second.mcp_url());
    }
    assert_eq!((second.record().seen().connections, second.record().seen().bytes_received), (0, 0));
    get(&second, "/");
    assert!(second.record().seen().bytes_received > 0);
}

#[tokio::test]
async fn faults_of_one_endpoint_come_in_order_and_leave_the_others_alone() {
    let portal = portal().await;
    portal.faults().next_times(
        Endpoint::Refresh,
        2,
        &Fault::error(503, "server_error").header("retry-after", "5"),
    );
    portal.faults().next(Endpoint::Refresh, Fault::none());
    portal.faults().from_then_on(Endpoint::Refresh, Fault::empty(400));
    assert_eq!(form(&portal, "/token", &[("grant_type", "x")]).status(), 401);
    let statuses: Vec<_> = (0..5).map(|_| refresh(&portal, "nobody", &json!("t"))).collect();
    assert_eq!(statuses[0].header("retry-after").as_deref(), Some("5"));
    assert_eq!(statuses.iter().map(Answer::status).collect::<Vec<_>>(), [503, 503, 401, 400, 400]);
    portal.faults().clear(Endpoint::Refresh);
    assert_eq!(refresh(&portal, "nobody", &json!("t")).status(), 401);
}

/// Faults 15 and 49.
#[tokio::test]
async fn an_answer_may_be_huge_or_no_http_at_all() {
    let portal = portal().await;
    portal.faults().next(Endpoint::AuthorizationServerMetadata, Fault::huge(200, 1024 * 1024 + 1));
    let huge = get(&portal, "/.well-known/oauth-authorization-server");
    assert_eq!(huge.body().len(), 1024 * 1024 + 1);
    portal.faults().next(Endpoint::Token, Fault::verbatim(&b"\x1f\x8b\x08 garbage"[..]));
    assert_eq!(form(&portal, "/token", &[]).raw, b"\x1f\x8b\x08 garbage");
    portal.faults().next(Endpoint::Token, Fault::empty(200).header("x-long", &"x".repeat(1_000_000)));
    assert_eq!(form(&portal, "/token", &[]).header("x-long").unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn a_dropped_connection_sends_nothing_and_reads_nothing() {
    let portal = portal().await;
    portal.faults().drop_connections(1);
    assert!(get(&portal, "/").raw.is_empty());
    let seen = portal.record().seen();
    assert_eq!((seen.connections, seen.bytes_received), (1, 0));
    assert_eq!(get(&portal, "/").status(), 404);
}

#[tokio::test]
async fn a_stopped_portal_leaves_its_port_and_cuts_its_connections() {
    let portal = portal().await;
    let gate = Gate::new();
    portal.faults().next(Endpoint::Other, Fault::none().hold_answer(&gate));
    let held = send(&portal, "GET /", &[], "");
    portal.record().wait_for(|seen| seen.count(Endpoint::Other) == 1, DEADLINE).await.unwrap();
    let port: u16 = portal.origin().rsplit(':').next().unwrap().parse().unwrap();
    portal.stop().await;
    assert!(read(held).raw.is_empty());
    let again = Portal::start(PortalOptions { port: Some(port), ..PortalOptions::default() }).await.unwrap();
    assert_eq!(get(&again, "/").status(), 404);
}

#[tokio::test]
async fn a_cut_after_the_last_byte_ends_a_connection_that_would_have_been_kept() {
    let portal = portal().await;
    let authority = portal.origin().trim_start_matches("http://").to_owned();
    let request = format!("GET / HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    let whole = get(&portal, "/").raw.len() - "connection: close\r\n".len();
    portal.faults().next(Endpoint::Other, Fault::none().cut_at(whole));
    let mut stream = std::net::TcpStream::connect(&authority).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let answer = read(stream);
    assert_eq!((answer.raw.len(), answer.error), (whole, None));
}
