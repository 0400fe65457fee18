//! The steps that are this machine's own: the sealed store, who renews, and the places tokens are written to.

use super::{Finding, Step};
use crate::failure::{Failure, StoreProblem};

/// Where the sealing key lies and what that protects from. `backend` and `strength` are `status`'s words.
pub fn store(backend: &str, strength: &str, problem: Option<StoreProblem>) -> Finding {
    if let Some(problem) = problem {
        let hint = problem.hint();
        return Finding::fail(Step::Store, Failure::from(problem)).for_user(hint);
    }
    Finding::pass(
        Step::Store,
        format!("the sealing key lies in {backend} ({strength}): {}", protects(strength)),
    )
}

fn protects(strength: &str) -> &'static str {
    match strength {
        "keyring" => "it opens with your session",
        "passphrase" => "it opens with your passphrase alone",
        "machine" => "it opens on this machine alone",
        _ => "it protects copies and backups, not this account",
    }
}

/// Who renews on this machine; `keeper` is its kind and process id.
pub fn keeper(keeper: Option<(&str, u32)>) -> Finding {
    match keeper {
        Some((kind, pid)) => Finding::pass(Step::Keeper, format!("runs ({kind}, pid {pid})")),
        None => Finding::warn(Step::Keeper, "none runs: tokens are renewed only when they are asked for")
            .for_user("start the tray app, or: keyfob agent --install"),
    }
}

/// Where tokens are written: each place, and why it could not be written to.
pub fn deliveries(places: &[(String, Option<StoreProblem>)]) -> Finding {
    let step = Step::Deliveries;
    let troubles: Vec<_> = places
        .iter()
        .filter_map(|(place, problem)| Some(format!("{place}: {}", problem.as_ref()?)))
        .collect();
    match (places.len(), troubles.as_slice()) {
        (0, _) => Finding::skip(step, "the token is written nowhere"),
        (1, []) => Finding::pass(step, "the one place can be written to"),
        (n, []) => Finding::pass(step, format!("all {n} places can be written to")),
        (_, troubles) => Finding::warn(step, troubles.join("; "))
            .for_user("make room for it, or correct `deliver` in profiles.toml"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Verdict;

    /// V18
    #[test]
    fn the_level_of_the_store_is_named_and_a_locked_one_says_how_to_open_it() {
        let told = store("key-file", "account-only", None);
        assert!(told.words.contains("key-file (account-only)") && told.words.contains("not this account"));
        let locked = store("secret-service", "keyring", Some(StoreProblem::Locked));
        assert_eq!((locked.verdict, locked.advice.user), (Verdict::Fail, Some(StoreProblem::Locked.hint())));
    }

    #[test]
    fn a_missing_keeper_and_a_place_in_the_way_are_warned_of() {
        assert_eq!(keeper(None).verdict, Verdict::Warn);
        assert_eq!(keeper(Some(("app", 7))).words, "runs (app, pid 7)");
        let bad =
            deliveries(&[("a".into(), None), ("b".into(), Some(StoreProblem::Unsafe("a link".into())))]);
        assert!(bad.verdict == Verdict::Warn && bad.words.starts_with("b: "));
        assert_eq!(deliveries(&[]).verdict, Verdict::Skip);
        assert_eq!(deliveries(&[("a".into(), None)]).verdict, Verdict::Pass);
    }
}
