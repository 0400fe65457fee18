//! Whether all is well, in one sentence: for `systemctl status`, for `/health`, for anybody who watches from outside.

use chrono::{DateTime, Utc};
use keyfob_core::credential_state::StateWord;
use serde::Serialize;

use crate::snapshot::{ProfileShown, Snapshot};

/// The keeper's health. No account names and no server texts: it may be read by whoever watches machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// False where a person is needed.
    pub healthy: bool,
    /// The sentence.
    pub summary: String,
    /// Who is needed where.
    pub attention: Vec<Attention>,
}

/// A profile that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attention {
    /// Its name.
    pub profile: String,
    /// Its state.
    pub state: StateWord,
    /// The next step.
    pub hint: Option<String>,
}

/// What a snapshot says of health at `now`. A profile that was never signed in or was signed out needs nobody, a pause is somebody's
/// wish, and what passes by itself is left to pass.
pub fn health(snapshot: &Snapshot, now: DateTime<Utc>) -> Health {
    let needs = |profile: &&ProfileShown| matches!(profile.state, StateWord::NeedsSignIn | StateWord::Locked);
    let attention: Vec<_> = snapshot.each().filter(needs).map(attention).collect();
    let is_broken = snapshot.settings_problem.is_some();
    let mut sentences = Vec::new();
    if is_broken && snapshot.profiles.is_empty() {
        sentences.push("profiles.toml cannot be read, so no sign-in is kept alive".to_owned());
    } else {
        sentences.push(kept_alive(snapshot, now));
    }
    sentences.extend(attention.iter().map(|one| match one.state {
        StateWord::Locked => format!("{} waits for the store to be unlocked", one.profile),
        _ => format!("{} needs a sign-in", one.profile),
    }));
    if is_broken && !snapshot.profiles.is_empty() {
        sentences.push("profiles.toml cannot be read, the last good one is in force".to_owned());
    }
    let healthy = attention.is_empty() && !is_broken;
    Health { healthy, summary: sentences.join("; "), attention }
}

/// How many have a token that works, and how many only hope for one.
fn kept_alive(snapshot: &Snapshot, now: DateTime<Utc>) -> String {
    let is_tried = |profile: &&ProfileShown| {
        matches!(profile.state, StateWord::Active | StateWord::Refreshing | StateWord::Retrying)
    };
    let is_valid =
        |profile: &&ProfileShown| profile.access_token.as_ref().is_some_and(|token| token.expires_at > now);
    let all = snapshot.each().filter(is_tried).count();
    let valid = snapshot.each().filter(is_tried).filter(is_valid).count();
    match (valid, all - valid) {
        (1, 0) => "1 sign-in is kept alive".to_owned(),
        (valid, 0) => format!("{valid} sign-ins are kept alive"),
        (0, 1) => "1 sign-in has no valid token and is being retried".to_owned(),
        (valid, ended) => {
            let (have, are) =
                (if valid == 1 { "has" } else { "have" }, if ended == 1 { "is" } else { "are" });
            format!("{valid} of {all} sign-ins {have} a valid token; {ended} {are} being retried")
        }
    }
}

fn attention(profile: &ProfileShown) -> Attention {
    let hint = match profile.state {
        StateWord::Locked => profile.hint.clone(),
        _ => Some(format!("keyfob sign-in {}", profile.name)),
    };
    Attention { profile: profile.name.clone(), state: profile.state, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn said_of(states: &[(&str, &str)]) -> Health {
        health(&snapshot(states), at(1_000))
    }

    fn snapshot(states: &[(&str, &str)]) -> Snapshot {
        let profile = |(name, state): &(&str, &str)| {
            serde_json::json!({
                "name": name, "url": "https://mcp.example.com/mcp", "local": false, "state": state, "signing_in": false,
                "account": "ada@example.com", "scopes": [], "refreshes": 0, "failures": 0, "deliveries": [],
                "access_token": { "expires_at": at(if name.starts_with("ended") { 900 } else { 1_100 }) },
                "problem": "the server says: ada must go", "hint": "unlock the keyring"
            })
        };
        let profiles: Vec<_> = states.iter().map(profile).collect();
        serde_json::from_value(serde_json::json!({
            "version": "0", "agent": { "running": true, "kind": null, "pid": null },
            "store": { "backend": "key-file", "strength": "account-only", "problem": null, "hint": null },
            "settings_problem": null, "profiles": profiles
        }))
        .unwrap()
    }

    #[test]
    fn all_is_well_while_nobody_is_needed() {
        let said = said_of(&[("a", "active"), ("b", "retrying"), ("c", "paused"), ("d", "signed-out")]);
        assert_eq!((said.healthy, said.summary.as_str()), (true, "2 sign-ins are kept alive"));
        assert_eq!(said_of(&[("a", "active")]).summary, "1 sign-in is kept alive");
    }

    #[test]
    fn whoever_needs_a_person_is_named_with_the_next_step_and_without_accounts() {
        let said = said_of(&[("a", "active"), ("b", "needs-sign-in"), ("c", "locked")]);
        assert!(!said.healthy);
        let sentence = "1 sign-in is kept alive; b needs a sign-in; c waits for the store to be unlocked";
        assert_eq!(said.summary, sentence);
        let hints: Vec<_> = said.attention.iter().filter_map(|one| one.hint.as_deref()).collect();
        assert_eq!(hints, ["keyfob sign-in b", "unlock the keyring"]);
        assert!(!serde_json::to_string(&said).unwrap().contains("ada"));
    }

    #[test]
    fn settings_that_cannot_be_read_need_a_person() {
        let broken = |states| Snapshot { settings_problem: Some("line 2".into()), ..snapshot(states) };
        let said = health(&broken(&[("a", "active")]), at(1_000));
        let sentence = "1 sign-in is kept alive; profiles.toml cannot be read, the last good one is in force";
        assert_eq!((said.healthy, said.summary.as_str()), (false, sentence));
        let said = health(&broken(&[]), at(1_000));
        let sentence = "profiles.toml cannot be read, so no sign-in is kept alive";
        assert_eq!((said.healthy, said.summary.as_str()), (false, sentence));
    }

    #[test]
    fn a_sign_in_whose_token_has_ended_is_not_called_alive() {
        let (a, b, c) = (("a", "active"), ("ended-b", "retrying"), ("ended-c", "refreshing"));
        for (states, sentence) in [
            (&[a, b, c][..], "1 of 3 sign-ins has a valid token; 2 are being retried"),
            (&[a, ("d", "retrying"), b], "2 of 3 sign-ins have a valid token; 1 is being retried"),
            (&[b, c], "0 of 2 sign-ins have a valid token; 2 are being retried"),
            (&[b], "1 sign-in has no valid token and is being retried"),
        ] {
            let said = said_of(states);
            assert_eq!((said.healthy, said.summary.as_str()), (true, sentence));
        }
    }
}
