//! The bridge in a session of thousands of calls with troubles in between.

use keyfob_demo::oddities::McpSessions;
use keyfob_demo::{Endpoint, Fault};
use keyfob_tests::{Keyfob, Running, portal_with};
use serde_json::{Value, json};

/// All that the numbers ask for where somebody takes the time.
fn calls() -> usize {
    if std::env::var_os("KEYFOB_DEEP").is_some() { 10_000 } else { 1_500 }
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// The server ends all access tokens: 401.
    TokensEnd,
    /// A renewal by somebody else, under the bridge's feet.
    Renewed,
    /// The call is made and its answer lost.
    AnswerLost,
    /// The connection ends before the call is made.
    Cut,
    /// The server has gone and comes back: kept connections are of no use.
    Restart,
}

impl Trouble {
    /// The same ones in every run.
    fn of(number: usize) -> Self {
        match number.wrapping_mul(2_654_435_761) >> 7 & 63 {
            0 => Self::TokensEnd,
            1 | 2 => Self::AnswerLost,
            3 => Self::Cut,
            4 => Self::Restart,
            5 if number.is_multiple_of(4) => Self::Renewed,
            _ => Self::None,
        }
    }
}

async fn ask(bridge: &mut Running, id: usize, method: &str, params: Value) -> Value {
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    bridge.write_line(&message.to_string()).await;
    serde_json::from_str(&bridge.stdout_line(&format!("\"id\":{id}")).await).expect("one message a line")
}

/// F8, fault 21: each call is made once or said to be in doubt, each gets one answer, and a token's end costs one renewal.
#[tokio::test]
async fn of_thousands_of_calls_over_the_bridge_none_is_lost_and_none_made_twice() {
    // Answers as JSON: of a stream nobody knows when its call is made.
    let portal = portal_with(|o| o.mcp.sessions = McpSessions::None).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("work", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let mut bridge = keyfob.spawn(["connect", "work"]);
    let client = json!({ "name": "long", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    ask(&mut bridge, 0, "initialize", params).await;
    bridge.write_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    let made = || portal.record().ask(|seen| seen.tool_calls.len());
    let (mut renewals, mut doubts, mut dropping) = (0, 0, 0);
    for number in 1..=calls() {
        let trouble = Trouble::of(number);
        match trouble {
            Trouble::None => {}
            Trouble::TokensEnd => {
                portal.kill_access_tokens();
                renewals += 1;
            }
            Trouble::Renewed => {
                keyfob.must(["refresh", "work"]).await;
                renewals += 1;
            }
            Trouble::AnswerLost => portal.faults().next(Endpoint::McpCall, Fault::lost_answer()),
            Trouble::Cut => portal.faults().next(Endpoint::McpCall, Fault::cut_before_work()),
            Trouble::Restart => {
                portal.faults().drop_connections(1);
                dropping += 1;
            }
        }
        let (before, text) = (made(), format!("call {number}"));
        let params = json!({ "name": "echo", "arguments": { "text": text } });
        let answer = ask(&mut bridge, number, "tools/call", params).await;
        match (answer["result"]["content"][0]["text"].as_str(), made() - before) {
            (Some(echoed), 1) => assert_eq!(echoed, text),
            (None, 1) if trouble == Trouble::AnswerLost => doubts += 1,
            (None, 0) if trouble == Trouble::Cut => doubts += 1,
            // A new connection met a server that was not there yet, which may be some calls later.
            (None, 0) if dropping > 0 => dropping -= 1,
            (_, made) => panic!("{trouble:?} {number}, made {made} times: {answer}"),
        }
        portal.faults().clear(Endpoint::McpCall);
    }
    let ended = bridge.ended().await.expect_code(0);
    let mut ids: Vec<_> = ended
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).expect("JSON")["id"].as_u64())
        .collect();
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(0..=calls() as u64), "an answer is missing, or came twice");
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.reused, refreshes.refused), (renewals, 0, 0));
    assert!(renewals > 5 && doubts > 20, "{renewals} {doubts}");
}
