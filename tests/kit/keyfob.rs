//! A user with a home of their own, a browser that needs no screen, and the `keyfob` binary.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::running::Running;

/// No command of a journey takes longer; the refresh transaction itself ends within 30 s.
const DEADLINE: Duration = Duration::from_secs(45);
/// Another process changes its state without telling the test: looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A user of the command line. The home and everything in it go when this is dropped.
#[derive(Debug)]
pub struct Keyfob {
    folder: TempDir,
    environment: Vec<(OsString, OsString)>,
    /// Words before the binary's name: what runs it as somebody else, or within limits.
    through: Vec<&'static str>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, whole.
    pub stdout: String,
    /// Standard error, whole.
    pub stderr: String,
}

#[expect(clippy::return_self_not_must_use, reason = "an assertion: what comes after it is optional")]
impl Output {
    /// Fails the test unless the command ended with `code`.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless standard error contains `words`.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no `{words}` in: {}", self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let read = serde_json::from_str(&self.stdout);
        read.unwrap_or_else(|error| panic!("{error} in: {}\n{}", self.stdout, self.stderr))
    }
}

impl Keyfob {
    /// A user on a machine without a desktop: nothing of the real user's environment but `PATH`, the sealing key in a
    /// file, and a browser that follows redirects.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder for the user");
        let browser = next_to_the_tests("follow-redirects");
        let environment = [
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("HOME", folder.path().into()),
            ("KEYFOB_HOME", folder.path().join("keyfob").into()),
            ("KEYFOB_STORE", "key-file".into()),
            ("BROWSER", browser.into()),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { folder, environment, through: Vec::new() }
    }

    /// Sets one variable for every command from now on.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.retain(|(set, _)| set != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives the home to `nobody`, as whom every command runs from now on: root is above limits and modes. Whoever is not root
    /// stays themselves.
    #[must_use]
    pub fn as_nobody(self) -> Self {
        if is_root() {
            let whole = self.path("");
            let given = std::process::Command::new("chown").args(["-R", "65534:65534"]).arg(whole).status();
            assert!(given.expect("chown").success());
            return self.through(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        }
        self
    }

    /// Every command from now on is run by these words, and by those of earlier calls before them.
    #[must_use]
    pub fn through(mut self, words: &[&'static str]) -> Self {
        self.through.extend_from_slice(words);
        self
    }

    /// A path in the user's home folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that holds all of keyfob's own files.
    pub fn home(&self) -> PathBuf {
        self.path("keyfob")
    }

    /// The profiles file.
    pub fn profiles_toml(&self) -> PathBuf {
        self.home().join("profiles.toml")
    }

    /// Writes the profiles file, and the folder where there is none yet.
    pub fn write_profiles_toml(&self, text: &str) {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(self.home()).expect("a home");
        std::fs::write(self.profiles_toml(), text).expect("profiles.toml");
    }

    /// A command of this user, not started yet; it dies with its handle.
    pub fn command<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::from(self.blocking_command(arguments));
        command.kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Another program as this user starts it, with nothing of the tester's environment; it dies with its handle.
    pub fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.iter().cloned()).kill_on_drop(true);
        command
    }

    /// A command of this user for callers that run no tasks, such as a benchmark.
    pub fn blocking_command<I: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> std::process::Command {
        let binary = binary();
        let mut words = self.through.iter().map(OsStr::new).chain([binary.as_os_str()]);
        let mut command = std::process::Command::new(words.next().expect("the binary, at least"));
        command.args(words).args(arguments).env_clear().envs(self.environment.iter().cloned());
        command
    }

    /// Any program as the user that these commands run as, not started yet.
    pub fn other_program(&self, program: &str) -> std::process::Command {
        let mut words = self.through.iter().copied().chain([program]);
        let mut command = std::process::Command::new(words.next().expect("the program, at least"));
        command.args(words);
        command
    }

    /// Runs a command to its end.
    pub async fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Output {
        self.run_with_input(arguments, "").await
    }

    /// Runs a command to its end with this on its standard input.
    pub async fn run_with_input<I: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
        input: &str,
    ) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("keyfob starts");
        let mut standard_input = child.stdin.take().expect("a standard input");
        // A command that reads nothing may be gone already: its exit code says more than the broken pipe.
        let _ = standard_input.write_all(input.as_bytes()).await;
        drop(standard_input);
        let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("not ended after {DEADLINE:?}: {command:?}"));
        let output = output.expect("keyfob's output");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a command that must succeed; gives its standard output without the last line end.
    pub async fn must<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> String {
        self.run(arguments).await.expect_code(0).stdout.trim_end().to_owned()
    }

    /// Starts a command that goes on; lines of it can be awaited.
    pub fn spawn<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Running {
        Running::start(self.command(arguments))
    }

    /// Makes a profile and signs in at once.
    pub async fn sign_in_to(&self, name: &str, mcp_url: &str) {
        self.must(["add", name, mcp_url, "--sign-in", "--timeout", "20s"]).await;
    }

    /// `status --json` of one profile.
    pub async fn status(&self, name: &str) -> Value {
        self.run(["status", name, "--json"]).await.expect_code(0).json()["profiles"][0].clone()
    }

    /// Waits until `status --json` of one profile fulfils a condition.
    pub async fn status_becomes(&self, name: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let of_profile = |whole: &Value| {
            let profiles = whole["profiles"].as_array().into_iter().flatten();
            profiles.into_iter().find(|profile| profile["name"] == name).cloned().unwrap_or_default()
        };
        of_profile(&self.all_becomes(|whole| holds(&of_profile(whole))).await)
    }

    /// Waits until `status --json` fulfils a condition.
    pub async fn all_becomes(&self, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let until = tokio::time::Instant::now() + DEADLINE;
        loop {
            let status = self.run(["status", "--json"]).await.expect_code(0).json();
            if holds(&status) {
                return status;
            }
            assert!(tokio::time::Instant::now() < until, "in vain waited for a change of {status:#}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the access token kept for a profile is past its end.
    pub async fn token_expires(&self, name: &str) {
        let past =
            |at: &str| at.parse::<chrono::DateTime<chrono::Utc>>().is_ok_and(|at| at < chrono::Utc::now());
        self.status_becomes(name, |status| status["access_token"]["expires_at"].as_str().is_some_and(past))
            .await;
    }
}

impl Default for Keyfob {
    fn default() -> Self {
        Self::new()
    }
}

/// True where these tests run as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The binary under test: `KEYFOB_BIN`, or what cargo built beside these tests.
fn binary() -> PathBuf {
    std::env::var_os("KEYFOB_BIN").map_or_else(|| next_to_the_tests("keyfob"), PathBuf::from)
}

fn next_to_the_tests(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this test");
    let built = tests.parent().and_then(Path::parent).expect("target/debug/deps").join(name);
    assert!(
        built.exists(),
        "{} is not built: cargo build -p keyfob-cli -p keyfob-tests --bins",
        built.display()
    );
    built
}
