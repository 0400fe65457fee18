//! Which renewals may fly now: at most four at one host at a time, none while the machine is about to sleep, and none to a
//! host that has not been reached since it woke (trust rule 10). Pure; who may start is told, not started here.

use std::collections::{BTreeMap, VecDeque};

use keyfob_core::credential_state::AttemptNumber;
use keyfob_core::identity::ProfileName;

/// More at once would look like an attack to a server, and gain nothing.
const PER_HOST: usize = 4;

/// One renewal, on its way or waiting for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) name: ProfileName,
    pub(super) attempt: AttemptNumber,
}

/// All renewals of this keeper.
#[derive(Default)]
pub(super) struct Flights {
    hosts: BTreeMap<String, Host>,
    grounded: bool,
}

#[derive(Default)]
struct Host {
    under_way: usize,
    waiting: VecDeque<Flight>,
    /// The machine has just woken: nobody knows yet whether there is a way to it.
    unreached: bool,
}

impl Flights {
    /// Lines a renewal up; `first` for one that somebody waits for, or whose outcome is not known. Then ask [`Self::next`].
    pub(super) fn line_up(&mut self, host: &str, flight: Flight, first: bool) {
        let waiting = &mut self.hosts.entry(host.to_owned()).or_default().waiting;
        if first { waiting.push_front(flight) } else { waiting.push_back(flight) }
    }

    /// Somebody waits for it now.
    pub(super) fn promote(&mut self, host: &str, name: &ProfileName) {
        let Some(host) = self.hosts.get_mut(host) else { return };
        let at = host.waiting.iter().position(|flight| flight.name == *name);
        if let Some(flight) = at.and_then(|at| host.waiting.remove(at)) {
            host.waiting.push_front(flight);
        }
    }

    /// The next renewal that may start at this host; counted as under way from here on.
    pub(super) fn next(&mut self, host: &str) -> Option<Flight> {
        let grounded = self.grounded;
        let host = self.hosts.get_mut(host)?;
        if grounded || host.unreached || host.under_way >= PER_HOST {
            return None;
        }
        let flight = host.waiting.pop_front()?;
        host.under_way += 1;
        Some(flight)
    }

    /// One has ended.
    pub(super) fn ended(&mut self, host: &str) {
        let Some(state) = self.hosts.get_mut(host) else { return };
        state.under_way = state.under_way.saturating_sub(1);
        if state.under_way == 0 && state.waiting.is_empty() && !state.unreached {
            self.hosts.remove(host);
        }
    }

    /// Gives up all that have not started.
    pub(super) fn give_up_waiting(&mut self) -> Vec<Flight> {
        self.hosts.values_mut().flat_map(|host| std::mem::take(&mut host.waiting)).collect()
    }

    /// True while any is under way.
    pub(super) fn any_under_way(&self) -> bool {
        self.hosts.values().any(|host| host.under_way > 0)
    }

    /// The machine is about to sleep: none starts any more.
    pub(super) fn ground(&mut self) {
        self.grounded = true;
    }

    /// The machine has woken: each of these hosts must be reached before anything is sent to it.
    pub(super) fn wake(&mut self, hosts: impl IntoIterator<Item = String>) {
        self.grounded = false;
        for host in hosts {
            self.hosts.entry(host).or_default().unreached = true;
        }
    }

    /// A connection to this host stood, or it has been waited for long enough.
    pub(super) fn reached(&mut self, host: &str) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.unreached = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(name: &str) -> Flight {
        Flight { name: ProfileName::parse(name).unwrap(), attempt: AttemptNumber::default() }
    }

    fn started(flights: &mut Flights, host: &str) -> Vec<String> {
        std::iter::from_fn(|| flights.next(host)).map(|flight| flight.name.to_string()).collect()
    }

    fn lined_up(names: &[&str]) -> Flights {
        let mut flights = Flights::default();
        for name in names {
            flights.line_up("a", flight(name), false);
        }
        flights
    }

    /// trust rule 10, fault 40
    #[test]
    fn four_fly_to_one_host_and_each_that_ends_lets_the_next_start() {
        let mut flights = lined_up(&["1", "2", "3", "4", "5", "6"]);
        flights.line_up("b", flight("7"), false);
        assert_eq!(started(&mut flights, "a"), ["1", "2", "3", "4"]);
        assert_eq!(started(&mut flights, "b"), ["7"]);
        flights.ended("a");
        assert_eq!(started(&mut flights, "a"), ["5"]);
        (0..5).for_each(|_| flights.ended("a"));
        assert_eq!(started(&mut flights, "a"), ["6"]);
        flights.ended("a");
        flights.ended("b");
        assert!(flights.hosts.is_empty() && !flights.any_under_way());
    }

    /// trust rule 11
    #[test]
    fn whoever_is_waited_for_and_whose_outcome_is_unknown_goes_first() {
        let mut flights = lined_up(&["1", "2", "3"]);
        flights.line_up("a", flight("cut"), true);
        flights.promote("a", &flight("3").name);
        assert_eq!(started(&mut flights, "a"), ["3", "cut", "1", "2"]);
    }

    /// trust rule 10, fault 23, fault 24
    #[test]
    fn none_starts_before_sleep_nor_to_a_host_that_was_not_reached_since() {
        let mut flights = lined_up(&["1", "2"]);
        flights.ground();
        assert_eq!(started(&mut flights, "a"), [""; 0]);
        flights.wake(["a".to_owned()]);
        assert_eq!(started(&mut flights, "a"), [""; 0]);
        flights.reached("a");
        assert_eq!(started(&mut flights, "a"), ["1", "2"]);
    }

    #[test]
    fn what_has_not_started_can_be_given_up() {
        let mut flights = lined_up(&["1", "2", "3", "4", "5"]);
        assert_eq!(started(&mut flights, "a").len(), 4);
        assert_eq!(flights.give_up_waiting(), [flight("5")]);
        assert!(flights.any_under_way());
    }
}
