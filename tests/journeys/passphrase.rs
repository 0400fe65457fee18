//! A passphrase typed on a terminal: asked for once, by the keeper, and never without a terminal.

use std::process::Stdio;
use std::time::Duration;

use keyfob_tests::{Keyfob, portal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// A command on a terminal of its own; what is written to its standard input is typed there.
struct Terminal {
    child: Child,
    seen: String,
}

impl Terminal {
    fn running(user: &Keyfob, arguments: &str) -> Self {
        let keeper = user.blocking_command([] as [&str; 0]);
        let line = format!("'{}' {arguments}", keeper.get_program().display());
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"]).env_clear();
        script.envs(keeper.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        Self { child: script.spawn().unwrap(), seen: String::new() }
    }

    /// Waits for these words, from where the last ones ended.
    async fn shows(&mut self, words: &str) {
        let stdout = self.child.stdout.as_mut().unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                if let Some(at) = self.seen.find(words) {
                    return self.seen.split_off(at + words.len());
                }
                let mut bytes = [0; 1024];
                let read = stdout.read(&mut bytes).await.unwrap();
                assert!(read > 0, "ended before `{words}`: {}", self.seen);
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        self.seen = waited.await.expect(words);
    }

    async fn is_asked_and_types(&mut self, words: &str) {
        self.shows(": ").await;
        let line = format!("{words}\n");
        self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn the_keeper_asks_for_a_passphrase_once_and_a_new_one_twice() {
    let portal = portal().await;
    let user = Keyfob::new().with("KEYFOB_STORE", "passphrase");
    let mut keeper = Terminal::running(&user, "agent");
    for words in ["correct horse", "mistyped", "correct horse", "correct horse"] {
        keeper.is_asked_and_types(words).await;
    }
    keeper.shows("ready").await;
    user.must(["add", "work", portal.mcp_url().as_str()]).await;
    let mut sign_in = Terminal::running(&user, "sign-in work --timeout 20s");
    sign_in.is_asked_and_types("correct horse").await;
    sign_in.shows("\u{2713}").await;
    let token = user.must(["token", "work"]).await;
    keeper.child.kill().await.unwrap();

    let mut keeper = Terminal::running(&user, "agent");
    for words in ["mistyped", "correct horse"] {
        keeper.is_asked_and_types(words).await;
    }
    keeper.shows("ready").await;
    assert_eq!(user.must(["token", "work"]).await, token);
    keeper.child.kill().await.unwrap();
    user.run(["token", "work"]).await.expect_code(6).says("KEYFOB_PASSPHRASE_FILE");
}
