//! A client at the bridge's standard input and output, with a clock that jumps and tokens that are played.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use keyfob_agent::ports::Clock;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;
use keyfob_proxy::bridge::{Bridge, BridgeWishes};
use keyfob_proxy::token_source::TokenSource;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};
use tokio::task::JoinHandle;

use crate::scripted_http::ScriptedHttp;

/// In every token: must never be seen outside.
pub(crate) const CANARY: &str = "canary";

pub(crate) fn token(name: &str) -> AccessToken {
    AccessToken::new(format!("{CANARY}-{name}"))
}

/// Sleeps on tokio's paused time.
#[derive(Default)]
struct JumpingClock {
    boot_ms: AtomicU64,
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Moment {
        Moment {
            wall: DateTime::UNIX_EPOCH,
            boot_ms: self.boot_ms.load(Ordering::SeqCst),
            boot_id: "test".into(),
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Tokens `first`, then what was put in line.
#[derive(Default)]
pub(crate) struct PlayedTokens {
    current: Mutex<Option<String>>,
    renewals: Mutex<VecDeque<Result<String, Failure>>>,
    pub(crate) log: Mutex<Vec<String>>,
}

impl PlayedTokens {
    pub(crate) fn then(&self, next: Result<&str, Failure>) {
        self.renewals.lock().unwrap().push_back(next.map(str::to_owned));
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn next(&self, why: String) -> Result<AccessToken, Failure> {
        self.log.lock().unwrap().push(why);
        let next = self.renewals.lock().unwrap().pop_front();
        let name = next.unwrap_or_else(|| Err(SignInNeeded::SignedOut.into()))?;
        *self.current.lock().unwrap() = Some(name.clone());
        Ok(token(&name))
    }
}

#[async_trait]
impl TokenSource for PlayedTokens {
    async fn token(&self) -> Result<Option<AccessToken>, Failure> {
        Ok(Some(token(self.current.lock().unwrap().as_deref().unwrap_or("first"))))
    }

    async fn after_unauthorized(&self, _refused: &AccessToken) -> Result<AccessToken, Failure> {
        self.next("401".into())
    }

    async fn step_up(&self, _lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure> {
        self.next(format!("step up to {}", wanted.to_wire().unwrap()))
    }
}

/// The client's side.
pub(crate) struct Client {
    pub(crate) http: Arc<ScriptedHttp>,
    pub(crate) tokens: Arc<PlayedTokens>,
    clock: Arc<JumpingClock>,
    input: Option<DuplexStream>,
    output: Lines<BufReader<DuplexStream>>,
    bridge: JoinHandle<std::io::Result<()>>,
}

impl Client {
    pub(crate) fn start() -> Self {
        Self::with(BridgeWishes::default())
    }

    pub(crate) fn with(wishes: BridgeWishes) -> Self {
        let (http, tokens) = (Arc::new(ScriptedHttp::default()), Arc::new(PlayedTokens::default()));
        let profile =
            Profile::new(ProfileName::parse("work").unwrap(), CheckedUrl::parse(crate::URL).unwrap());
        let (input, theirs_in) = tokio::io::duplex(1024 * 1024);
        let (theirs_out, output) = tokio::io::duplex(1024 * 1024);
        let clock = Arc::new(JumpingClock::default());
        let bridge = Bridge::new(http.clone(), &profile, tokens.clone(), clock.clone(), wishes);
        let bridge = tokio::spawn(bridge.run(BufReader::new(theirs_in), theirs_out));
        Self { http, tokens, clock, input: Some(input), output: BufReader::new(output).lines(), bridge }
    }

    pub(crate) async fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).await.unwrap();
        input.write_all(b"\n").await.unwrap();
    }

    /// The machine sleeps for so long, and is awake again.
    pub(crate) fn machine_sleeps(&self, duration: Duration) {
        self.clock.boot_ms.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Part of a line.
    pub(crate) async fn say_piece(&mut self, piece: &str) {
        self.input.as_mut().unwrap().write_all(piece.as_bytes()).await.unwrap();
    }

    /// The next line; it is JSON-RPC and has no token in it.
    pub(crate) async fn hear(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_hours(1), self.output.next_line()).await;
        let line = line.expect("a line in time").unwrap().expect("a line");
        check(&line);
        line
    }

    pub(crate) async fn hear_json(&mut self) -> Value {
        serde_json::from_str(&self.hear().await).unwrap()
    }

    /// Ends the input.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Ends the input and gives what is still said; then all plans must be used up.
    pub(crate) async fn close(mut self) -> Vec<String> {
        self.close_input();
        let mut rest = Vec::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            check(&line);
            rest.push(line);
        }
        self.bridge.await.unwrap().unwrap();
        self.http.verify();
        rest
    }

    /// The client is gone: nobody reads any more. How the bridge ends.
    pub(crate) async fn stop_reading(self) -> std::io::Result<()> {
        drop(self.output);
        self.bridge.await.unwrap()
    }

    /// A session named `s1`, version `2025-06-18`, no stream of the server's own.
    pub(crate) async fn initialize(&mut self) {
        self.initialize_with(crate::Answer::status(405)).await;
    }

    pub(crate) async fn initialize_with(&mut self, own_stream: crate::Answer) {
        let before = self.http.seen().len();
        self.http.post("initialize", crate::Answer::json(200, crate::WELCOME).header("mcp-session-id", "s1"));
        self.http.post("notifications/initialized", crate::Answer::status(202));
        self.http.get(own_stream);
        self.http.delete(crate::Answer::status(204));
        self.say(crate::INITIALIZE).await;
        assert_eq!(self.hear().await, crate::WELCOME);
        self.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        // initialize, initialized, and the GET for the server's own stream.
        self.http.wait_for(before + 3).await;
    }
}

fn check(line: &str) {
    assert!(!line.contains(CANARY), "a token on the output: {line}");
    let value: Value = serde_json::from_str(line).expect("JSON and nothing else");
    let messages = value.as_array().cloned().unwrap_or_else(|| vec![value]);
    assert!(messages.iter().all(|message| message["jsonrpc"] == "2.0"), "{line}");
}
