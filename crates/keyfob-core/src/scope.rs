//! Scopes (RFC 6749 §3.3) and the order in which they are chosen (D6, D7, D8).

use serde::{Deserialize, Serialize};

/// Most scope names one set may hold; a server that sends more is cut there (fault 49).
const MAX_SCOPES: usize = 1_000;

/// An ordered set of scope names, as the wire's blank-separated list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeSet(Vec<String>);

impl ScopeSet {
    /// Reads a blank-separated list; names with characters outside RFC 6749 §3.3 are dropped.
    pub fn parse(text: &str) -> Self {
        Self::from_names(text.split(' ').map(str::to_owned))
    }

    /// Collects names in order, each once.
    pub fn from_names(names: impl IntoIterator<Item = String>) -> Self {
        let mut set = Vec::new();
        for name in names.into_iter().filter(|name| is_scope_token(name)).take(MAX_SCOPES) {
            if !set.contains(&name) {
                set.push(name);
            }
        }
        Self(set)
    }

    /// The names in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// True where no scope is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where `name` is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|n| n == name)
    }

    /// True where every name of `other` is in this set.
    pub fn covers(&self, other: &ScopeSet) -> bool {
        other.0.iter().all(|name| self.contains(name))
    }

    /// This set and what `other` adds to it (D8: a step-up asks for the union).
    #[must_use]
    pub fn union(&self, other: &ScopeSet) -> ScopeSet {
        Self::from_names(self.0.iter().chain(&other.0).cloned())
    }

    /// The wire form: names joined by one blank; `None` for the empty set, because `scope=` is not a scope.
    pub fn to_wire(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.0.join(" "))
    }
}

fn is_scope_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// What a sign-in asks for, in the order of the MCP authorization pages: the user's own choice, else the challenge, else the
/// resource's `scopes_supported`, else nothing (D6). `offline_access` is added where the authorization server lists it,
/// because several servers give a refresh token only then (D7).
pub fn requested(
    configured: &ScopeSet,
    challenged: Option<&ScopeSet>,
    resource_supported: &ScopeSet,
    server_supported: &ScopeSet,
) -> ScopeSet {
    let base = if !configured.is_empty() {
        configured
    } else if let Some(challenged) = challenged {
        challenged
    } else {
        resource_supported
    };
    if server_supported.contains("offline_access") {
        return base.union(&ScopeSet::parse("offline_access"));
    }
    base.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> ScopeSet {
        ScopeSet::parse(text)
    }

    /// D6
    #[test]
    fn the_challenge_wins_over_what_the_resource_lists() {
        assert_eq!(requested(&s(""), Some(&s("a")), &s("b c"), &s("")), s("a"));
        assert_eq!(requested(&s(""), None, &s("b c"), &s("")), s("b c"));
        assert_eq!(requested(&s("x"), Some(&s("a")), &s("b c"), &s("")), s("x"));
        assert_eq!(requested(&s(""), None, &s(""), &s("")).to_wire(), None);
    }

    /// D7
    #[test]
    fn offline_access_is_added_only_where_the_server_lists_it() {
        assert_eq!(requested(&s(""), Some(&s("a")), &s(""), &s("a offline_access")), s("a offline_access"));
        assert_eq!(requested(&s(""), Some(&s("a")), &s("offline_access"), &s("a")), s("a"));
    }

    /// D8
    #[test]
    fn a_step_up_asks_for_the_union() {
        assert_eq!(s("a b").union(&s("b c")), s("a b c"));
        assert!(s("a b c").covers(&s("c a")) && !s("a").covers(&s("b")));
    }

    #[test]
    fn names_outside_the_grammar_are_dropped() {
        assert_eq!(s("a \"b\" c\\d e"), s("a e"));
    }
}
