//! Whether all is well, in one sentence: for `systemctl status`, for `/health`, for anybody who watches from outside.

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

/// What a snapshot says of health. A profile that was never signed in or was signed out needs nobody, a pause is somebody's
/// wish, and what passes by itself is left to pass.
pub fn health(snapshot: &Snapshot) -> Health {
    let needs = |profile: &&ProfileShown| matches!(profile.state, StateWord::NeedsSignIn | StateWord::Locked);
    let attention: Vec<_> = snapshot.each().filter(needs).map(attention).collect();
    let alive = |profile: &&ProfileShown| {
        matches!(profile.state, StateWord::Active | StateWord::Refreshing | StateWord::Retrying)
    };
    let alive = snapshot.each().filter(alive).count();
    let mut sentences = vec![match alive {
        1 => "1 sign-in is kept alive".to_owned(),
        alive => format!("{alive} sign-ins are kept alive"),
    }];
    sentences.extend(attention.iter().map(|one| match one.state {
        StateWord::Locked => format!("{} waits for the store to be unlocked", one.profile),
        _ => format!("{} needs a sign-in", one.profile),
    }));
    if snapshot.settings_problem.is_some() {
        sentences.push("profiles.toml cannot be read, the last good one is in force".to_owned());
    }
    let healthy = attention.is_empty() && snapshot.settings_problem.is_none();
    Health { healthy, summary: sentences.join("; "), attention }
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

    fn snapshot(states: &[(&str, &str)]) -> Snapshot {
        let profile = |(name, state): &(&str, &str)| {
            serde_json::json!({
                "name": name, "url": "https://mcp.example.com/mcp", "local": false, "state": state, "signing_in": false,
                "account": "ada@example.com", "scopes": [], "refreshes": 0, "failures": 0, "deliveries": [],
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
        let said =
            health(&snapshot(&[("a", "active"), ("b", "retrying"), ("c", "paused"), ("d", "signed-out")]));
        assert_eq!((said.healthy, said.summary.as_str()), (true, "2 sign-ins are kept alive"));
        assert_eq!(health(&snapshot(&[("a", "active")])).summary, "1 sign-in is kept alive");
    }

    #[test]
    fn whoever_needs_a_person_is_named_with_the_next_step_and_without_accounts() {
        let said = health(&snapshot(&[("a", "active"), ("b", "needs-sign-in"), ("c", "locked")]));
        assert!(!said.healthy);
        let sentence = "1 sign-in is kept alive; b needs a sign-in; c waits for the store to be unlocked";
        assert_eq!(said.summary, sentence);
        let hints: Vec<_> = said.attention.iter().filter_map(|one| one.hint.as_deref()).collect();
        assert_eq!(hints, ["keyfob sign-in b", "unlock the keyring"]);
        assert!(!serde_json::to_string(&said).unwrap().contains("ada"));
    }

    #[test]
    fn settings_that_cannot_be_read_need_a_person() {
        let broken = Snapshot { settings_problem: Some("line 2".into()), ..snapshot(&[]) };
        let said = health(&broken);
        assert!(!said.healthy && said.summary.contains("profiles.toml"), "{said:?}");
    }
}
