//! What the tray shows, from a snapshot: pure, so that every state can be tested without a desktop.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_agent::agent::Asked;
use keyfob_agent::snapshot::{ProfileShown, Snapshot};
use keyfob_core::credential_state::StateWord;

use crate::ipc::preferences::Preferences;

/// The tray's picture, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TrayPicture {
    /// Renewal is paused.
    Paused,
    /// All is well.
    Well,
    /// A sign-in ends soon.
    Soon,
    /// A server cannot be reached; keyfob tries again.
    Offline,
    /// A person must act.
    Act,
}

/// An action of a profile's submenu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrayAction {
    /// Opens the window, where the question is whether the sign-in should ask for more.
    Decide,
    SignIn,
    Refresh,
    /// A token into the clipboard, for half a minute.
    CopyToken,
    /// Opens the window at the programs on this computer.
    Connect,
    /// Opens the window at this profile.
    Open,
    SignOut,
    Pause,
    Resume,
}

impl TrayAction {
    pub(crate) const ALL: [Self; 9] = [
        Self::Decide,
        Self::SignIn,
        Self::Refresh,
        Self::CopyToken,
        Self::Connect,
        Self::Open,
        Self::SignOut,
        Self::Pause,
        Self::Resume,
    ];

    /// The id part in the menu.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::SignIn => "sign-in",
            Self::Refresh => "refresh",
            Self::CopyToken => "copy-token",
            Self::Connect => "connect",
            Self::Open => "open",
            Self::SignOut => "sign-out",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

/// One profile's line and what can be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayRow {
    pub(crate) profile: String,
    pub(crate) text: String,
    pub(crate) actions: Vec<(TrayAction, &'static str)>,
}

/// The background renewal of every profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForAll {
    Pause,
    Resume,
}

/// Everything the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayModel {
    pub(crate) picture: TrayPicture,
    pub(crate) tooltip: String,
    pub(crate) rows: Vec<TrayRow>,
    /// What a press on the entry for all of them does; none where nobody is signed in.
    pub(crate) for_all: Option<ForAll>,
    pub(crate) start_at_login: bool,
}

/// Nearer than this is "soon".
const SOON: TimeDelta = TimeDelta::days(3);

impl TrayModel {
    pub(crate) fn of(snapshot: &Snapshot, asked: &Asked, preferred: Preferences, now: DateTime<Utc>) -> Self {
        let pictures = snapshot.each().map(|profile| picture(profile, now));
        let asks = |profile: &ProfileShown| asked.keys().any(|name| name.as_str() == profile.name);
        Self {
            picture: pictures.max().unwrap_or(TrayPicture::Well),
            tooltip: tooltip(snapshot, now),
            rows: snapshot.each().map(|profile| row(profile, asks(profile), now)).collect(),
            for_all: for_all(snapshot),
            start_at_login: preferred.start_at_login,
        }
    }
}

/// Whoever has paused them all wants to resume them all.
fn for_all(snapshot: &Snapshot) -> Option<ForAll> {
    let mut held = snapshot.each().filter(|profile| profile.sign_in.is_some()).peekable();
    held.peek()?;
    let all_paused = held.all(|profile| profile.state == StateWord::Paused);
    Some(if all_paused { ForAll::Resume } else { ForAll::Pause })
}

fn picture(profile: &ProfileShown, now: DateTime<Utc>) -> TrayPicture {
    match profile.state {
        StateWord::NeedsSignIn | StateWord::Locked => TrayPicture::Act,
        StateWord::Retrying => TrayPicture::Offline,
        StateWord::Paused => TrayPicture::Paused,
        _ if ends_soon(profile, now) => TrayPicture::Soon,
        _ => TrayPicture::Well,
    }
}

fn ends_soon(profile: &ProfileShown, now: DateTime<Utc>) -> bool {
    profile.sign_in.as_ref().and_then(|sign_in| sign_in.ends_at).is_some_and(|end| end - now < SOON)
}

