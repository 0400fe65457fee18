//! Watching a keeper from outside: metrics and health (V5).

use keyfob_demo::{Endpoint, Fault, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Running, portal, visit};
use serde_json::Value;
use url::Url;

async fn watched_keeper(keyfob: &Keyfob) -> (Running, Url) {
    let mut keeper = keyfob.spawn(["agent", "--metrics", "127.0.0.1:0"]);
    let line = keeper.stderr_line("metrics at http://").await;
    keeper.stderr_line("ready").await;
    (keeper, Url::parse(line.split_once("metrics at ").unwrap().1).unwrap())
}

#[tokio::test]
async fn renewals_are_counted_and_health_turns_when_a_person_is_needed() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let (keeper, metrics) = watched_keeper(&keyfob).await;
    let health = metrics.join("/health").unwrap();
    keyfob.status_becomes("a", |status| status["next_refresh_at"].is_string()).await;
    let well = visit(&health).await;
    assert_eq!((well.status, well.body.contains("1 sign-in is kept alive")), (200, true), "{}", well.body);
    keyfob.must(["token", "a", "--fresh"]).await;
    let page = visit(&metrics).await;
    assert!(page.head.contains("text/plain; version=0.0.4"), "{}", page.head);
    for line in [
        "keyfob_refreshes_total{profile=\"a\",outcome=\"renewed\"} 1\n",
        "keyfob_refresh_duration_seconds_count{profile=\"a\"} 1\n",
        "keyfob_hand_outs_total{profile=\"a\",outcome=\"handed-out\"} 1\n",
        "keyfob_profile_state{profile=\"a\",state=\"active\"} 1\n",
    ] {
        assert!(page.body.contains(line), "no {line} in\n{}", page.body);
    }
    portal.faults().next(Endpoint::Refresh, Fault::error(400, "invalid_grant"));
    keyfob.run(["token", "a", "--fresh"]).await.expect_code(4);
    keyfob.status_becomes("a", |status| status["state"] == "needs-sign-in").await;
    let ill = visit(&health).await;
    let said: Value = serde_json::from_str(&ill.body).unwrap();
    assert_eq!((ill.status, &said["healthy"]), (503, &Value::Bool(false)));
    assert_eq!(said["attention"][0]["profile"], "a");
    assert_eq!(said["attention"][0]["hint"], "keyfob sign-in a");
    let page = visit(&metrics).await.body;
    let ended = "keyfob_failures_total{profile=\"a\",event=\"sign-in-ended\",cause=\"sign-in-ended\"} 1\n";
    assert!(page.contains(ended), "{page}");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// What passes by itself needs nobody, and is no valid token either.
