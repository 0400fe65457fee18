//! Which program got a token, for the journal. A busy client must not flood it: the first hand-out to a program is told at
//! once, and the next ones are counted and told as one line every ten minutes, and when the keeper ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;

use crate::journal::{JournalEntry, JournalEvent, Program};
use crate::ports::{Clock, Journal, Ports};

/// How long hand-outs are counted before they are told together.
pub const WINDOW: Duration = Duration::from_mins(10);

/// More programs at once than any desk has: then everything counted is told, and counting begins anew.
const MOST_COUNTED: usize = 256;

/// How far back a keyfob without keeper looks for a line like its own.
const LOOKED_BACK: usize = 50;

/// What makes two hand-outs one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    profile: ProfileName,
    executable: Option<String>,
    cause: Option<&'static str>,
}

struct Counted {
    since_boot_ms: u64,
    times: u64,
    latest: JournalEntry,
}

/// The hand-outs of one keeper.
pub struct HandOuts {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    counted: Mutex<BTreeMap<Kind, Counted>>,
}

impl HandOuts {
    /// Nothing counted yet.
    pub fn new(ports: &Ports) -> Self {
        Self {
            journal: Arc::clone(&ports.journal),
            clock: Arc::clone(&ports.clock),
            counted: Mutex::default(),
        }
    }

    /// A program asked for a token of `profile`; `failure` where it got none.
    pub fn note(&self, profile: &ProfileName, program: &Program, failure: Option<&Failure>) {
        let now = self.clock.now();
        self.tell_older_than(WINDOW, &now);
        let entry = entry(&now, profile, program, failure);
        let kind = kind(profile, program, failure);
        let mut counted = self.counted();
        if let Some(known) = counted.get_mut(&kind) {
            known.times += 1;
            let same = known.latest.program == entry.program;
            known.latest = entry;
            if !same && let Some(program) = &mut known.latest.program {
                program.pid = None;
            }
            return;
        }
        if counted.len() >= MOST_COUNTED {
            for counted in std::mem::take(&mut *counted).into_values() {
                self.tell(counted);
            }
        }
        self.journal.append(&entry);
        counted.insert(kind, Counted { since_boot_ms: now.boot_ms, times: 0, latest: entry });
    }

    /// Tells what has been counted for a whole window; called now and then while nobody asks.
    pub fn tell_due(&self) {
        self.tell_older_than(WINDOW, &self.clock.now());
    }

    /// Tells everything counted: the keeper ends.
    pub fn tell_all(&self) {
        self.tell_older_than(Duration::ZERO, &self.clock.now());
    }

    fn tell_older_than(&self, age: Duration, now: &Moment) {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let due = |counted: &Counted| now.boot_ms.saturating_sub(counted.since_boot_ms) >= age;
        let told: Vec<_> = self.counted().extract_if(.., |_, counted| due(counted)).collect();
        for (_, counted) in told {
            self.tell(counted);
        }
    }

