//! The journeys that are killed, and what must hold after each.

use std::sync::Arc;

use keyfob_demo::PortalOptions;
use keyfob_demo::oddities::{Override, RegistrationUpdate};
use keyfob_tests::all_files;
use serde_json::json;

use crate::session::Session;
use crate::traced::Ended;
use crate::user::{NAME, User};

/// What a person was doing when the machine took it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Journey {
    /// In a home with nothing in it, so that the sealing key is made as well.
    FirstSignIn,
    /// Over a sign-in that works.
    SignInAgain,
    Refresh,
    /// A sign-in whose redirect has moved, and the registration with it (RFC 7592).
    UpdateRegistration,
    SignOut,
    Remove,
    /// Of the sealing key, from wherever it is into a file.
    MoveKey,
}

impl Journey {
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::FirstSignIn | Self::SignInAgain | Self::UpdateRegistration => {
                &["sign-in", NAME, "--timeout", "20s"]
            }
            Self::Refresh => &["refresh", NAME],
            Self::SignOut => &["sign-out", NAME],
            Self::Remove => &["remove", NAME],
            Self::MoveKey => &["store", "move", "key-file"],
        }
    }

    /// A user before the journey: the one of the point before, where that is good enough.
    pub(crate) async fn arrange(self, session: &Session, before: Option<Arc<User>>) -> Arc<User> {
        let Some(user) = before.filter(|_| self != Self::FirstSignIn) else {
            let user = match self {
                Self::UpdateRegistration => User::at(session, with_secrets(RegistrationUpdate::Taken)).await,
                _ => User::new(session).await,
            };
            if self != Self::FirstSignIn {
                user.sign_in().await.expect_code(0);
            }
            if self == Self::MoveKey {
                // The recorded place counts from now on.
                return Arc::new(User { keyfob: user.keyfob.with("KEYFOB_STORE", ""), ..user });
            }
            if self == Self::UpdateRegistration {
                user.move_redirect();
            }
            return Arc::new(user);
        };
        if self == Self::UpdateRegistration {
            user.move_redirect();
        }
        if self == Self::MoveKey {
            user.keyfob.must(["store", "move", session.backend()]).await;
        }
        if self == Self::Remove {
            user.add().await;
        }
        if matches!(self, Self::Remove | Self::SignOut) {
            user.sign_in().await.expect_code(0);
        }
        user
    }

    /// What must hold after the crash, or after the journey's own end.
    pub(crate) async fn judge(self, user: &User, ended: &Ended) -> Result<(), String> {
        match self {
            Self::FirstSignIn => after_first_sign_in(user, ended).await,
            // One of the two, whichever: never none.
            Self::SignInAgain | Self::Refresh => user.works().await,
            Self::UpdateRegistration => after_update(user).await,
            Self::SignOut => after_sign_out(user, ended).await,
            Self::Remove => after_removal(user, ended).await,
            Self::MoveKey => after_move(user).await,
        }
    }
}

/// A portal that gives its clients secrets, and lets them change their registration like this.
pub(crate) fn with_secrets(update: RegistrationUpdate) -> PortalOptions {
    let mut options = PortalOptions::default();
    let methods = Override::with("token_endpoint_auth_methods_supported", json!(["client_secret_post"]));
    options.oddities.discovery.authorization_server_overrides.push(methods);
    options.oddities.sign_in.registration_update = update;
    options
}

/// The sign-in works with the client as it is, and the next one is the same client's, changed in place.
async fn after_update(user: &User) -> Result<(), String> {
    user.works().await?;
    let again = user.sign_in().await;
    if again.code != Some(0) {
        return Err(format!("no way to sign in any more: {again:?}"));
    }
    user.works().await?;
    match user.portal.record().ask(|seen| (seen.registrations.len(), seen.updated_registrations.len())) {
        (1, 1..) => Ok(()),
        (made, updated) => Err(format!("{made} registrations, and {updated} updates of them")),
    }
}

/// The sign-in works before anything is repeated; a repetition does the rest, and no former key lies about.
async fn after_move(user: &User) -> Result<(), String> {
    let renewed = user.keyfob.run(["token", NAME, "--fresh"]).await;
    if renewed.code != Some(0) {
        return Err(format!("the sign-in is lost: {renewed:?}"));
    }
    let again = user.keyfob.run(["store", "move", "key-file"]).await;
    if again.code != Some(0) {
        return Err(format!("the move cannot be repeated: {again:?}"));
    }
    user.works().await?;
    let record = std::fs::read_to_string(user.keyfob.home().join("data/store.toml")).unwrap_or_default();
    let is_key = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "key");
    let keys = all_files(&user.keyfob.home()).into_iter().filter(is_key).count();
    let done = record.contains("\"key-file\"") && !record.contains("former") && keys == 1;
    if done { Ok(()) } else { Err(format!("{keys} keys in files, and on record: {record}")) }
}

/// Signed in or not; what was told is true; a sign-in works whatever was left.
async fn after_first_sign_in(user: &User, ended: &Ended) -> Result<(), String> {
    let active = user.state().await?.as_deref() == Some("active");
    if !active && ended.stderr.contains("signed in to") {
        return Err(format!("told as signed in, and is not: {}", ended.stderr));
    }
    if !active {
        let again = user.sign_in().await;
        if again.code != Some(0) {
            return Err(format!("no way to sign in any more: {again:?}"));
        }
    }
    user.works().await
}

/// Signed out or not, nothing in between; a repetition does the rest, at the server too.
async fn after_sign_out(user: &User, ended: &Ended) -> Result<(), String> {
    let active = user.state().await?.as_deref() == Some("active");
    if active && ended.stderr.contains("signed out of") {
        return Err(format!("told as signed out, and is not: {}", ended.stderr));
    }
    if active {
        user.works().await?;
    }
    let again = user.keyfob.run(["sign-out", NAME]).await;
    if again.code != Some(0) || user.state().await?.as_deref() != Some("signed-out") {
        return Err(format!("the sign-out cannot be repeated: {again:?}"));
    }
    match user.never_revoked() {
        0 => user.is_clean(),
        living => Err(format!("{living} sign-ins live on at the server")),
    }
}

/// Removed or not; a repetition removes the rest, and the name can be used again.
async fn after_removal(user: &User, ended: &Ended) -> Result<(), String> {
    let state = user.state().await?;
    if state.is_some() && ended.stderr.contains("removed a") {
        return Err(format!("told as removed, and is not: {}", ended.stderr));
    }
    if state.as_deref() == Some("active") {
        user.works().await?;
    }
    if state.is_some() {
        let again = user.keyfob.run(["remove", NAME]).await;
        if again.code != Some(0) || user.state().await?.is_some() {
            return Err(format!("the removal cannot be repeated: {again:?}"));
        }
    }
    match user.never_revoked() {
        0 => user.is_clean(),
        living => Err(format!("{living} sign-ins live on at the server")),
    }
}
