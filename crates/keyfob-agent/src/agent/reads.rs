//! Which records are read now: a few at once, each at most once at a time, and at the start those first that were written
//! last, because a renewal that was cut off is the last thing that was written. Pure; who may be read is told, not read here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use keyfob_core::identity::ProfileName;

/// More at once would keep a slow keyring or disk from whoever needs a token now.
const AT_ONCE: usize = 8;

/// All reads of this keeper.
#[derive(Default)]
pub(super) struct Reads {
    waiting: VecDeque<ProfileName>,
    asked: BTreeMap<ProfileName, Stage>,
    under_way: usize,
    /// False until it is known which records there are.
    begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    UnderWay,
    /// It may have changed since this read began.
    UnderWayAndAgain,
    /// It has changed, and what is there now is known: this read tells less.
    Outdated,
}

impl Reads {
    /// This record is to be read. Then ask [`Self::next`].
    pub(super) fn ask(&mut self, name: ProfileName) {
        match self.asked.get_mut(&name) {
            Some(Stage::Waiting | Stage::Outdated) => {}
            Some(under_way) => *under_way = Stage::UnderWayAndAgain,
            None => {
                self.asked.insert(name.clone(), Stage::Waiting);
                self.waiting.push_back(name);
            }
        }
    }

    /// Reading may begin, with these records first and in this order.
    pub(super) fn begin(&mut self, first: Vec<ProfileName>) {
        let named: BTreeSet<_> = first.iter().cloned().collect();
        let others: Vec<_> = self.waiting.drain(..).filter(|name| !named.contains(name)).collect();
        self.asked.extend(named.into_iter().map(|name| (name, Stage::Waiting)));
        self.waiting = first.into_iter().chain(others).collect();
        self.begun = true;
    }

    /// The next one that may be read; counted as under way from here on.
    pub(super) fn next(&mut self) -> Option<ProfileName> {
        if !self.begun || self.under_way >= AT_ONCE {
            return None;
        }
        let name = self.waiting.pop_front()?;
        self.asked.insert(name.clone(), Stage::UnderWay);
        self.under_way += 1;
        Some(name)
    }

    /// A journey has told what is there now: a read under way may have seen what was there before.
    pub(super) fn outdate(&mut self, name: &ProfileName) {
        if let Some(under_way @ (Stage::UnderWay | Stage::UnderWayAndAgain)) = self.asked.get_mut(name) {
            *under_way = Stage::Outdated;
        }
    }

    /// One has ended. False where what it saw is outdated: it is read once more.
    pub(super) fn ended(&mut self, name: &ProfileName) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        let stage = self.asked.remove(name);
        if matches!(stage, Some(Stage::UnderWayAndAgain | Stage::Outdated)) {
            self.ask(name.clone());
        }
        stage != Some(Stage::Outdated)
    }

    /// True once everything that was asked for has been read.
    pub(super) fn are_done(&self) -> bool {
        self.begun && self.asked.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProfileName {
        ProfileName::parse(text).unwrap()
    }

    fn started(reads: &mut Reads) -> Vec<String> {
        std::iter::from_fn(|| reads.next()).map(|name| name.to_string()).collect()
    }

    #[test]
    fn eight_are_read_at_once_and_each_that_ends_lets_the_next_begin() {
        let mut reads = Reads::default();
        (0..20).for_each(|n| reads.ask(name(&n.to_string())));
        assert_eq!(started(&mut reads), [""; 0], "nobody knows yet which records there are");
        reads.begin(Vec::new());
        assert_eq!(started(&mut reads), ["0", "1", "2", "3", "4", "5", "6", "7"]);
        reads.ended(&name("3"));
        assert_eq!(started(&mut reads), ["8"]);
    }

    /// trust rule 11
    #[test]
    fn what_was_written_last_is_read_first_and_also_records_without_a_profile() {
        let mut reads = Reads::default();
        for text in ["a", "b", "c"] {
            reads.ask(name(text));
        }
        reads.begin(["c", "gone", "a"].map(name).to_vec());
        assert_eq!(started(&mut reads), ["c", "gone", "a", "b"]);
        assert!(!reads.are_done());
        for text in ["a", "b", "c", "gone"] {
            reads.ended(&name(text));
        }
        assert!(reads.are_done());
    }

    #[test]
    fn a_read_that_a_journey_has_outdated_does_not_count_and_is_repeated_once() {
        let mut reads = Reads::default();
        reads.begin(Vec::new());
        reads.ask(name("a"));
        assert_eq!(started(&mut reads), ["a"]);
        reads.outdate(&name("a"));
        reads.ask(name("a"));
        assert!(!reads.ended(&name("a")));
        assert_eq!(started(&mut reads), ["a"]);
        assert!(reads.ended(&name("a")));
        assert!(reads.are_done());
    }

    #[test]
    fn one_that_is_asked_for_while_it_is_read_is_read_once_more() {
        let mut reads = Reads::default();
        reads.begin(Vec::new());
        (0..3).for_each(|_| reads.ask(name("a")));
        assert_eq!(started(&mut reads), ["a"]);
        (0..3).for_each(|_| reads.ask(name("a")));
        assert_eq!(started(&mut reads), [""; 0]);
        reads.ended(&name("a"));
        assert_eq!(started(&mut reads), ["a"]);
        reads.ended(&name("a"));
        assert!(reads.are_done());
    }
}
