//! When each of many things is due, in order: the next one is found, and one is moved, in steps that grow with the logarithm
//! of their number. Times are readings of the boot clock, which nobody sets.

use std::collections::{BTreeMap, BTreeSet};

/// Due times of things named by `K`, each at most once.
#[derive(Debug, Clone)]
pub struct DueTimes<K> {
    order: BTreeSet<(u64, K)>,
    of: BTreeMap<K, u64>,
}

impl<K> Default for DueTimes<K> {
    fn default() -> Self {
        Self { order: BTreeSet::new(), of: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> DueTimes<K> {
    /// From now on `key` is due at `boot_ms`, milliseconds of the boot clock; `None` for never.
    pub fn set(&mut self, key: &K, boot_ms: Option<u64>) {
        let before = match boot_ms {
            Some(at) => self.of.insert(key.clone(), at),
            None => self.of.remove(key),
        };
        if before == boot_ms {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, key.clone()));
        }
        if let Some(at) = boot_ms {
            self.order.insert((at, key.clone()));
        }
    }

    /// The earliest due time.
    pub fn earliest(&self) -> Option<u64> {
        self.order.first().map(|(at, _)| *at)
    }

    /// All that are due at `boot_ms`, the longest overdue first.
    pub fn due(&self, boot_ms: u64) -> impl Iterator<Item = &K> {
        self.order.iter().take_while(move |(at, _)| *at <= boot_ms).map(|(_, key)| key)
    }

    /// Takes one out that is due at `boot_ms`, the longest overdue first; it has no due time any more.
    pub fn take_due(&mut self, boot_ms: u64) -> Option<K> {
        if self.earliest()? > boot_ms {
            return None;
        }
        let (_, key) = self.order.pop_first()?;
        self.of.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::cmp::Ordering;

    use proptest::prelude::*;

    thread_local! {
        static COMPARED: Cell<u64> = const { Cell::new(0) };
    }

    /// A key that counts how often it is compared: the work that a queue does.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Counted(usize);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARED.set(COMPARED.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    /// Keys compared while one of `many` comes due, is taken out and gets its next time. All of them are due at the same
    /// instant, so that the keys themselves decide the order.
    fn work_of_one(many: usize) -> u64 {
        let mut times = DueTimes::default();
        (0..many).for_each(|number| times.set(&Counted(number), Some(7)));
        COMPARED.set(0);
        let due = times.take_due(7).unwrap();
        times.set(&due, Some(7));
        times.set(&Counted(many / 2), Some(7_000));
        COMPARED.get()
    }

    /// fault 50
    #[test]
    fn what_one_due_time_costs_grows_with_the_logarithm_of_their_number() {
        let work = [10, 1_000, 10_000].map(work_of_one);
        // A B-tree compares at most a node's eleven keys on each level; levels are one per factor of six.
        let most = |many: f64| 7.0 * 12.0 * (many.log(6.0) + 1.0);
        for (work, many) in work.into_iter().zip([10.0, 1_000.0, 10_000.0]) {
            let work = f64::from(u32::try_from(work).unwrap());
            assert!(work <= most(many), "{work} keys compared among {many}");
        }
    }

    proptest! {
        /// fault 50: held against a plain map that is searched from end to end.
        #[test]
        fn whatever_is_set_and_taken_the_order_is_that_of_a_plain_search(
            steps in prop::collection::vec((0u8..12, prop::option::of(0u64..30), 0u64..40), 0..200),
        ) {
            let mut times = DueTimes::default();
            let mut plain = BTreeMap::new();
            for (key, at, now) in steps {
                times.set(&key, at);
                match at {
                    Some(at) => plain.insert(key, at),
                    None => plain.remove(&key),
                };
                let next = plain.iter().map(|(key, at)| (*at, *key)).min();
                prop_assert_eq!(times.earliest(), next.map(|(at, _)| at));
                let due = next.filter(|(at, _)| *at <= now).map(|(_, key)| key);
                prop_assert_eq!(times.due(now).count(), plain.values().filter(|at| **at <= now).count());
                prop_assert_eq!(times.take_due(now), due);
                if let Some(key) = due {
                    plain.remove(&key);
                }
            }
        }
    }
}
