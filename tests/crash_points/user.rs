//! Somebody with a portal of their own, and what must hold for them after every crash.

use std::path::PathBuf;

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, all_files};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::calls::Call;
use crate::session::Session;
use crate::traced::{self, Ended, Fate};

/// The one profile.
pub(crate) const NAME: &str = "a";

/// A user, and the portal they sign in to.
pub(crate) struct User {
    pub(crate) keyfob: Keyfob,
    pub(crate) portal: Portal,
}

impl User {
    /// With a profile at an exemplary portal, not signed in yet. It grants 5 s after each rotation.
    pub(crate) async fn new(session: &Session) -> Self {
        Self::at(session, PortalOptions::default()).await
    }

    /// With a profile at a portal like this.
    pub(crate) async fn at(session: &Session, options: PortalOptions) -> Self {
        // Reading all of the machine's certificates takes most of a traced run, and no portal here speaks TLS.
        let keyfob = session.user().with("SSL_CERT_FILE", one_certificate());
        let user = Self { keyfob, portal: Portal::start(options).await.expect("a portal") };
        user.add().await;
        user
    }

    /// Signed in at an exemplary portal.
    pub(crate) async fn signed_in(session: &Session) -> Self {
        let user = Self::new(session).await;
        user.sign_in().await.expect_code(0);
        user
    }

    /// Makes the profile.
    pub(crate) async fn add(&self) {
        self.keyfob.must(["add", NAME, &self.portal.mcp_url()]).await;
    }

    /// Has the browser come back to another path than before.
    pub(crate) fn move_redirect(&self) {
        let file = self.keyfob.home().join("profiles.toml");
        let text = std::fs::read_to_string(&file).expect("profiles.toml");
        let path = if text.contains("/odd\"") { "even" } else { "odd" };
        let rest: Vec<_> = text.lines().filter(|line| !line.starts_with("redirect")).collect();
        let moved = format!("{}\nredirect = \"127.0.0.1/{path}\"\n", rest.join("\n"));
        std::fs::write(&file, moved).expect("profiles.toml");
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self) -> Output {
        self.keyfob.run(["sign-in", NAME, "--timeout", "20s"]).await
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

    /// What must hold wherever a sign-in was kept: the next renewal succeeds, its token is good at the server, no spent
    /// refresh token was presented outside the grace, and nothing lies about.
    pub(crate) async fn works(&self) -> Result<(), String> {
        let answered = || self.portal.record().ask(|seen| seen.refreshes.renewed + seen.refreshes.repeated);
        let before = answered();
        let renewed = self.keyfob.run(["token", NAME, "--fresh"]).await;
        if renewed.code != Some(0) || !renewed.stderr.is_empty() {
            return Err(format!("the sign-in is lost: {renewed:?}"));
        }
        if answered() != before + 1 {
            return Err(format!("{} renewals where one was wanted", answered() - before));
        }
        if !self.takes(renewed.stdout.trim()).await {
            return Err("the renewed token is not good at the server".into());
        }
        self.is_clean()
    }

    /// Whether the server takes this access token.
    pub(crate) async fn takes(&self, token: &str) -> bool {
        let address = self.portal.origin().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("the portal listens");
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        // What is asked is nonsense; only whether the token was let through counts.
        !answer.starts_with(b"HTTP/1.1 401") && answer.starts_with(b"HTTP/1.1 ")
    }

    /// No sign of a crash is left, here or at the server.
    pub(crate) fn is_clean(&self) -> Result<(), String> {
        let refreshes = self.portal.record().ask(|seen| seen.refreshes);
        if (refreshes.reused, refreshes.refused) != (0, 0) {
            return Err(format!("the server saw {refreshes:?}"));
        }
        let is_temporary = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "new");
        let left: Vec<_> = all_files(&self.keyfob.home()).into_iter().filter(is_temporary).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:?}")) }
    }

    /// The state shown for the profile, `None` where there is none by this name; an error where the record does not open.
    pub(crate) async fn state(&self) -> Result<Option<String>, String> {
        let shown = self.keyfob.run(["status", "--json"]).await;
        if shown.code != Some(0) {
            return Err(format!("no status: {shown:?}"));
        }
        let shown = shown.json();
        let state = shown.pointer("/profiles/0/state").and_then(|state| state.as_str()).map(str::to_owned);
        if state.as_deref().is_some_and(|state| state != "active" && state != "signed-out") {
            return Err(format!("a state of neither before nor after: {shown}"));
        }
        Ok(state)
    }

    /// How many sign-ins the server gave and has not been asked to revoke.
    pub(crate) fn never_revoked(&self) -> u64 {
        let seen = self.portal.record().seen();
        let refresh_tokens = seen.revoked.iter().filter(|token| token.contains("-refresh-"));
        let revoked = refresh_tokens.collect::<std::collections::BTreeSet<_>>().len() as u64;
        seen.sign_ins.saturating_sub(revoked)
    }
}

fn one_certificate() -> PathBuf {
    let folder = std::fs::read_dir("/etc/ssl/certs").into_iter().flatten().flatten();
    let mut certificates = folder.map(|entry| entry.path());
    let pem = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "pem");
    certificates.find(pem).unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into())
}