    fn tell(&self, counted: Counted) {
        if counted.times > 0 {
            let times = Some(counted.times).filter(|times| *times > 1);
            self.journal.append(&JournalEntry { times, ..counted.latest });
        }
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<Kind, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same for a keyfob without keeper, which lives for one hand-out: it says nothing where its like was told within the
/// window, so that a script in a loop leaves one line in ten minutes. How often it asked is then not known.
pub fn note_alone(
    (journal, clock): (&dyn Journal, &dyn Clock),
    profile: &ProfileName,
    program: &Program,
    failure: Option<&Failure>,
) {
    let now = clock.now();
    let entry = entry(&now, profile, program, failure);
    let alike = |told: &JournalEntry| {
        let executable = |entry: &JournalEntry| entry.program.as_ref().and_then(|p| p.executable.clone());
        let age = (now.wall - told.at).to_std();
        told.event == entry.event
            && told.cause == entry.cause
            && executable(told) == executable(&entry)
            && age.is_ok_and(|age| age < WINDOW)
    };
    if !journal.read(Some(profile), LOOKED_BACK).iter().any(alike) {
        journal.append(&entry);
    }
}

fn kind(profile: &ProfileName, program: &Program, failure: Option<&Failure>) -> Kind {
    Kind {
        profile: profile.clone(),
        executable: program.executable.clone(),
        cause: failure.map(Failure::code),
    }
}

fn entry(now: &Moment, profile: &ProfileName, program: &Program, failure: Option<&Failure>) -> JournalEntry {
    let of = |event| JournalEntry::new(now.wall, event).about(profile).asked_by(program.clone());
    match failure {
        None => of(JournalEvent::HandedOut),
        Some(failure) => of(JournalEvent::HandOutFailed).because(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};
    use keyfob_core::failure::SignInNeeded;

    #[derive(Default)]
    struct Lines(Mutex<Vec<JournalEntry>>);

    impl Journal for Lines {
        fn append(&self, entry: &JournalEntry) {
            self.0.lock().unwrap().push(entry.clone());
        }
        fn read(&self, _profile: Option<&ProfileName>, _limit: usize) -> Vec<JournalEntry> {
            self.0.lock().unwrap().clone()
        }
    }

    /// A clock that stands still until it is moved.
    #[derive(Default)]
    struct Hands(Mutex<u64>);

    #[async_trait::async_trait]
    impl Clock for Hands {
        fn now(&self) -> Moment {
            let boot_ms = *self.0.lock().unwrap();
            let wall = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(boot_ms.cast_signed());
            Moment { wall, boot_ms, boot_id: "b".into() }
        }
        async fn sleep(&self, _duration: Duration) {}
    }

    fn desk() -> (HandOuts, Arc<Lines>, Arc<Hands>) {
        let (journal, clock) = (Arc::new(Lines::default()), Arc::new(Hands::default()));
        let hand_outs = HandOuts {
            journal: Arc::clone(&journal) as Arc<dyn Journal>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            counted: Mutex::default(),
        };
        (hand_outs, journal, clock)
    }

    fn program(pid: u32, executable: &str) -> Program {
        Program { pid: Some(pid), executable: Some(executable.into()) }
    }

    fn lines(journal: &Lines) -> Vec<(JournalEvent, Option<u64>, Option<u32>)> {
        let all = journal.0.lock().unwrap();
        all.iter().map(|e| (e.event, e.times, e.program.as_ref().unwrap().pid)).collect()
    }

    #[test]
    fn a_busy_client_leaves_one_line_at_once_and_one_with_the_count_later() {
        use JournalEvent::HandedOut;
        let (hand_outs, journal, clock) = desk();
        let a = ProfileName::parse("a").unwrap();
        for pid in 0..1_000 {
            hand_outs.note(&a, &program(pid, "/usr/bin/client"), None);
        }
        assert_eq!(lines(&journal), [(HandedOut, None, Some(0))], "the first is told at once");
        *clock.0.lock().unwrap() = 599_999;
        hand_outs.tell_due();
        assert_eq!(lines(&journal).len(), 1);
        *clock.0.lock().unwrap() = 600_000;
        hand_outs.tell_due();
        assert_eq!(lines(&journal)[1..], [(HandedOut, Some(999), None)], "several processes have no one pid");
        hand_outs.note(&a, &program(7, "/usr/bin/client"), None);
        assert_eq!(lines(&journal)[2..], [(HandedOut, None, Some(7))], "a new window begins");
        hand_outs.tell_all();
        assert_eq!(lines(&journal).len(), 3, "there was nothing more to tell");
    }

    #[test]
    fn programs_profiles_and_failures_are_counted_apart() {
        use JournalEvent::{HandOutFailed, HandedOut};
        let (hand_outs, journal, _clock) = desk();
        let (a, b) = (ProfileName::parse("a").unwrap(), ProfileName::parse("b").unwrap());
        let failure = Failure::from(SignInNeeded::SignedOut);
        hand_outs.note(&a, &program(1, "/x"), None);
        hand_outs.note(&a, &program(2, "/y"), None);
        hand_outs.note(&b, &program(1, "/x"), None);
        hand_outs.note(&b, &program(1, "/x"), Some(&failure));
        hand_outs.note(&b, &program(1, "/x"), Some(&failure));
        let events: Vec<_> = lines(&journal).into_iter().map(|(event, ..)| event).collect();
        assert_eq!(events, [HandedOut, HandedOut, HandedOut, HandOutFailed]);
        hand_outs.tell_all();
        assert_eq!(lines(&journal)[4..], [(HandOutFailed, None, Some(1))]);
        assert_eq!(journal.0.lock().unwrap()[4].cause.as_deref(), Some("signed-out"));
    }

    #[test]
    fn more_programs_than_can_be_counted_lose_no_hand_out() {
        let (hand_outs, journal, _clock) = desk();
        let a = ProfileName::parse("a").unwrap();
        for n in 0..3 * u32::try_from(MOST_COUNTED).unwrap() {
            hand_outs.note(&a, &program(n, &format!("/bin/{n}")), None);
            hand_outs.note(&a, &program(n, &format!("/bin/{n}")), None);
        }
        assert!(hand_outs.counted().len() <= MOST_COUNTED);
        hand_outs.tell_all();
        assert_eq!(lines(&journal).len(), 6 * MOST_COUNTED);
    }
}