fn tooltip(snapshot: &Snapshot, now: DateTime<Utc>) -> String {
    if snapshot.profiles.is_empty() {
        return "keyfob: no portals yet".into();
    }
    let fresh = snapshot.each().filter(|profile| profile.state == StateWord::Active).count();
    let mut parts = vec![match fresh {
        1 => "1 portal fresh".to_owned(),
        n => format!("{n} portals fresh"),
    }];
    let troubled = snapshot.each().filter(|profile| picture(profile, now) >= TrayPicture::Soon);
    parts.extend(troubled.map(|profile| format!("{}: {}", profile.name, words(profile, now))));
    format!("keyfob: {}", parts.join(" · "))
}

fn row(profile: &ProfileShown, is_asked: bool, now: DateTime<Utc>) -> TrayRow {
    let label = profile.label.as_deref().unwrap_or(&profile.name);
    let question = is_asked.then_some((TrayAction::Decide, "Decide about more rights…"));
    TrayRow {
        profile: profile.name.clone(),
        text: format!("{label}: {}", words(profile, now)),
        actions: question.into_iter().chain(actions(profile)).collect(),
    }
}

fn words(profile: &ProfileShown, now: DateTime<Utc>) -> String {
    match profile.state {
        StateWord::SignedOut => "signed out".into(),
        StateWord::SigningIn => "signing in".into(),
        StateWord::Refreshing => "renewing".into(),
        StateWord::Retrying => profile.problem.clone().unwrap_or_else(|| "trying again".into()),
        StateWord::NeedsSignIn => "sign in again".into(),
        StateWord::Locked => "the store is locked".into(),
        StateWord::Paused => "paused".into(),
        StateWord::Active if ends_soon(profile, now) => ends_in(profile, now),
        StateWord::Active => "fresh".into(),
    }
}

/// In days, rounded down, so that it never promises more than there is; the last day has its own word.
fn ends_in(profile: &ProfileShown, now: DateTime<Utc>) -> String {
    let left = profile.sign_in.as_ref().and_then(|sign_in| sign_in.ends_at).map(|end| (end - now).num_days());
    match left {
        Some(days) if days > 1 => format!("ends in {days} days"),
        Some(1) => "ends in 1 day".into(),
        _ => "ends within a day".into(),
    }
}

