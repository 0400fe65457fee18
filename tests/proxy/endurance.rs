//! Long runs and crowds: whatever breaks in between, each call is made once or said to be in doubt, and a token's end costs one renewal.

use futures_util::future::join_all;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::Notifier;
use keyfob_core::identity::ProfileName;
use keyfob_demo::{Endpoint, Fault};
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_tests::Keyfob;

use crate::client::Connection;
use crate::desk::{Desk, call, echoed};

/// All that the numbers ask for where somebody takes the time.
fn calls() -> usize {
    if std::env::var_os("KEYFOB_DEEP").is_some() { 10_000 } else { 1_500 }
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// The server ends all access tokens.
    TokensEnd,
    /// The call is made and its answer lost.
    AnswerLost,
    /// The connection ends before the call is made.
    Cut,
    /// The server has gone and comes back: kept connections are of no use.
    Restart,
    /// An event stream is dropped half-way by the client.
    StreamDropped,
}

/// F8, fault 21, G9: of thousands of calls with renewals, restarts, refusals and broken streams in between none is lost or made twice.
#[tokio::test]
async fn of_thousands_of_calls_in_trouble_none_is_lost_and_none_made_twice() {
    let desk = Desk::new().await;
    let made = || desk.portal.record().ask(|seen| seen.tool_calls.len());
    let mut connection = desk.connection().await;
    let (mut dice, mut renewals, mut restarted) = (7_u64, 0, false);
    for number in 0..calls() {
        // A generator of Knuth's: the same troubles in every run.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let trouble = match (dice >> 33) % 60 {
            0 => Trouble::TokensEnd,
            1 | 2 => Trouble::AnswerLost,
            3 => Trouble::Cut,
            4 => Trouble::Restart,
            5 => Trouble::StreamDropped,
            _ => Trouble::None,
        };
        prepare(&desk, trouble, &mut renewals, &mut restarted).await;
        let (before, text) = (made(), format!("call {number}"));
        let headers = [("MCP-Protocol-Version", "2025-06-18")];
        let answer = desk.ask_on(&mut connection, "POST", &headers, &call(&text)).await;
        answer.is_no_challenge();
        match (answer.status(), made() - before) {
            (200, 1) if !matches!(trouble, Trouble::AnswerLost | Trouble::Cut) => {
                assert_eq!(echoed(&answer), text);
            }
            (502, 1) if trouble == Trouble::AnswerLost => {}
            (502, 0) if trouble == Trouble::Cut => {}
            // The connection that was to be made anew met a server that was not there yet.
            (502 | 503, 0) if restarted => {
                restarted = false;
                desk.portal.faults().clear(Endpoint::McpCall);
            }
            (status, made) => panic!("{trouble:?} {number}: {status}, made {made} times: {}", answer.text()),
        }
    }
    let refreshes = desk.portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.reused, refreshes.refused), (renewals, 0, 0));
    assert!(renewals > 5, "{renewals}");
}

async fn prepare(desk: &Desk, trouble: Trouble, renewals: &mut u64, restarted: &mut bool) {
    match trouble {
        Trouble::None => {}
        Trouble::TokensEnd => {
            desk.portal.kill_access_tokens();
            *renewals += 1;
        }
        Trouble::AnswerLost => desk.portal.faults().next(Endpoint::McpCall, Fault::lost_answer()),
        Trouble::Cut => desk.portal.faults().next(Endpoint::McpCall, Fault::cut_before_work()),
        Trouble::Restart if *restarted => {}
        Trouble::Restart => {
            desk.portal.faults().drop_connections(1);
            *restarted = true;
        }
        Trouble::StreamDropped => {
            let events = "data: 1\n\n".repeat(9_000);
            desk.portal.faults().next(Endpoint::Mcp, Fault::answer(200, "text/event-stream", events));
            let (mut stream, host) = (desk.connection().await, desk.host());
            stream.send_request(&format!("GET {}", desk.path), &[("Host", &host)], b"").await;
            let status = stream.head().await.status;
            assert!(status == 200 || *restarted, "{status}");
            if status != 200 {
                *restarted = false;
                desk.portal.faults().clear(Endpoint::Mcp);
            }
        }
    }
}

/// Fault 7: a hundred requests through the proxy and a hundred processes meet a token that the server has ended.
#[tokio::test]
async fn two_hundred_callers_at_the_end_of_a_token_make_one_renewal() {
    let desk = Desk::new().await;
    assert_eq!(echoed(&desk.echo("first").await), "first");
    let mut connections: Vec<Connection> = join_all((0..100).map(|_| desk.connection())).await;
    desk.portal.kill_access_tokens();
    let texts: Vec<_> = (0..100).map(|number| format!("call {number}")).collect();
    let headers = [("MCP-Protocol-Version", "2025-06-18")];
    let asked = connections.iter_mut().zip(&texts).map(|(connection, text)| {
        let desk = &desk;
        async move { desk.ask_on(connection, "POST", &headers, &call(text)).await }
    });
    let (answers, printed) =
        tokio::join!(join_all(asked), join_all((0..100).map(|_| desk.keyfob.run(["token", "work"]))));
    for (answer, text) in answers.iter().zip(texts) {
        assert_eq!(echoed(answer), text);
    }
    for output in printed {
        output.expect_code(0);
    }
    let seen = desk.portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.refreshes.repeated, seen.refreshes.reused), (1, 0, 0));
    assert_eq!(seen.tool_calls.len(), 101);
}

/// Fault 7: a hundred requests meet a token that has run out, and the proxy has none at hand yet.
#[tokio::test]
async fn a_hundred_first_requests_after_a_tokens_end_make_one_renewal() {
    let desk = Desk::new().await;
    let refused = desk.portal.record().ask(|seen| seen.mcp_refused);
    expire(&desk.keyfob).await;
    let texts: Vec<_> = (0..100).map(|number| format!("call {number}")).collect();
    let answers = join_all(texts.iter().map(|text| desk.echo(text))).await;
    for (answer, text) in answers.iter().zip(&texts) {
        assert_eq!(echoed(answer), *text);
    }
    let seen = desk.portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.mcp_refused, seen.tool_calls.len()), (1, refused, 100));
}

/// Ends the life of the held access token, as another process would.
async fn expire(keyfob: &Keyfob) {
    struct Silent;
    impl Notifier for Silent {
        fn notify(&self, _notice: &Notice) {}
    }
    let paths = Paths::resolve(Some(keyfob.home())).unwrap();
    let mut composition = Composition::new(paths, std::sync::Arc::new(Silent));
    composition.store = Some(keyfob_platform::store::backend::Choice::named("key-file").unwrap());
    let (store, name) = (composition.ports().unwrap().store, ProfileName::parse("work").unwrap());
    let mut record = store.read(&name).await.unwrap().unwrap();
    record.sign_in.as_mut().unwrap().tokens.lifetime = chrono::TimeDelta::zero();
    store.commit(&name, record.generation, &record).await.unwrap();
}
