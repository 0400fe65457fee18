//! `keyfob demo`: its output is pasted into chats.

use keyfob_tests::{Keyfob, ProcessWatch};

/// The words that begin the demo's tokens, codes and secrets.
const KINDS: [&str; 5] =
    ["demo-access-", "demo-refresh-", "demo-code-", "demo-registration-", "demo-secret-"];

/// V13, V14: with everything traced, and a portal of its own that keeps no secret for long.
#[tokio::test]
async fn the_demo_shows_no_token_in_words_or_in_processes() {
    let keyfob = Keyfob::new().with("KEYFOB_LOG", "trace");
    let folder = keyfob.path("temp");
    std::fs::create_dir(&folder).expect("a temp folder");
    let keyfob = keyfob.with("TMPDIR", &folder);
    let processes = ProcessWatch::start();
    let mut demo = keyfob.spawn(["demo", "--keep"]);
    demo.stderr_line("run until Ctrl-C").await;
    let home =
        std::fs::read_dir(&folder).expect("the temp folder").next().expect("a home").expect("a home").path();
    let there = keyfob.with("KEYFOB_HOME", &home);
    let token = there.must(["token", "admin"]).await;
    assert!(token.starts_with(KINDS[0]), "the search can find it");
    demo.terminate();
    let said = demo.ended().await;
    let leaks = |text: &str| KINDS.iter().any(|kind| text.contains(kind));
    assert!(said.stderr.len() > 10_000, "the trace was on");
    assert!(!leaks(&said.stdout) && !leaks(&said.stderr), "{}\n{}", said.stdout, said.stderr);
    let seen = processes.end();
    assert!(seen.ran("keyfob"), "the watch was on");
    assert_eq!(seen.places(|text| text.contains(&token)), []);
}

/// Ended in the middle, it takes its own folder away as at its end.
#[tokio::test]
async fn a_demo_that_is_terminated_leaves_no_folder_behind() {
    let keyfob = Keyfob::new();
    let temporary = keyfob.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let keyfob = keyfob.with("TMPDIR", &temporary);
    let mut demo = keyfob.spawn(["demo", "--browser"]);
    demo.stderr_line("Signing in to both").await;
    demo.terminate();
    demo.ended().await.expect_code(0).says("the demo was terminated");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}