#[tokio::test]
async fn health_counts_no_sign_in_as_kept_alive_whose_token_has_ended() {
    let lifetime = std::time::Duration::from_secs(4);
    let options = PortalOptions { access_token_lifetime: lifetime, ..PortalOptions::default() };
    let (keyfob, well, ill) = (Keyfob::new(), portal().await, Portal::start(options).await.unwrap());
    ill.faults().from_then_on(Endpoint::Refresh, Fault::empty(503));
    keyfob.sign_in_to("a", &well.mcp_url()).await;
    keyfob.sign_in_to("b", &ill.mcp_url()).await;
    keyfob.sign_in_to("c", &ill.mcp_url()).await;
    let (keeper, metrics) = watched_keeper(&keyfob).await;
    keyfob.token_expires("b").await;
    keyfob.token_expires("c").await;
    let said = visit(&metrics.join("/health").unwrap()).await;
    let sentence = "\"1 of 3 sign-ins has a valid token; 2 are being retried\"";
    assert_eq!((said.status, said.body.contains(sentence)), (200, true), "{}", said.body);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// V5
#[tokio::test]
async fn metrics_are_for_this_machine_alone() {
    let keyfob = Keyfob::new();
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9464", "9464"] {
        keyfob.run(["agent", "--metrics", open]).await.expect_code(2).says("127.0.0.1:");
        keyfob.run(["agent", "--install", "--metrics", open]).await.expect_code(2);
    }
    let (keeper, metrics) = watched_keeper(&keyfob).await;
    assert!(std::net::TcpStream::connect(("127.0.0.2", metrics.port().unwrap())).is_err());
    assert_eq!(visit(&metrics).await.status, 200);
    keyfob.run(["agent", "--metrics", metrics.authority()]).await.expect_code(5);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// What a command beside the keeper does is heard of and counted, once, like what the keeper does itself.
#[tokio::test]
async fn metrics_and_on_event_hear_what_a_command_beside_the_keeper_did() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let heard = keyfob.path("heard");
    let command = format!("on_event = [\"sh\", \"-c\", \"cat >> {}\"]\n", heard.display());
    std::fs::write(keyfob.home().join("config.toml"), command).unwrap();
    let (keeper, metrics) = watched_keeper(&keyfob).await;
    keyfob.must(["token", "a", "--fresh"]).await;
    keyfob.must(["sign-out", "a"]).await;
    portal.faults().next(Endpoint::Token, Fault::error(400, "invalid_grant"));
    keyfob.run(["sign-in", "a"]).await.expect_code(7);
    keyfob.must(["sign-in", "a"]).await;
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let events = loop {
        let text = std::fs::read_to_string(&heard).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let events: Vec<_> = lines.map(|entry| entry["event"].as_str().unwrap().to_owned()).collect();
        if events.last().is_some_and(|event| event == "signed-in") {
            break events;
        }
        assert!(tokio::time::Instant::now() < until, "{events:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    for event in ["keeper-started", "renewed", "signed-out", "sign-in-failed", "signed-in"] {
        assert_eq!(events.iter().filter(|told| *told == event).count(), 1, "{event} in {events:?}");
    }
    let page = visit(&metrics).await.body;
    let failed = "keyfob_failures_total{profile=\"a\",event=\"sign-in-failed\"";
    let line = page.lines().find(|line| line.starts_with(failed)).unwrap_or_else(|| panic!("{page}"));
    assert!(line.ends_with(" 1"), "{line}");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// fault 38: a command that hangs changes nothing for whoever needs a token.
#[tokio::test]
async fn on_event_hears_the_keeper_and_a_hanging_one_hurts_no_renewal() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let heard = keyfob.path("heard");
    let command = format!("on_event = [\"sh\", \"-c\", \"cat >> {}; sleep 600\"]\n", heard.display());
    std::fs::write(keyfob.home().join("config.toml"), command).unwrap();
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let before = keyfob.must(["token", "a"]).await;
    let after = keyfob.must(["token", "a", "--fresh"]).await;
    assert_ne!(before, after);
    let whole_line = || std::fs::read_to_string(&heard).ok().filter(|text| text.ends_with('\n'));
    let told = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            match whole_line() {
                Some(text) => return text,
                None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    });
    let told = told.await.expect("the command hears its event");
    assert_eq!(serde_json::from_str::<Value>(told.trim()).unwrap()["event"], "keeper-started");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    std::fs::write(keyfob.home().join("config.toml"), "on_event = []\n").unwrap();
    keyfob.run(["agent"]).await.expect_code(2).says("on_event names no program");
}

#[tokio::test]
async fn the_log_can_be_one_json_object_a_line() {
    let (keyfob, portal) = (Keyfob::new().with("KEYFOB_LOG", "trace"), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let output =
        keyfob.run(["--log-format", "json", "sign-in", "a", "--timeout", "20s"]).await.expect_code(0);
    let logged: Vec<Value> =
        output.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(!logged.is_empty(), "{}", output.stderr);
    for line in logged {
        assert!(
            line["timestamp"].is_string() && line["level"].is_string() && line["target"].is_string(),
            "{line}"
        );
    }
}
