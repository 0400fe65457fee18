//! Somebody signed in to a portal of their own, and what must hold for them after every crash.

use std::path::PathBuf;

use keyfob_demo::Portal;
use keyfob_tests::{Keyfob, all_files, portal};

use crate::calls::Call;
use crate::traced::{self, Ended, Fate};

/// The one profile.
pub(crate) const NAME: &str = "a";

/// A user, and the portal that grants 5 s after each rotation.
pub(crate) struct User {
    pub(crate) keyfob: Keyfob,
    pub(crate) portal: Portal,
}

impl User {
    /// With a profile, not signed in yet.
    pub(crate) async fn new() -> Self {
        // Reading all of the machine's certificates takes most of a traced run, and no portal here speaks TLS.
        let keyfob = Keyfob::new().with("SSL_CERT_FILE", one_certificate());
        let user = Self { keyfob, portal: portal().await };
        user.keyfob.must(["add", NAME, &user.portal.mcp_url()]).await;
        user
    }

    /// Signed in.
    pub(crate) async fn signed_in() -> Self {
        let user = Self::new().await;
        user.keyfob.must(["sign-in", NAME]).await;
        user
    }

    /// Runs a command under the tracer.
    pub(crate) async fn traced(
        &self,
        arguments: &[&str],
        decide: impl FnMut(&Call) -> Fate + Send + 'static,
        after: impl FnMut(&Call) + Send + 'static,
    ) -> Ended {
        let command = self.keyfob.command(arguments);
        let run = tokio::task::spawn_blocking(move || traced::run(command.as_std(), decide, after));
        run.await.expect("the tracer").unwrap_or_else(|why| panic!("{why}"))
    }

    /// Files that a writer left half-way.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let is_temporary = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "new");
        all_files(&self.keyfob.home()).into_iter().filter(is_temporary).collect()
    }

    /// What must hold after a crash wherever a sign-in was kept: the next renewal succeeds, its token is good at the
    /// server, no spent refresh token was presented outside the grace, and nothing lies about.
    pub(crate) async fn works(&self) -> Result<(), String> {
        let renewed = self.keyfob.run(["refresh", NAME]).await;
        if renewed.code != Some(0) {
            return Err(format!("the sign-in is lost: {}", renewed.stderr));
        }
        let called = self.keyfob.run(["call", NAME, "whoami"]).await;
        if called.code != Some(0) || !called.stdout.contains("ada@example.com") {
            return Err(format!("its token is not good: {}", called.stderr));
        }
        self.is_clean()
    }

    /// No sign of a crash is left, here or at the server.
    pub(crate) fn is_clean(&self) -> Result<(), String> {
        let refreshes = self.portal.record().ask(|seen| seen.refreshes);
        if (refreshes.reused, refreshes.refused) != (0, 0) {
            return Err(format!("the server saw {refreshes:?}"));
        }
        let left = self.left_over();
        if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:?}")) }
    }

    /// The state shown for the profile; an error where the record does not open.
    pub(crate) async fn state(&self) -> Result<String, String> {
        let shown = self.keyfob.run(["status", NAME, "--json"]).await;
        if shown.code != Some(0) {
            return Err(format!("no status: {}", shown.stderr));
        }
        Ok(shown.json()["profiles"][0]["state"].as_str().unwrap_or_default().to_owned())
    }
}

fn one_certificate() -> PathBuf {
    let folder = std::fs::read_dir("/etc/ssl/certs").into_iter().flatten().flatten();
    let mut certificates = folder.map(|entry| entry.path());
    let pem = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "pem");
    certificates.find(pem).unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into())
}
