//! The control socket between two builds (fault 34): what a keyfob of 21 November 2026, before its first release, and its keeper
//! said to each other was recorded frame by frame. Today's keeper answers that client, and today's client
//! understands that keeper. A recording is added with each change of the protocol, and none is changed.

use keyfob_agent::control::wire::{read_frame, write_frame};
use keyfob_demo::Endpoint;
use keyfob_tests::{Keyfob, portal};
use serde_json::Value;
use tokio::net::{UnixListener, UnixStream};

const RECORDED: [&str; 1] = [include_str!("recorded/protocol-1.json")];

fn recordings() -> impl Iterator<Item = Value> {
    RECORDED.into_iter().map(|text| serde_json::from_str(text).unwrap())
}

fn conversations(recording: &Value) -> Vec<(Value, Value)> {
    let all = recording["conversations"].as_array().unwrap().iter();
    all.map(|spoken| (spoken["asked"].clone(), spoken["answered"].clone())).collect()
}

/// All that an earlier reader may look for is there, and of the kind it was.
fn covers(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (_, Value::Null) | (Value::Null, _) => true,
        (Value::Object(now), Value::Object(then)) => {
            then.iter().all(|(name, value)| now.get(name).is_some_and(|now| covers(now, value)))
        }
        (Value::Array(now), Value::Array(then)) => {
            now.first().is_none_or(|now| then.first().is_none_or(|then| covers(now, then)))
        }
        (now, then) => std::mem::discriminant(now) == std::mem::discriminant(then),
    }
}

/// fault 34: an earlier command line beside today's keeper.
#[tokio::test]
async fn what_an_earlier_build_asks_is_answered_as_it_was_then() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("work", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    for recording in recordings() {
        for (asked, answered) in conversations(&recording) {
            let mut stream = UnixStream::connect(keyfob.home().join("state/run/keeper.sock")).await.unwrap();
            write_frame(&mut stream, &recording["hello"]).await.unwrap();
            let hello: Value = read_frame(&mut stream).await.unwrap().unwrap();
            assert!(covers(&hello, &recording["hello"]), "{hello}");
            write_frame(&mut stream, &asked).await.unwrap();
            let answer: Value = read_frame(&mut stream).await.unwrap().unwrap();
            assert_eq!(answer["answer"], answered["answer"], "{asked}: {answer}");
            assert!(covers(&answer, &answered), "{asked}: {answer}");
        }
    }
    assert_eq!(portal.record().count(Endpoint::Refresh), 1, "one of them wanted a new token");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// A keeper that says what one of then said.
fn earlier_keeper(keyfob: &Keyfob, recording: Value) {
    use std::os::unix::fs::DirBuilderExt as _;
    let run = keyfob.home().join("state/run");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&run).unwrap();
    let listener = UnixListener::bind(run.join("keeper.sock")).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let recording = recording.clone();
            tokio::spawn(async move {
                let _: Option<Value> = read_frame(&mut stream).await.unwrap();
                write_frame(&mut stream, &recording["hello"]).await.unwrap();
                while let Ok(Some(asked)) = read_frame::<_, Value>(&mut stream).await {
                    let is_it = |(then, _): &&(Value, Value)| {
                        ["ask", "profile"]
                            .iter()
                            .all(|name| then[name] == asked[name] || then[name].is_null())
                    };
                    let said = conversations(&recording);
                    let answer = &said.iter().find(is_it).unwrap().1;
                    write_frame(&mut stream, answer).await.unwrap();
                }
            });
        }
    });
}

/// fault 34: today's command line beside an earlier keeper.
#[tokio::test]
async fn what_an_earlier_keeper_answers_is_understood() {
    for recording in recordings() {
        let (keyfob, portal) = (Keyfob::new(), portal().await);
        keyfob.sign_in_to("work", &portal.mcp_url()).await;
        earlier_keeper(&keyfob, recording);
        assert_eq!(keyfob.must(["token", "work"]).await, "recorded-token");
        assert_eq!(keyfob.must(["token", "work", "--min-validity", "10m"]).await, "recorded-token");
        assert_eq!(keyfob.must(["headers", "work"]).await, r#"{"Authorization":"Bearer recorded-token"}"#);
        assert_eq!(
            keyfob.must(["exec", "work", "--", "printenv", "KEYFOB_ACCESS_TOKEN"]).await,
            "recorded-token"
        );
        keyfob.run(["token", "none"]).await.expect_code(3);
        keyfob.must(["refresh", "work"]).await;
        keyfob.must(["pause", "work"]).await;
        let status = keyfob.run(["status", "--json"]).await.expect_code(0).json();
        assert_eq!(
            (&status["agent"]["running"], &status["profiles"][0]["account"]),
            (&true.into(), &"ada@example.com".into())
        );
        assert_eq!(portal.record().count(Endpoint::Refresh), 0, "the keeper was asked each time");
    }
}
