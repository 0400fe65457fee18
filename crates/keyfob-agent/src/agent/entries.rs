//! All profiles of the keeper, and what is known of them without looking at each: who is due next, who is renewed now, who
//! waits for the network, whose record is out of reach. An entry that was touched is looked at anew before the next nap
//! ([`Entries::settle`]), and no other one is: what a message costs does not grow with how many profiles there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfob_core::credential_state::Hold;
use keyfob_core::due_times::DueTimes;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;

use super::entry::Entry;
use crate::snapshot::ProfileShown;

/// The keeper's profiles.
#[derive(Default)]
pub(super) struct Entries {
    all: BTreeMap<ProfileName, Entry>,
    touched: BTreeSet<ProfileName>,
    gone: Vec<ProfileName>,
    renewals: DueTimes<ProfileName>,
    looks: DueTimes<ProfileName>,
    refreshing: BTreeSet<ProfileName>,
    offline: BTreeSet<ProfileName>,
    locked: BTreeSet<ProfileName>,
    /// The clocks when the due times of all were last worked out.
    worked_out: Option<Moment>,
    looked: Arc<AtomicU64>,
}

/// What the snapshot does not show yet.
pub(super) enum Change {
    /// This profile looks like this now.
    Shown(Arc<ProfileShown>),
    /// There is no such profile any more.
    Gone(ProfileName),
}

impl Entries {
    /// To look at only.
    pub(super) fn get(&self, name: &ProfileName) -> Option<&Entry> {
        self.count(1);
        self.all.get(name)
    }

    /// To change; it counts as touched.
    pub(super) fn touch(&mut self, name: &ProfileName) -> Option<&mut Entry> {
        self.count(1);
        let entry = self.all.get_mut(name)?;
        self.touched.insert(name.clone());
        Some(entry)
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let name = entry.profile.name.clone();
        self.touched.insert(name.clone());
        self.all.insert(name, entry);
    }

    pub(super) fn remove(&mut self, name: &ProfileName) -> Option<Entry> {
        let entry = self.all.remove(name)?;
        self.touched.insert(name.clone());
        self.gone.push(name.clone());
        Some(entry)
    }

    /// All of them: for what concerns every profile, such as a new `profiles.toml`.
    pub(super) fn names(&self) -> impl Iterator<Item = &ProfileName> {
        self.count(self.all.len());
        self.all.keys()
    }

    /// How often an entry has been looked at so far; shared with whoever wants to know.
    pub(super) fn looked(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.looked)
    }

    fn count(&self, entries: usize) {
        self.looked.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// Works out anew what is known of the entries touched since the last call, and gives what is to be shown of them.
    pub(super) fn settle(&mut self, now: &Moment) -> Vec<Change> {
        let mut changes: Vec<_> = self.gone.drain(..).map(Change::Gone).collect();
        for name in std::mem::take(&mut self.touched) {
            self.place(&name, now);
            self.count(1);
            let shown = self.all.get_mut(&name).and_then(|entry| entry.show(now));
            changes.extend(shown.map(Change::Shown));
        }
        changes
    }

    fn place(&mut self, name: &ProfileName, now: &Moment) {
        let entry = self.all.get(name);
        let at = |left| now.boot_ms_in(left);
        self.renewals.set(name, entry.and_then(|entry| entry.due_in(now)).map(at));
        self.looks.set(name, entry.and_then(|entry| entry.look_in(now)).map(at));
        mark(&mut self.refreshing, name, entry.is_some_and(|entry| entry.state.refreshing.is_some()));
        mark(&mut self.offline, name, entry.is_some_and(Entry::waits_for_network));
        mark(&mut self.locked, name, entry.is_some_and(|entry| matches!(entry.state.hold, Hold::Locked(_))));
    }

    /// Due times are kept by the boot clock. Where a record speaks in wall time alone (it was written before this boot), they
    /// shift with a wall clock that is set: then all are worked out anew.
    pub(super) fn heed_clocks(&mut self, now: &Moment) {
        if self.worked_out.as_ref().is_none_or(|before| before.is_parted_from(now)) {
            self.worked_out = Some(now.clone());
            self.touched.extend(self.all.keys().cloned());
        }
    }

    /// The boot clock's reading at the next renewal.
    pub(super) fn next_renewal(&self) -> Option<u64> {
        self.renewals.earliest()
    }

    /// Takes out one whose renewal is due; it is placed anew with the next [`Entries::settle`].
    pub(super) fn take_renewal(&mut self, now: &Moment) -> Option<ProfileName> {
        let name = self.renewals.take_due(now.boot_ms)?;
        self.touched.insert(name.clone());
        Some(name)
    }

    /// Takes out one that is due for a look; it is placed anew with the next [`Entries::settle`].
    pub(super) fn take_look(&mut self, now: &Moment) -> Option<ProfileName> {
        let name = self.looks.take_due(now.boot_ms)?;
        self.touched.insert(name.clone());
        Some(name)
    }

    /// Those whose renewal is due or under way.
    pub(super) fn asking(&self, now: &Moment) -> BTreeSet<ProfileName> {
        self.renewals.due(now.boot_ms).chain(&self.refreshing).cloned().collect()
    }

    /// Those that could not reach their server.
    pub(super) fn offline(&self) -> Vec<ProfileName> {
        self.offline.iter().cloned().collect()
    }

    /// At most `limit` of those whose record is out of reach, beginning behind `last`: round and round.
    pub(super) fn locked(&self, last: Option<&ProfileName>, limit: usize) -> Vec<ProfileName> {
        let behind = self.locked.iter().filter(|name| last.is_none_or(|last| *name > last));
        let before = self.locked.iter().filter(|name| last.is_some_and(|last| *name <= last));
        behind.chain(before).take(limit).cloned().collect()
    }

    /// All whose record is out of reach.
    pub(super) fn all_locked(&self) -> Vec<ProfileName> {
        self.locked.iter().cloned().collect()
    }
}

fn mark(set: &mut BTreeSet<ProfileName>, name: &ProfileName, belongs: bool) {
    if !belongs {
        set.remove(name);
    } else if !set.contains(name) {
        set.insert(name.clone());
    }
}
