//! A user whose commands, processes and files are all searched for what a portal keeps secret.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use keyfob_demo::{GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, ProcessWatch, ProcessesSeen, Repeated, all_files};

/// What one test's secrets begin with: its own, since the watch looks at other tests' processes too.
pub(crate) struct Mark(String);

/// Where a user wants secrets: token files asked for, and the passphrase.
pub(crate) const ASKED_FOR: &str = "asked-for";

impl Mark {
    fn of(keyfob: &Keyfob) -> Self {
        let name = keyfob.path("").to_string_lossy().trim_end_matches('/').to_owned();
        Self(format!("canary-{}", name.rsplit('.').next().unwrap_or_default()))
    }

    /// A secret of the user's own.
    pub(crate) fn secret(&self, kind: &str) -> String {
        format!("{}-{kind}", self.0)
    }

    /// Whether a secret is in it. Client ids bear the mark as well, and are none.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        text.replace(&self.secret("client-"), "").contains(&self.0)
    }
}

/// The user, all that was said to them, and the watches.
pub(crate) struct WatchedUser {
    pub(crate) keyfob: Keyfob,
    pub(crate) mark: Arc<Mark>,
    said: Vec<(String, Output)>,
    pub(crate) processes: ProcessWatch,
    files: Repeated<BTreeSet<PathBuf>>,
}

impl WatchedUser {
    /// Everything is logged; the store's choice stands in `config.toml`, so that the key may move.
    pub(crate) fn new() -> Self {
        let keyfob = Keyfob::new();
        let mark = Arc::new(Mark::of(&keyfob));
        keyfob.write_profiles_toml("");
        std::fs::create_dir(keyfob.path(ASKED_FOR)).expect("a folder");
        let passphrase = keyfob.path(&format!("{ASKED_FOR}/passphrase"));
        std::fs::write(&passphrase, mark.secret("passphrase")).expect("a passphrase");
        std::fs::write(keyfob.home().join("config.toml"), "[store]\nbackend = \"key-file\"\n")
            .expect("the settings");
        let keyfob = keyfob.with("KEYFOB_STORE", "").with("KEYFOB_LOG", "trace");
        let keyfob = keyfob.with("KEYFOB_PASSPHRASE_FILE", passphrase);
        let files = watch_files(keyfob.path(""), Arc::clone(&mark));
        Self { keyfob, mark, said: Vec::new(), processes: ProcessWatch::start(), files }
    }

    /// A portal whose every token, code and secret bears the mark, with a client given beforehand that has a secret.
    pub(crate) async fn portal(&self) -> Portal {
        let given = GivenClient {
            client_id: "given".to_owned(),
            client_secret: Some(self.mark.secret("given-secret")),
            redirect_uris: vec!["http://127.0.0.1:1/callback".to_owned()],
        };
        let options = PortalOptions {
            token_mark: self.mark.0.clone(),
            clients: vec![given],
            ..PortalOptions::default()
        };
        Portal::start(options).await.expect("a portal")
    }

    /// Runs a command to its end and remembers what it said.
    pub(crate) async fn run(&mut self, arguments: &[&str]) -> Option<i32> {
        self.run_with_input(arguments, "").await
    }

    /// The same with this on standard input.
    pub(crate) async fn run_with_input(&mut self, arguments: &[&str], input: &str) -> Option<i32> {
        let output = self.keyfob.run_with_input(arguments, input).await;
        let code = output.code;
        self.said.push((arguments.join(" "), output));
        code
    }

    /// Runs a command that must succeed.
    pub(crate) async fn must(&mut self, arguments: &[&str]) {
        let code = self.run(arguments).await;
        let said = self.said.last().map(|(_, output)| output);
        assert_eq!(code, Some(0), "{arguments:?}: {said:?}");
    }

    /// Remembers what a command said that was run otherwise.
    pub(crate) fn heard(&mut self, command: &str, output: Output) {
        self.said.push((command.to_owned(), output));
    }

    /// Ends the watches, gives what the one of processes saw, and fails the test where a secret was: in the words of a command (but on the standard output of
    /// those that are asked for a token), in a process (but where `allowed`), in a file (but where asked for).
    pub(crate) fn assert_nothing_leaked(
        self,
        portal: &Portal,
        token_is_data: &[&str],
        allowed: &[(&str, &str)],
    ) -> ProcessesSeen {
        let unmarked = unmarked_secrets(portal);
        let leaks = |text: &str| self.mark.is_in(text) || unmarked.iter().any(|secret| text.contains(secret));
        let mut words = 0;
        for (command, output) in &self.said {
            words += output.stderr.len();
            assert!(!leaks(&output.stderr), "on standard error of `{command}`: {}", output.stderr);
            let is_asked = token_is_data.iter().any(|wanted| command.starts_with(wanted));
            let is_data = is_asked && output.code == Some(0);
            assert_eq!(leaks(&output.stdout), is_data, "standard output of `{command}`");
        }
        assert!(words > 2_000, "the trace was on: {words} bytes");
        assert_eq!(self.files.end(), BTreeSet::new(), "files while the commands ran");
        for file in all_files(&self.keyfob.path("")) {
            let text = std::fs::read(&file).expect("a file");
            let is_allowed = file.starts_with(self.keyfob.path(ASKED_FOR));
            assert!(is_allowed || !leaks(&String::from_utf8_lossy(&text)), "{}", file.display());
        }
        let seen = self.processes.end();
        assert!(seen.ran("keyfob") && seen.ran("follow-redirects"), "the watch was on");
        let allowed: Vec<_> = allowed
            .iter()
            .map(|(program, variable)| ((*program).to_owned(), Some((*variable).to_owned())))
            .collect();
        assert_eq!(seen.places(leaks), allowed, "arguments and environments");
        seen
    }
}

/// What keyfob makes itself, as the portal saw it: each PKCE verifier, and each secret in its Basic form.
fn unmarked_secrets(portal: &Portal) -> Vec<String> {
    let seen = portal.record().seen();
    let verifiers = seen.requests.iter().filter_map(|request| request.parameter("code_verifier"));
    let headers = seen.requests.iter().filter_map(|request| request.header("authorization"));
    let basic = headers.filter_map(|header| header.strip_prefix("Basic "));
    let secrets: Vec<_> = verifiers.chain(basic).map(str::to_owned).collect();
    assert!(
        secrets.iter().all(|secret| secret.len() > 20),
        "what is searched for is long enough to be found"
    );
    secrets
}

/// Looks into every file of a folder again and again, what is asked for aside.
fn watch_files(folder: PathBuf, mark: Arc<Mark>) -> Repeated<BTreeSet<PathBuf>> {
    Repeated::start(BTreeSet::new(), move |found| {
        let files = all_files(&folder).into_iter();
        let others = files.filter(|file| !file.starts_with(folder.join(ASKED_FOR)));
        // A file may be gone between the look at its folder and the look into it.
        let has_secret = |file: &PathBuf| {
            std::fs::read(file).is_ok_and(|bytes| mark.is_in(&String::from_utf8_lossy(&bytes)))
        };
        found.extend(others.filter(has_secret));
    })
}
