//! A command that goes on: its lines are awaited one by one, never slept for.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use crate::keyfob::Output;

const DEADLINE: Duration = Duration::from_secs(30);

/// A running command. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
}

#[derive(Debug)]
struct Lines {
    coming: mpsc::UnboundedReceiver<String>,
    all: String,
}

impl Lines {
    fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, coming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { coming, all: String::new() }
    }

    async fn next(&mut self) -> Option<String> {
        let line = self.coming.recv().await?;
        self.all.push_str(&line);
        self.all.push('\n');
        Some(line)
    }

    async fn rest(&mut self) -> String {
        while self.next().await.is_some() {}
        std::mem::take(&mut self.all)
    }
}

impl Running {
    /// Starts a command whose lines can be awaited.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("keyfob starts");
        let input = child.stdin.take();
        let stdout = Lines::of(child.stdout.take().expect("a standard output"));
        let stderr = Lines::of(child.stderr.take().expect("a standard error"));
        Self { child, input, stdout, stderr }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// Waits for a line of standard error that contains `words`, and gives it.
    pub async fn stderr_line(&mut self, words: &str) -> String {
        line_with(&mut self.stderr, words).await
    }

    /// Waits for a line of standard output that contains `words`, and gives it.
    pub async fn stdout_line(&mut self, words: &str) -> String {
        line_with(&mut self.stdout, words).await
    }

    /// Writes one line to standard input.
    pub async fn write_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("standard input is still open");
        input.write_all(format!("{line}\n").as_bytes()).await.expect("the command reads");
    }

    /// Ends standard input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let pid = self.pid().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(sent.success(), "no process {pid}");
    }

    /// Kills it on the spot (SIGKILL) and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the process was there");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Output {
        self.close_input();
        let waited = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = waited.expect("an end in time").expect("a status");
        let (stdout, stderr) = (self.stdout.rest().await, self.stderr.rest().await);
        Output { code: status.code(), stdout, stderr }
    }
}

async fn line_with(lines: &mut Lines, words: &str) -> String {
    let found = async {
        while let Some(line) = lines.next().await {
            if line.contains(words) {
                return Some(line);
            }
        }
        None
    };
    let found = tokio::time::timeout(DEADLINE, found).await;
    found.ok().flatten().unwrap_or_else(|| panic!("no line with `{words}` in: {}", lines.all))
}
