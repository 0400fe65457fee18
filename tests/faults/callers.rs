//! Callers who want a token, each by the door a program would take.

use std::collections::BTreeSet;

use keyfob_agent::control::client::ControlClient;
use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_agent::ports::Ports;
use keyfob_core::secret::{AccessToken, Fingerprint};
use keyfob_platform::control_socket;
use keyfob_tests::{Keyfob, Running};
use serde_json::{Value, json};

use crate::in_process::{name, paths};

/// What callers were given, by fingerprint.
pub(crate) type Given = BTreeSet<u64>;

pub(crate) fn print_of(fingerprint: &Fingerprint) -> u64 {
    fingerprint.iter().take(8).fold(0, |print, byte| print << 8 | u64::from(*byte))
}

/// `keyfob token a`, so many at once.
pub(crate) async fn processes(keyfob: &Keyfob, count: usize) -> Given {
    let callers = (0..count).map(|_| keyfob.run(["token", "a"]));
    let outputs = futures_util::future::join_all(callers).await;
    let token = |output: keyfob_tests::Output| {
        let token = AccessToken::new(output.expect_code(0).stdout.trim_end().to_owned());
        print_of(&token.fingerprint())
    };
    outputs.into_iter().map(token).collect()
}

/// Connections to the keeper's socket, so many at once.
pub(crate) async fn socket_callers(keyfob: &Keyfob, count: usize) -> Given {
    let path = paths(keyfob).control_socket();
    let callers = (0..count).map(|_| async {
        let stream = control_socket::connect(&path).await.expect("a keeper");
        let mut keeper = ControlClient::open(stream).await.expect("a handshake");
        let token = keeper.hand_out(name("a"), HandOutRequest::default()).await.expect("a token");
        print_of(&token.access_token.fingerprint())
    });
    futures_util::future::join_all(callers).await.into_iter().collect()
}

/// Tasks that do what a command without keeper does, so many at once, spread over these processes' worth of ports.
pub(crate) async fn tasks(of: &[Ports], count: usize) -> Given {
    let callers = of.iter().cycle().take(count).map(|ports| async {
        let profile = keyfob_agent::journeys::profiles::find_profile(&*ports.settings, &name("a"))
            .expect("the profile");
        let token = hand_out(ports, &profile, &HandOutRequest::default()).await.expect("a token");
        print_of(&token.access_token.fingerprint())
    });
    futures_util::future::join_all(callers).await.into_iter().collect()
}

/// `keyfob connect a`, ready to be asked.
pub(crate) async fn bridge(keyfob: &Keyfob) -> Bridge {
    let mut bridge = Bridge { running: keyfob.spawn(["connect", "a"]), asked: 0 };
    let client = json!({ "name": "faults", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let id = bridge.ask("initialize", &params).await;
    assert!(bridge.answer(id).await["result"]["serverInfo"].is_object());
    bridge.running.write_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    bridge
}

/// A bridge under way.
pub(crate) struct Bridge {
    running: Running,
    asked: u64,
}

impl Bridge {
    async fn ask(&mut self, method: &str, params: &Value) -> u64 {
        self.asked += 1;
        let message = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        self.running.write_line(&message.to_string()).await;
        self.asked
    }

    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        let line = self.running.stdout_line(&format!("\"id\":{id}")).await;
        serde_json::from_str(&line).expect("one JSON-RPC message a line")
    }

    /// Calls `whoami` so many times at once; fails the test unless each of them is answered with a result.
    pub(crate) async fn calls(&mut self, count: usize) {
        for _ in 0..count {
            self.ask("tools/call", &json!({ "name": "whoami", "arguments": {} })).await;
        }
        for _ in 0..count {
            // In the order they come, which need not be the order of asking.
            let line = self.running.stdout_line("\"id\":").await;
            let answer: Value = serde_json::from_str(&line).expect("one JSON-RPC message a line");
            assert!(answer["result"].is_object(), "{answer}");
        }
    }

    /// Begins the call of a tool that adds, which some portals let nobody call without more scopes.
    pub(crate) async fn adds(&mut self) -> u64 {
        self.ask("tools/call", &json!({ "name": "add", "arguments": { "a": 2, "b": 3 } })).await
    }

    pub(crate) async fn stderr_line(&mut self, part: &str) -> String {
        self.running.stderr_line(part).await
    }

    pub(crate) async fn ended(self) {
        self.running.ended().await.expect_code(0);
    }
}
