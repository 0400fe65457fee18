//! What any door may show. It cannot hold a secret: no type from `keyfob_core::secret` occurs in it, and none could be
//! serialised. The shape is the contract of `keyfob status --json`: absent values are `null`, never missing.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::credential::LastRefresh;
use keyfob_core::credential_state::StateWord;
use keyfob_core::profile::Access;
use serde::{Deserialize, Serialize};

/// Everything there is to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// keyfob's version.
    pub version: String,
    /// The keeper.
    pub agent: AgentShown,
    /// The store.
    pub store: StoreShown,
    /// Why `profiles.toml` cannot be read, with line and column.
    pub settings_problem: Option<String>,
    /// All profiles, by name. Each is shared between snapshots until it changes.
    #[serde(with = "shared")]
    pub profiles: Vec<Arc<ProfileShown>>,
}

/// On the wire it makes no difference that they are shared.
mod shared {
    use super::{Arc, ProfileShown};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        profiles: &[Arc<ProfileShown>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(profiles.iter().map(Arc::as_ref))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Arc<ProfileShown>>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().map(Arc::new).collect())
    }
}

impl Snapshot {
    /// The profiles, by name.
    pub fn each(&self) -> impl Iterator<Item = &ProfileShown> {
        self.profiles.iter().map(Arc::as_ref)
    }

    /// Puts one profile in its place.
    pub(crate) fn put(&mut self, profile: Arc<ProfileShown>) {
        match self.place(&profile.name) {
            Ok(at) => self.profiles[at] = profile,
            Err(at) => self.profiles.insert(at, profile),
        }
    }

    /// Takes one profile out.
    pub(crate) fn take_out(&mut self, name: &str) {
        if let Ok(at) = self.place(name) {
            self.profiles.remove(at);
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.profiles.binary_search_by(|profile| profile.name.as_str().cmp(name))
    }
}

/// The keeper, if one runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentShown {
    /// Whether one runs.
    pub running: bool,
    /// `app` or `headless`.
    pub kind: Option<KeeperKind>,
    /// Its process id.
    pub pid: Option<u32>,
}

/// Kinds of keepers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeeperKind {
    /// Inside the tray app.
    App,
    /// `keyfob agent`.
    Headless,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreShown {
    /// Where the sealing key lives.
    pub backend: String,
    /// How strong that is.
    pub strength: String,
    /// Why it cannot be used now.
    pub problem: Option<String>,
    /// The next step.
    pub hint: Option<String>,
}

/// One profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileShown {
    /// Its name.
    pub name: String,
    /// The MCP server.
    pub url: String,
    /// What people call it.
    pub label: Option<String>,
    /// What it is for.
    pub access: Option<Access>,
    /// True for a server on this machine.
    pub local: bool,
    /// The one word.
    pub state: StateWord,
    /// True while a sign-in runs, whatever the state is.
    pub signing_in: bool,
    /// The authorization server.
    pub issuer: Option<String>,
    /// Who is signed in.
    pub account: Option<String>,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// The access token's end.
    pub access_token: Option<AccessTokenShown>,
    /// The sign-in's start and end.
    pub sign_in: Option<SignInShown>,
    /// When the keeper renews next; `null` without a keeper or with nothing to do.
    pub next_refresh_at: Option<DateTime<Utc>>,
    /// The last attempt.
    pub last_refresh: Option<LastRefresh>,
    /// Renewals since the sign-in.
    pub refreshes: u64,
    /// Failed attempts since the sign-in.
    pub failures: u64,
    /// How long before the end the user is told, longest first. For the window alone: on the wire it is left out.
    #[serde(skip)]
    pub remind: Vec<TimeDelta>,
    /// Places the token is written to.
    pub deliveries: Vec<DeliveryShown>,
    /// What is wrong; `offline` for no connection.
    pub problem: Option<String>,
    /// The next step.
    pub hint: Option<String>,
}

/// The access token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenShown {
    /// Its end by the wall clock.
    pub expires_at: DateTime<Utc>,
    /// True where nobody has said so, and keyfob goes by a guess of its own.
    #[serde(default)]
    pub assumed: bool,
}

/// The sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInShown {
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it ends, where known.
    pub ends_at: Option<DateTime<Utc>>,
    /// How that is known: `server`, `configured`, `learned`, `unknown`.
    pub known: String,
    /// Whether the user is asked when it ends: nobody knows, and "not known" was not answered.
    #[serde(default)]
    pub asked: bool,
    /// Answers to choose from; none where the server says.
    #[serde(default)]
    pub offers: Vec<LifetimeOfferShown>,
}

/// A lifetime to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifetimeOfferShown {
    /// As in `profiles.toml`, such as `30d`.
    pub lifetime: String,
    /// Where it comes from, in words.
    pub source: String,
}

/// A place the token is written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryShown {
    /// Where, in words.
    pub target: String,
    /// Why the last write failed.
    pub problem: Option<String>,
}
