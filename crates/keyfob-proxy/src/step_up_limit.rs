//! How often a person is asked for the same scopes (D8): three tokens that lack them are enough, and a no is a no.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::Fingerprint;

/// Tokens that are stepped up for the same scopes; what the third one lacks counts as denied, so that with the sign-in
/// before them a browser opens three times. Tokens, not requests: several requests under way with one token are one
/// step-up.
const STEPPED_UP: usize = 2;

/// Remembers what was asked for.
#[derive(Debug, Default)]
pub(crate) struct StepUpLimit {
    asked: Mutex<HashMap<Vec<String>, Asked>>,
}

#[derive(Debug, Default)]
struct Asked {
    lacking: HashSet<Fingerprint>,
    denied: bool,
}

impl StepUpLimit {
    /// True where a step-up may be tried for a token that lacks `wanted`.
    pub(crate) fn allows(&self, lacking: Fingerprint, wanted: &ScopeSet) -> bool {
        let mut all = self.all();
        let asked = all.entry(key(wanted)).or_default();
        if asked.denied || (asked.lacking.len() >= STEPPED_UP && !asked.lacking.contains(&lacking)) {
            return false;
        }
        asked.lacking.insert(lacking);
        true
    }

    /// The scopes were refused: never asked for again while this process lives.
    pub(crate) fn denied(&self, wanted: &ScopeSet) {
        self.all().entry(key(wanted)).or_default().denied = true;
    }

    /// The server is content: a later step-up for the same scopes counts anew.
    pub(crate) fn granted(&self, wanted: &ScopeSet) {
        self.all().remove(&key(wanted));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Vec<String>, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order of scopes means nothing.
fn key(scopes: &ScopeSet) -> Vec<String> {
    let mut names = scopes.names().to_vec();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D8
    #[test]
    fn the_third_token_that_lacks_the_same_scopes_is_not_stepped_up() {
        let limit = StepUpLimit::default();
        let (ab, ba, c) = (ScopeSet::parse("a b"), ScopeSet::parse("b a"), ScopeSet::parse("c"));
        for token in 1..=2 {
            assert!(limit.allows([token; 32], &ab));
            assert!(limit.allows([token; 32], &ba), "the same token twice is one step-up");
        }
        assert!(!limit.allows([3; 32], &ba));
        assert!(limit.allows([3; 32], &c));
        limit.granted(&ab);
        assert!(limit.allows([3; 32], &ab));
    }

    /// D8
    #[test]
    fn denied_scopes_are_remembered() {
        let limit = StepUpLimit::default();
        let scopes = ScopeSet::parse("a");
        assert!(limit.allows([1; 32], &scopes));
        limit.denied(&scopes);
        assert!(!limit.allows([1; 32], &scopes));
    }
}
