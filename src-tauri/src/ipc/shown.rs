//! The snapshot as the window gets it, field by field: what is not copied here never reaches web content. The window's own
//! types are generated from these; absent values are `null`, never missing.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_agent::agent::Asked;
use keyfob_agent::snapshot as agent;
use keyfob_core::credential::{LastRefresh, RefreshOutcome};
use keyfob_core::credential_state;
use keyfob_core::failure::StoreProblem;
use keyfob_core::profile;
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::under_way::{self, StepUpShown, UnderWayShown};
use crate::desk::sign_ins::UnderWay;
use crate::desk::versions::Others;

/// Everything there is to show.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct Snapshot {
    version: String,
    agent: AgentShown,
    store: StoreShown,
    /// Why `profiles.toml` cannot be read, with line and column.
    settings_problem: Option<String>,
    profiles: Vec<ProfileShown>,
    /// How long before a sign-in ends its user is told, where a profile names nothing of its own: `7d`.
    usual_reminders: Vec<String>,
    /// Sign-ins that this app does, and failed ones nobody has dismissed.
    sign_ins: Vec<UnderWayShown>,
    /// What clients ask for beyond a sign-in, at most once for each profile.
    step_ups: Vec<StepUpShown>,
    /// Another version of keyfob beside this app; `null` where all are one.
    other_version: Option<OtherVersionShown>,
}

/// Another version of keyfob than this app.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "OtherVersion"))]
pub(crate) struct OtherVersionShown {
    /// `null` where it is not known.
    version: Option<String>,
    newer: bool,
    /// This app's own program was replaced: a restart runs the new one.
    restart: bool,
}

impl OtherVersionShown {
    fn of(others: &Others) -> Option<Self> {
        let (version, newer) = others.version().unzip();
        (version.is_some() || others.replaced).then(|| Self {
            version: version.map(str::to_owned),
            newer: newer.unwrap_or_default(),
            restart: others.replaced,
        })
    }
}

/// The keeper, if one runs.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct AgentShown {
    running: bool,
    kind: Option<KeeperKind>,
    pid: Option<u32>,
}

/// Kinds of keepers.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeeperKind {
    App,
    Headless,
}

/// The store and what guards it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct StoreShown {
    backend: String,
    strength: String,
    problem: Option<String>,
    hint: Option<String>,
    /// The desktop's keyring is locked, and the desktop can be made to ask for it.
    locked: bool,
}

/// One profile.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct ProfileShown {
    name: String,
    url: String,
    label: Option<String>,
    access: Option<Access>,
    /// True for a server on this machine.
    local: bool,
    state: StateWord,
    /// True while a sign-in runs, whatever the state is.
    signing_in: bool,
    issuer: Option<String>,
    account: Option<String>,
    scopes: Vec<String>,
    access_token: Option<AccessTokenShown>,
    sign_in: Option<SignInShown>,
    #[cfg_attr(test, ts(type = "Instant | null"))]
    next_refresh_at: Option<DateTime<Utc>>,
    last_refresh: Option<LastRefreshShown>,
    refreshes: u64,
    failures: u64,
    reminders: Reminders,
    deliveries: Vec<DeliveryShown>,
    /// What is wrong; `offline` for no connection.
    problem: Option<String>,
    hint: Option<String>,
}

/// When a profile's user is told that its sign-in ends.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct Reminders {
    /// How long before, the longest first: `7d`. None is never.
    marks: Vec<String>,
    /// Others than the usual ones.
    own: bool,
}

/// What a profile is for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Access {
    Read,
    Write,
}

/// The one word for a profile.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StateWord {
    SignedOut,
    SigningIn,
    Active,
    Refreshing,
    Retrying,
    NeedsSignIn,
    Locked,
    Paused,
}

/// The access token's end, never the token.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct AccessTokenShown {
    #[cfg_attr(test, ts(type = "Instant"))]
    expires_at: DateTime<Utc>,
    /// Nobody has said so: keyfob goes by a guess of its own.
    assumed: bool,
}

/// The sign-in's start and end.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct SignInShown {
    #[cfg_attr(test, ts(type = "Instant"))]
    since: DateTime<Utc>,
    #[cfg_attr(test, ts(type = "Instant | null"))]
    ends_at: Option<DateTime<Utc>>,
    /// How the end is known.
    #[cfg_attr(test, ts(type = "Known"))]
    known: String,
    /// Whether the user is asked when it ends.
    asked: bool,
    /// Answers to choose from; none where the server says.
    offers: Vec<LifetimeOffer>,
}

/// A lifetime to choose from.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct LifetimeOffer {
    /// As in `profiles.toml`, such as `30d`.
    lifetime: String,
    /// Where it comes from, in words.
    source: String,
}

