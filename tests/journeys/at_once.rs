//! `keyfob` alone gives a token that is held; for everything else it becomes `keyfob-cli`, which lies beside it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::Keyfob;

/// `keyfob` in a folder of its own, without its other half.
struct Alone {
    folder: tempfile::TempDir,
}

impl Alone {
    fn beside_nothing(keyfob: &Keyfob) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let built = PathBuf::from(keyfob.blocking_command(["status"]).get_program());
        let alone = folder.path().join("keyfob");
        std::fs::hard_link(&built, &alone).or_else(|_| std::fs::copy(&built, &alone).map(drop)).unwrap();
        Self { folder }
    }

    async fn run(&self, keyfob: &Keyfob, arguments: &[&str]) -> Output {
        keyfob.program(&self.folder.path().join("keyfob")).args(arguments).output().await.unwrap()
    }
}

async fn signed_in(access_token_lifetime: Duration) -> (Keyfob, Portal) {
    let portal =
        Portal::start(PortalOptions { access_token_lifetime, ..PortalOptions::default() }).await.unwrap();
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("work", portal.mcp_url().as_str()).await;
    (keyfob, portal)
}

#[tokio::test]
async fn a_held_token_takes_no_other_program() {
    let (keyfob, _portal) = signed_in(Duration::from_mins(30)).await;
    let alone = Alone::beside_nothing(&keyfob);
    let token = keyfob.must(["token", "work", "--format", "bare"]).await;
    for words in [&["token", "work"][..], &["--home", keyfob.home().to_str().unwrap(), "token", "work"]] {
        let given = alone.run(&keyfob, words).await;
        assert_eq!(
            (given.status.code(), String::from_utf8(given.stdout).unwrap()),
            (Some(0), format!("{token}\n"))
        );
    }
    let headers = alone.run(&keyfob, &["headers", "work"]).await.stdout;
    let headers: serde_json::Value = serde_json::from_slice(&headers).unwrap();
    assert_eq!(headers["Authorization"], format!("Bearer {token}"));
    let handed_out = std::fs::read_to_string(keyfob.home().join("state/journal/journal.jsonl")).unwrap();
    assert_eq!(handed_out.lines().filter(|line| line.contains(r#""handed-out""#)).count(), 1, "{handed_out}");
}

#[tokio::test]
async fn without_its_other_half_it_says_so_and_prints_no_token_that_would_have_to_be_renewed() {
    let (keyfob, _portal) = signed_in(Duration::from_secs(1)).await;
    keyfob.token_expires("work").await;
    let alone = Alone::beside_nothing(&keyfob);
    for words in
        [&["token", "work"][..], &["status"], &["token", "nobody"], &["token", "work", "--fresh"], &[]]
    {
        let ended = alone.run(&keyfob, words).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(2), 0), "{words:?}: {said}");
        assert!(said.contains("keyfob-cli") && said.contains("hint: "), "{words:?}: {said}");
    }
}

/// A client's configuration and a service unit name the program that people know.
#[tokio::test]
async fn what_is_written_for_others_names_keyfob_and_not_its_other_half() {
    let (keyfob, _portal) = signed_in(Duration::from_mins(30)).await;
    keyfob.must(["link", "work", "cursor", "--via", "bridge"]).await;
    let written = std::fs::read_to_string(keyfob.path(".cursor/mcp.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    let command = written["mcpServers"]["keyfob-work"]["command"].as_str().unwrap();
    assert_eq!(Path::new(command).file_name().unwrap(), "keyfob", "{written}");
}
