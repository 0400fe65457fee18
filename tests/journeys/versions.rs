//! Keeper and command line of different versions, and a keeper that does not move (faults 8, 34).

use std::os::unix::fs::DirBuilderExt as _;

use keyfob_agent::control::wire::{Hello, PROTOCOL, read_frame, write_frame};
use keyfob_demo::Endpoint;
use keyfob_tests::{Keyfob, portal};
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};

/// A forged keeper: it says hello as another version and answers every request alike.
fn forged_keeper(keyfob: &Keyfob, hello: Hello, answer: Value) {
    let run = keyfob.home().join("state/run");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&run).unwrap();
    let listener = UnixListener::bind(run.join("keeper.sock")).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (hello, answer) = (hello.clone(), answer.clone());
            tokio::spawn(async move {
                let _: Option<Hello> = read_frame(&mut stream).await.unwrap();
                write_frame(&mut stream, &hello).await.unwrap();
                while let Ok(Some(_)) = read_frame::<_, Value>(&mut stream).await {
                    write_frame(&mut stream, &answer).await.unwrap();
                }
            });
        }
    });
}

fn older() -> Hello {
    Hello { protocol: PROTOCOL - 1, version: "0.0.1".into() }
}

fn newer() -> Hello {
    Hello { protocol: PROTOCOL + 1, version: "9.0.0".into() }
}

/// fault 34: an older keeper does not know the request, a newer one answers in words of its own.
#[tokio::test]
async fn a_token_is_got_beside_a_keeper_of_any_other_version() {
    let answers = [
        (older(), json!({ "answer": "not-known", "ask": "hand-out" })),
        (newer(), json!({ "answer": "token-in-a-box", "box": 1 })),
        (newer(), json!({ "answer": "token", "access_token": { "sealed": true } })),
    ];
    for (hello, answer) in answers {
        let (keyfob, portal) = (Keyfob::new(), portal().await);
        keyfob.sign_in_to("a", &portal.mcp_url()).await;
        forged_keeper(&keyfob, hello, answer.clone());
        let token = keyfob.must(["token", "a"]).await;
        assert!(keyfob.must(["headers", "a"]).await.contains(&token), "{answer}");
        keyfob.must(["refresh", "a"]).await;
        assert_ne!(keyfob.must(["exec", "a", "--", "printenv", "KEYFOB_ACCESS_TOKEN"]).await, token);
        assert_eq!(portal.record().count(Endpoint::Refresh), 1);
    }
}

/// fault 34
#[tokio::test]
async fn status_says_which_side_to_update_and_shows_the_records() {
    let asked = [
        (older(), json!({ "answer": "not-known", "ask": "snapshot" }), "update the keeper"),
        (newer(), json!({ "answer": "picture" }), "update this keyfob"),
        (newer(), json!({ "answer": "snapshot", "snapshot": { "planets": [] } }), "update this keyfob"),
    ];
    for (hello, answer, next) in asked {
        let (keyfob, portal) = (Keyfob::new(), portal().await);
        keyfob.sign_in_to("a", &portal.mcp_url()).await;
        forged_keeper(&keyfob, hello.clone(), answer);
        let status = keyfob.run(["status", "--json"]).await.expect_code(0).says(next).says(&hello.version);
        assert_eq!(status.json()["agent"]["running"], true);
        assert_eq!(status.json()["profiles"][0]["state"], "active");
    }
}

/// fault 34: a keeper hears clients of every version, says which request it does not know, and goes on.
#[tokio::test]
async fn a_client_of_another_version_gets_a_typed_answer_and_is_served_on() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    for hello in [older(), newer()] {
        let mut stream = UnixStream::connect(keyfob.home().join("state/run/keeper.sock")).await.unwrap();
        let mut ask = async |question: Value| -> Value {
            write_frame(&mut stream, &question).await.unwrap();
            read_frame(&mut stream).await.unwrap().expect("an answer")
        };
        assert_eq!(ask(serde_json::to_value(&hello).unwrap()).await["protocol"], PROTOCOL);
        let unknown = ask(json!({ "ask": "dance", "with": "me" })).await;
        assert_eq!(unknown, json!({ "answer": "not-known", "ask": "dance" }));
        let token =
            ask(json!({ "ask": "hand-out", "profile": "a", "wanted": { "urgency": 9 }, "why": 1 })).await;
        assert_eq!(token["answer"], "token", "{token}");
        assert_eq!(ask(json!({ "ask": "snapshot" })).await["snapshot"]["profiles"][0]["name"], "a");
    }
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// V12: what is no request ends its connection and nobody else's.
#[tokio::test]
async fn garbage_at_the_socket_hurts_nobody() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let socket = keyfob.home().join("state/run/keeper.sock");
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4_096], &[0, 0, 0, 2, b'{', b'}'], &[0, 0, 0, 0]]
    {
        let mut stream = UnixStream::connect(&socket).await.unwrap();
        // The keeper may hang up before all of it is out.
        let _ = stream.write_all(garbage).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{rest:?}");
    }
    keyfob.must(["token", "a"]).await;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// fault 8: a keeper that was stopped (SIGSTOP) is waited for 2 s and then done without.
#[tokio::test]
async fn a_frozen_keeper_keeps_nobody_from_a_valid_token() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let signal = |name: &str| {
        let pid = keeper.pid().to_string();
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-STOP");
    let began = std::time::Instant::now();
    keyfob.run(["token", "a"]).await.expect_code(0).says("does not answer");
    assert!(began.elapsed() < std::time::Duration::from_secs(6), "{:?}", began.elapsed());
    // What is more than a held token is the whole program's, and it does not wait and warn again.
    let missing = keyfob.run(["token", "nobody"]).await.expect_code(3);
    assert_eq!(missing.stderr.matches("does not answer").count(), 1, "{}", missing.stderr);
    signal("-CONT");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}
