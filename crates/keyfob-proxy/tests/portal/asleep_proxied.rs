//! A client at the loopback proxy on a machine whose lid was closed for a night.

use std::sync::Arc;

use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keyfob_agent::journeys::sign_in::SignInOptions;
use keyfob_agent::local_proxy::ProxyDoors as _;
use keyfob_agent::ports::{AddressGuard, HttpClient as _, HttpRequest, StreamedResponse};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::secret::ProxyKey;
use keyfob_platform::client_keys::ProxyDoorsHere;
use keyfob_platform::config_file::NetworkSettings;
use keyfob_platform::http_client::ReqwestClient;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::system_clock::SystemClock;
use keyfob_proxy::loopback_proxy::{LoopbackProxy, RunningProxy};
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

use crate::machine::{CANARY, DEADLINE, Machine};
use crate::night::{Lid, Network};
use crate::whole_way::{call, hello};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

/// A client that knows the proxy's address and nothing of machine and network behind it.
struct Evening {
    machine: Machine,
    network: Network,
    lid: Arc<Lid>,
    _keeper: Keeper,
    _proxy: RunningProxy,
    client: ReqwestClient,
    url: Url,
    session: Option<HeaderValue>,
}

impl Evening {
    /// A session in which a tool was called.
    async fn begin() -> Self {
        let (network, options) = Network::before_a_portal().await;
        let machine = Machine::with(options).await;
        let lid = Arc::new(Lid::of_thread("keyfob-proxy"));
        let mut ports = machine.ports.clone();
        ports.clock = lid.clone();
        ports.http = Arc::new(ReqwestClient::new(&NetworkSettings::default(), lid.clone()).unwrap());
        let (paths, name) = (&machine.paths, &machine.profile.name);
        let doors = ProxyDoorsHere::new(paths);
        let port = doors.kept_port().unwrap();
        doors.keep(&ProxyKey::new(KEY.into()), "cursor", name).unwrap();
        let keeper = Keeper::start(paths, ports, KeeperKind::Headless).unwrap();
        keeper.agent.add(&machine.profile, None).await.unwrap();
        keeper.agent.sign_in(name.clone(), SignInOptions::usual().0).await.unwrap();
        let proxy = LoopbackProxy::start(keeper.proxy_ports(paths).unwrap()).unwrap();
        listens(port).await;
        let client = ReqwestClient::new(&NetworkSettings::default(), Arc::new(SystemClock)).unwrap();
        let url = Url::parse(&format!("http://127.0.0.1:{port}/c/{KEY}/{name}/mcp")).unwrap();
        let mut evening =
            Self { machine, network, lid, _keeper: keeper, _proxy: proxy, client, url, session: None };
        let [initialize, initialized] = hello();
        let begun = evening.send(Method::POST, initialize.to_string()).await;
        evening.session = begun.headers.get("mcp-session-id").cloned();
        assert!(whole(begun).await.contains("keyfob-demo"));
        evening.send(Method::POST, initialized.to_string()).await;
        evening.calls(1).await;
        evening
    }

    async fn send(&self, method: Method, body: String) -> StreamedResponse {
        let accepts =
            if method == Method::GET { "text/event-stream" } else { "application/json, text/event-stream" };
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static(accepts));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        if let Some(session) = &self.session {
            headers.insert(HeaderName::from_static("mcp-session-id"), session.clone());
        }
        let (url, guard) = (self.url.clone(), AddressGuard::Anywhere);
        let request = HttpRequest { method, url, headers, bearer: None, body: body.into_bytes(), guard };
        let answer = tokio::time::timeout(DEADLINE, self.client.open(request)).await;
        let answer = answer.expect("an answer in time").unwrap();
        assert!(matches!(answer.status, 200 | 202), "the client sees {}", answer.status);
        answer
    }

    async fn calls(&self, id: u32) {
        let answer = whole(self.send(Method::POST, call(id, "echo").to_string()).await).await;
        let message =
            answer.lines().find_map(|line| line.strip_prefix("data: ").filter(|data| data.starts_with('{')));
        let message: Value = serde_json::from_str(message.unwrap_or(&answer)).unwrap();
        assert_eq!(message["result"]["content"][0]["text"], "hi", "{message}");
    }
}

/// Waits until the proxy has its port.
async fn listens(port: u16) {
    let tries = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, tries).await.expect("a listener in time");
}

/// All that an answer says until its end.
async fn whole(answer: StreamedResponse) -> String {
    let pieces = answer.body.map(Result::unwrap).concat();
    let body = tokio::time::timeout(DEADLINE, pieces).await.expect("an end in time");
    let text = String::from_utf8(body).unwrap();
    assert!(!text.contains(CANARY), "a token in an answer: {text}");
    text
}

/// faults 23, 40: the token is past its end and the connections are dead; the client's stream ends, so that it opens it anew, and
/// each call is answered once.
#[tokio::test]
async fn after_a_sleep_the_proxys_client_is_answered_and_its_stream_ends() {
    let evening = Evening::begin().await;
    for night in 1..=2 {
        let stream = evening.send(Method::GET, String::new()).await;
        // Leaves a connection behind that nobody uses; the stream has taken the one before.
        evening.calls(2 * night).await;
        evening.lid.sleep(night, &evening.network, &evening.machine.portal).await;
        evening.calls(2 * night + 1).await;
        whole(stream).await;
    }
    let seen = evening.machine.portal.record().seen();
    let refreshes = seen.refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (2, 0, 0));
    assert_eq!((seen.tool_calls.len(), evening.machine.browser.count()), (5, 1));
}