fn actions(profile: &ProfileShown) -> Vec<(TrayAction, &'static str)> {
    let held = profile.sign_in.is_some();
    let mut actions = vec![(TrayAction::SignIn, if held { "Sign in again" } else { "Sign in" })];
    if held {
        actions.push((TrayAction::Refresh, "Refresh now"));
        if profile.access_token.is_some() {
            actions.push((TrayAction::CopyToken, "Copy token for 30 seconds"));
        }
        actions.push(match profile.state {
            StateWord::Paused => (TrayAction::Resume, "Resume renewal"),
            _ => (TrayAction::Pause, "Pause renewal"),
        });
        actions.push((TrayAction::Connect, "Connect to…"));
        actions.push((TrayAction::SignOut, "Sign out"));
    }
    actions.push((TrayAction::Open, "Open"));
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_agent::snapshot::{AccessTokenShown, AgentShown, SignInShown, StoreShown};

    fn profile(name: &str, state: StateWord, ends_in: Option<TimeDelta>) -> ProfileShown {
        let now = DateTime::UNIX_EPOCH;
        ProfileShown {
            name: name.into(),
            url: "https://a.example/mcp".into(),
            label: None,
            access: None,
            local: false,
            state,
            signing_in: false,
            issuer: None,
            account: None,
            scopes: Vec::new(),
            access_token: None,
            sign_in: (state != StateWord::SignedOut).then(|| SignInShown {
                since: now,
                ends_at: ends_in.map(|left| now + left),
                known: "server".into(),
                asked: false,
                offers: Vec::new(),
            }),
            next_refresh_at: None,
            last_refresh: None,
            refreshes: 0,
            failures: 0,
            remind: Vec::new(),
            deliveries: Vec::new(),
            problem: None,
            hint: None,
        }
    }

    fn model(profiles: Vec<ProfileShown>) -> TrayModel {
        let snapshot = Snapshot {
            version: String::new(),
            agent: AgentShown { running: true, kind: None, pid: None },
            store: StoreShown { backend: String::new(), strength: String::new(), problem: None, hint: None },
            settings_problem: None,
            profiles: profiles.into_iter().map(std::sync::Arc::new).collect(),
        };
        TrayModel::of(&snapshot, &Asked::new(), Preferences::default(), DateTime::UNIX_EPOCH)
    }

    /// D8
    #[test]
    fn what_a_client_asks_for_is_offered_to_be_decided_first() {
        let work = profile("a", StateWord::Active, None);
        let first = |is_asked| row(&work, is_asked, DateTime::UNIX_EPOCH).actions[0].0;
        assert_eq!(first(true), TrayAction::Decide);
        assert_eq!(first(false), TrayAction::SignIn);
    }

    #[test]
    fn the_picture_is_the_worst_state_of_all() {
        let well = || profile("a", StateWord::Active, None);
        let picture = |other: ProfileShown| model(vec![well(), other]).picture;
        assert_eq!(model(vec![]).picture, TrayPicture::Well);
        assert_eq!(picture(profile("b", StateWord::Active, Some(TimeDelta::days(2)))), TrayPicture::Soon);
        assert_eq!(picture(profile("b", StateWord::Retrying, None)), TrayPicture::Offline);
        assert_eq!(picture(profile("b", StateWord::NeedsSignIn, Some(TimeDelta::days(2)))), TrayPicture::Act);
        assert_eq!(picture(profile("b", StateWord::Locked, None)), TrayPicture::Act);
        assert_eq!(model(vec![profile("b", StateWord::Paused, None)]).picture, TrayPicture::Paused);
    }

    #[test]
    fn the_tooltip_says_how_many_are_fresh_and_which_are_not() {
        let model = model(vec![
            profile("readonly", StateWord::Active, None),
            profile("admin", StateWord::NeedsSignIn, None),
        ]);
        assert_eq!(model.tooltip, "keyfob: 1 portal fresh · admin: sign in again");
    }

    #[test]
    fn an_end_is_told_in_days_that_are_there() {
        let ends = |left| model(vec![profile("admin", StateWord::Active, Some(left))]).tooltip;
        assert_eq!(ends(TimeDelta::hours(71)), "keyfob: 1 portal fresh · admin: ends in 2 days");
        assert_eq!(ends(TimeDelta::hours(24)), "keyfob: 1 portal fresh · admin: ends in 1 day");
        assert_eq!(ends(TimeDelta::hours(23)), "keyfob: 1 portal fresh · admin: ends within a day");
    }

    #[test]
    fn all_are_paused_at_once_and_resumed_at_once() {
        let (active, paused) = (profile("a", StateWord::Active, None), profile("b", StateWord::Paused, None));
        assert_eq!(model(vec![profile("a", StateWord::SignedOut, None)]).for_all, None);
        assert_eq!(model(vec![active, paused.clone()]).for_all, Some(ForAll::Pause));
        assert_eq!(model(vec![paused]).for_all, Some(ForAll::Resume));
    }

    #[test]
    fn a_profile_that_is_signed_out_offers_a_sign_in_only() {
        let rows =
            model(vec![profile("a", StateWord::SignedOut, None), profile("b", StateWord::Active, None)]).rows;
        assert_eq!(rows[0].actions, [(TrayAction::SignIn, "Sign in"), (TrayAction::Open, "Open")]);
        assert_eq!(rows[1].actions.len(), 6);
    }

    #[test]
    fn a_token_is_copied_only_where_there_is_one() {
        let mut held = profile("a", StateWord::Active, None);
        let offers = |profile: &ProfileShown| {
            actions(profile).iter().any(|(action, _)| *action == TrayAction::CopyToken)
        };
        assert!(!offers(&held));
        held.access_token = Some(AccessTokenShown { expires_at: DateTime::UNIX_EPOCH, assumed: false });
        assert!(offers(&held));
        assert!(TrayAction::ALL.iter().any(|action| action.id() == "copy-token"));
    }
}
