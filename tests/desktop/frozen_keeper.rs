//! A headless keeper that keeps a home and answers nobody.

use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::{eventually, from_environment, output, status};

/// Killed by the end of the test at the latest.
pub(crate) struct FrozenKeeper {
    child: Child,
    /// Its process.
    pub(crate) pid: String,
}

impl FrozenKeeper {
    /// Begins to keep, and is stopped in the middle of it.
    pub(crate) async fn start(home: &Path) -> Self {
        let mut command = Command::new(from_environment("KEYFOB_BIN", "target/debug/keyfob"));
        command.arg("--home").arg(home).arg("agent").stdin(Stdio::null()).stderr(Stdio::null());
        let child = command.kill_on_drop(true).spawn().unwrap();
        let pid = child.id().unwrap().to_string();
        eventually("it keeps", async || status(home).await["agent"]["kind"] == "headless").await;
        output("kill", &["-STOP", &pid]).await;
        Self { child, pid }
    }

    /// Gone without a word, as after a crash.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
