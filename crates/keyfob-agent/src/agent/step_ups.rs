//! Scopes that clients' requests needed and sign-ins lack (D8): the user is told, and decides whether a sign-in asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keyfob_core::credential::Credential;
use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use tokio::sync::watch;

/// How often the user is told about one profile; a server that is never content is not the user's to please.
const MOST_TOLD: u32 = 3;

/// What is asked for in addition to what a sign-in has, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepUp {
    /// The scopes.
    pub scopes: ScopeSet,
    /// The ids of the clients whose requests needed them.
    pub clients: BTreeSet<String>,
}

/// What is asked for of each profile; one without is not in it.
pub type Asked = BTreeMap<ProfileName, StepUp>;

/// What is wanted of each profile. Clones share it.
#[derive(Clone)]
pub(super) struct StepUps {
    asked: watch::Sender<Arc<Asked>>,
    told: watch::Sender<BTreeMap<ProfileName, u32>>,
}

impl Default for StepUps {
    fn default() -> Self {
        Self { asked: watch::Sender::new(Arc::default()), told: watch::Sender::new(BTreeMap::new()) }
    }
}

impl StepUps {
    /// What is asked for now; changes are waited for on the receiver.
    pub(super) fn watch(&self) -> watch::Receiver<Arc<Asked>> {
        self.asked.subscribe()
    }

    /// Adds what a client's request needed; true where the user is to be told.
    pub(super) fn add(&self, profile: &ProfileName, scopes: &ScopeSet, client: &str) -> bool {
        let before = self.of(profile);
        let is_new = !before.scopes.covers(scopes);
        if is_new && self.told.borrow().get(profile).is_some_and(|told| *told >= MOST_TOLD) {
            return false;
        }
        if !is_new && before.clients.contains(client) {
            return false;
        }
        self.asked.send_modify(|asked| {
            let of = Arc::make_mut(asked).entry(profile.clone()).or_default();
            of.scopes = of.scopes.union(scopes);
            of.clients.insert(client.to_owned());
        });
        if is_new {
            self.told.send_modify(|told| *told.entry(profile.clone()).or_default() += 1);
        }
        is_new
    }

    /// All that is wanted of a profile now.
    pub(super) fn of(&self, profile: &ProfileName) -> StepUp {
        self.asked.borrow().get(profile).cloned().unwrap_or_default()
    }

    /// A record was read: what is asked for is settled where the record has come by all of it, whoever brought it. A record that
    /// had it before proves nothing: its server may say so and refuse all the same.
    pub(super) fn is_met(
        &self,
        profile: &ProfileName,
        before: Option<&Credential>,
        now: &Credential,
    ) -> bool {
        let wanted = self.of(profile).scopes;
        let covers = |record: &Credential| granted(record).is_some_and(|granted| granted.covers(&wanted));
        !wanted.is_empty() && covers(now) && !before.is_some_and(covers)
    }

    /// A sign-in has asked for them, whatever it was given, or the user has said no; true where there was something.
    pub(super) fn settle(&self, profile: &ProfileName) -> bool {
        self.asked.send_if_modified(|asked| Arc::make_mut(asked).remove(profile).is_some())
    }
}

fn granted(record: &Credential) -> Option<&ScopeSet> {
    record.sign_in.as_ref()?.tokens.scopes.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> ProfileName {
        ProfileName::parse("work").unwrap()
    }

    /// D8
    #[test]
    fn the_user_is_told_once_for_the_same_scopes_and_three_times_at_most() {
        let (step_ups, name) = (StepUps::default(), work());
        let (write, admin) = (ScopeSet::parse("write"), ScopeSet::parse("admin"));
        assert!(step_ups.add(&name, &write, "cursor"));
        assert!(!step_ups.clone().add(&name, &write, "cursor"));
        assert!(step_ups.add(&name, &admin, "cursor"));
        assert!(step_ups.of(&name).scopes.covers(&ScopeSet::parse("admin write")));
        assert!(step_ups.settle(&name));
        assert!(step_ups.of(&name).scopes.is_empty());
        assert!(step_ups.add(&name, &write, "cursor"), "it was not granted");
        step_ups.settle(&name);
        assert!(!step_ups.add(&name, &write, "cursor"));
        assert!(!step_ups.settle(&name), "nothing is asked for any more");
    }

    /// D8
    #[test]
    fn every_client_that_asks_is_named_and_what_is_settled_is_forgotten() {
        let (step_ups, name) = (StepUps::default(), work());
        let mut seen = step_ups.watch();
        let write = ScopeSet::parse("write");
        step_ups.add(&name, &write, "cursor");
        assert!(!step_ups.add(&name, &write, "zed"), "the user knows of the scopes");
        let clients = seen.borrow_and_update()[&name].clients.clone();
        assert_eq!(clients.into_iter().collect::<Vec<_>>(), ["cursor", "zed"]);
        step_ups.settle(&name);
        assert!(seen.has_changed().unwrap() && seen.borrow().is_empty());
    }
}
