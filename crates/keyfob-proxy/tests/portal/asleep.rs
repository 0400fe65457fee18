//! A client at the bridge on a machine whose lid was closed for a night.

use std::sync::Arc;

use http::Method;
use keyfob_demo::{Endpoint, Fault, SeenRequest};
use keyfob_platform::config_file::NetworkSettings;
use keyfob_platform::http_client::ReqwestClient;
use keyfob_proxy::bridge::{Bridge, BridgeWishes};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};

use crate::machine::{DEADLINE, Machine};
use crate::night::{Lid, Network};
use crate::whole_way::{call, hello};

/// A client at a bridge, and the machine and network that it does not know of.
struct Evening {
    machine: Machine,
    network: Network,
    lid: Arc<Lid>,
    input: DuplexStream,
    output: Lines<BufReader<DuplexStream>>,
}

impl Evening {
    /// A session in which a tool was called, with the server's own stream open.
    async fn begin() -> Self {
        let (network, options) = Network::before_a_portal().await;
        let mut machine = Machine::with(options).await;
        let lid = Arc::new(Lid::default());
        machine.ports.clock = lid.clone();
        machine.ports.http = Arc::new(ReqwestClient::new(&NetworkSettings::default(), lid.clone()).unwrap());
        let (input, theirs_in) = tokio::io::duplex(64 * 1024);
        let (theirs_out, output) = tokio::io::duplex(64 * 1024);
        let (ports, tokens) = (machine.ports.clone(), Arc::new(machine.interactive()));
        let bridge = Bridge::new(ports.http, &machine.profile, tokens, ports.clock, BridgeWishes::default());
        tokio::spawn(bridge.run(BufReader::new(theirs_in), theirs_out));
        let mut evening = Self { machine, network, lid, input, output: BufReader::new(output).lines() };
        let [initialize, initialized] = hello();
        evening.ask(&initialize).await;
        evening.say(&initialized).await;
        evening.ask(&call(1, "echo")).await;
        evening.streams(1).await;
        evening
    }

    async fn say(&mut self, message: &Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, message: &Value) -> Value {
        self.say(message).await;
        let line = tokio::time::timeout(DEADLINE, self.output.next_line()).await;
        serde_json::from_str(&line.expect("an answer in time").unwrap().expect("an answer")).unwrap()
    }

    /// The night passes on both sides, once the bridge waits for the server's own messages and would notice.
    async fn sleep(&self, night: u32) {
        self.lid.sleep(night, &self.network, &self.machine.portal).await;
    }

    /// Waits until the server's own stream was asked for so often, with the session's name.
    async fn streams(&self, count: usize) {
        let is_stream = |request: &&SeenRequest| {
            request.method == Method::GET && request.header("mcp-session-id").is_some()
        };
        let enough = |seen: &keyfob_demo::Seen| seen.at(Endpoint::Mcp).filter(is_stream).count() >= count;
        self.machine.portal.record().wait_for(enough, DEADLINE).await.expect("the stream in time");
    }

    /// Sessions that the server was asked to begin by whoever had a token.
    fn sessions(&self) -> usize {
        let begins = |request: &&SeenRequest| {
            request.header("authorization").is_some()
                && request.body.windows(12).any(|piece| piece == b"\"initialize\"")
        };
        self.machine.portal.record().ask(|seen| seen.requests.iter().filter(begins).count())
    }

    /// One renewal, each call made once, nobody asked to sign in, whatever the night has done.
    fn has_cost_one_renewal(&self, nights: u64) {
        let seen = self.machine.portal.record().seen();
        let refreshes = seen.refreshes;
        assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (nights, 0, 0));
        assert_eq!(seen.tool_calls.len() as u64, 1 + nights);
        assert_eq!(self.machine.browser.count(), 1);
    }
}

/// faults 23, 40: the token is past its end, the connections are dead, and the client hears of neither.
#[tokio::test]
async fn the_first_call_after_a_sleep_is_answered_and_the_session_goes_on() {
    let mut evening = Evening::begin().await;
    for night in 1..=2 {
        evening.sleep(night).await;
        let answer = evening.ask(&call(1 + night, "echo")).await;
        assert_eq!(answer["result"]["content"][0]["text"], "hi", "{answer}");
        evening.has_cost_one_renewal(u64::from(night));
        evening.streams(1 + night as usize).await;
    }
    assert_eq!(evening.sessions(), 1, "the session is the first one's");
}

/// The server has used the night to forget the session: it is begun anew behind the client's back.
#[tokio::test]
async fn a_session_that_the_server_forgot_over_night_is_begun_anew() {
    let mut evening = Evening::begin().await;
    evening.sleep(1).await;
    evening.machine.portal.faults().next(Endpoint::McpCall, Fault::empty(404));
    let answer = evening.ask(&call(2, "echo")).await;
    assert_eq!(answer["result"]["content"][0]["text"], "hi", "{answer}");
    evening.has_cost_one_renewal(1);
    evening.streams(2).await;
    assert_eq!(evening.sessions(), 2);
}
