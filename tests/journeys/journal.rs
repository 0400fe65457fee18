//! The journal at the command line: who got a token, following while a keeper writes, and a busy client.

use keyfob_tests::{Keyfob, Output, portal};
use serde_json::Value;

fn entries(output: &Output, event: &str) -> Vec<Value> {
    let lines = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|entry| entry["event"] == event).collect()
}

/// The test itself is the program behind each `keyfob token`.
fn this_program() -> (Value, Value) {
    let executable = std::env::current_exe().unwrap();
    (std::process::id().into(), executable.to_str().unwrap().into())
}

#[tokio::test]
async fn a_busy_client_of_a_keeper_leaves_one_line_at_once_and_one_with_the_count_at_the_end() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let mut follower = keyfob.spawn(["log", "a", "--follow", "--json"]);
    follower.stdout_line("signed-in").await;
    for _ in 0..5 {
        keyfob.must(["token", "a"]).await;
    }
    let first: Value = serde_json::from_str(&follower.stdout_line("handed-out").await).unwrap();
    let (pid, executable) = this_program();
    assert_eq!((&first["program"]["pid"], &first["program"]["executable"]), (&pid, &executable));
    assert_eq!(first["times"], Value::Null);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    let second: Value = serde_json::from_str(&follower.stdout_line("handed-out").await).unwrap();
    assert_eq!(second["times"], 4);
    let log = keyfob.run(["log", "a", "--json"]).await.expect_code(0);
    assert_eq!(entries(&log, "handed-out"), [first, second]);
    assert!(entries(&log, "signed-in")[0]["duration_ms"].is_u64());
}

#[tokio::test]
async fn without_a_keeper_a_script_in_a_loop_leaves_one_line_and_a_failure_has_its_cause() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    for _ in 0..5 {
        keyfob.must(["token", "a"]).await;
    }
    keyfob.must(["sign-out", "a"]).await;
    keyfob.run(["token", "a"]).await.expect_code(4);
    let log = keyfob.run(["log", "a", "--json"]).await.expect_code(0);
    let handed_out = entries(&log, "handed-out");
    assert_eq!(handed_out.len(), 1);
    assert_eq!(handed_out[0]["program"]["executable"], this_program().1);
    let failed = entries(&log, "hand-out-failed");
    assert_eq!((failed.len(), &failed[0]["cause"]), (1, &Value::from("signed-out")));
    assert_eq!(entries(&log, "revoked")[0]["detail"], "at the server");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_following() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let mut command = keyfob.command(["log", "--follow"]);
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    keyfob.must(["remove", "a"]).await;
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), child.wait()).await;
    assert_eq!(ended.expect("it ends").unwrap().code(), Some(0));
}
