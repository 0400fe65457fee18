//! Stretches in which nothing ran, for the journal: the machine slept, or this process was stopped. Read off the boot clock,
//! which runs through both, so that no system has to tell.

use keyfob_core::moment::Moment;

use crate::journal::{JournalEntry, JournalEvent};

/// The actor's naps are far shorter; a machine that is merely slow does not oversleep by so much.
const SHORTEST_MS: u64 = 2 * 60_000;

/// When the actor was awake last.
#[derive(Debug, Default)]
pub(super) struct Sleeps {
    awake_at_ms: Option<u64>,
}

impl Sleeps {
    /// To be called whenever the actor is awake: a line for the journal after a sleep.
    pub(super) fn awake(&mut self, now: &Moment) -> Option<JournalEntry> {
        let before = self.awake_at_ms.replace(now.boot_ms)?;
        let slept = now.boot_ms.saturating_sub(before);
        (slept >= SHORTEST_MS).then(|| JournalEntry {
            duration_ms: Some(slept),
            ..JournalEntry::new(now.wall, JournalEvent::Slept)
        })
    }
}