/// The last attempt to renew.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct LastRefreshShown {
    #[cfg_attr(test, ts(type = "Instant"))]
    at: DateTime<Utc>,
    outcome: Outcome,
}

/// How a renewal ended.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Renewed,
    Failed,
    Rejected,
}

/// A place the token is written to.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct DeliveryShown {
    target: String,
    problem: Option<String>,
}

impl Snapshot {
    /// All of it: what the keeper knows, and what waits for a person in this app.
    pub(crate) fn new(whole: &agent::Snapshot, sign_ins: &UnderWay, asked: &Asked, others: &Others) -> Self {
        Self {
            version: whole.version.clone(),
            agent: AgentShown {
                running: whole.agent.running,
                kind: whole.agent.kind.map(KeeperKind::from),
                pid: whole.agent.pid,
            },
            store: StoreShown {
                backend: whole.store.backend.clone(),
                strength: whole.store.strength.clone(),
                problem: whole.store.problem.clone(),
                hint: whole.store.hint.clone(),
                locked: whole.store.problem.as_deref() == Some(&StoreProblem::Locked.to_string()),
            },
            settings_problem: whole.settings_problem.clone(),
            usual_reminders: marks(&profile::default_reminders()),
            profiles: whole.each().map(ProfileShown::from).collect(),
            sign_ins: under_way::sign_ins(sign_ins),
            step_ups: under_way::step_ups(asked),
            other_version: OtherVersionShown::of(others),
        }
    }
}

fn marks(marks: &[TimeDelta]) -> Vec<String> {
    marks.iter().map(|mark| profile::duration_text(*mark)).collect()
}

impl From<&agent::ProfileShown> for ProfileShown {
    fn from(one: &agent::ProfileShown) -> Self {
        let delivery = |place: &agent::DeliveryShown| DeliveryShown {
            target: place.target.clone(),
            problem: place.problem.clone(),
        };
        Self {
            name: one.name.clone(),
            url: one.url.clone(),
            label: one.label.clone(),
            access: one.access.map(Access::from),
            local: one.local,
            state: one.state.into(),
            signing_in: one.signing_in,
            issuer: one.issuer.clone(),
            account: one.account.clone(),
            scopes: one.scopes.clone(),
            access_token: one
                .access_token
                .as_ref()
                .map(|t| AccessTokenShown { expires_at: t.expires_at, assumed: t.assumed }),
            sign_in: one.sign_in.as_ref().map(SignInShown::from),
            next_refresh_at: one.next_refresh_at,
            last_refresh: one.last_refresh.as_ref().map(LastRefreshShown::from),
            refreshes: one.refreshes,
            failures: one.failures,
            reminders: Reminders {
                marks: marks(&one.remind),
                own: one.remind != profile::default_reminders(),
            },
            deliveries: one.deliveries.iter().map(delivery).collect(),
            problem: one.problem.clone(),
            hint: one.hint.clone(),
        }
    }
}

impl From<&agent::SignInShown> for SignInShown {
    fn from(one: &agent::SignInShown) -> Self {
        let offer = |offer: &agent::LifetimeOfferShown| LifetimeOffer {
            lifetime: offer.lifetime.clone(),
            source: offer.source.clone(),
        };
        Self {
            since: one.since,
            ends_at: one.ends_at,
            known: one.known.clone(),
            asked: one.asked,
            offers: one.offers.iter().map(offer).collect(),
        }
    }
}

impl From<&LastRefresh> for LastRefreshShown {
    fn from(last: &LastRefresh) -> Self {
        let outcome = match last.outcome {
            RefreshOutcome::Renewed => Outcome::Renewed,
            RefreshOutcome::Failed => Outcome::Failed,
            RefreshOutcome::Rejected => Outcome::Rejected,
        };
        Self { at: last.at, outcome }
    }
}

impl From<agent::KeeperKind> for KeeperKind {
    fn from(kind: agent::KeeperKind) -> Self {
        match kind {
            agent::KeeperKind::App => Self::App,
            agent::KeeperKind::Headless => Self::Headless,
        }
    }
}

impl From<profile::Access> for Access {
    fn from(access: profile::Access) -> Self {
        match access {
            profile::Access::Read => Self::Read,
            profile::Access::Write => Self::Write,
        }
    }
}

impl From<Access> for profile::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::Read,
            Access::Write => Self::Write,
        }
    }
}

impl From<credential_state::StateWord> for StateWord {
    fn from(word: credential_state::StateWord) -> Self {
        use credential_state::StateWord as Word;
        match word {
            Word::SignedOut => Self::SignedOut,
            Word::SigningIn => Self::SigningIn,
            Word::Active => Self::Active,
            Word::Refreshing => Self::Refreshing,
            Word::Retrying => Self::Retrying,
            Word::NeedsSignIn => Self::NeedsSignIn,
            Word::Locked => Self::Locked,
            Word::Paused => Self::Paused,
        }
    }
}
