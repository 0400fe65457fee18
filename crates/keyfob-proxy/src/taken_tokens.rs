//! Tokens that clients get through the bridge and the loopback proxy, for the journal: told once for each token and client, not
//! for each of the thousand requests that a client sends with one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyfob_agent::journal::{JournalEntry, JournalEvent, Program};
use keyfob_agent::ports::Ports;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::Fingerprint;

/// Who takes tokens, in words of our own and with the program, where that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taker {
    /// The program that uses them.
    pub program: Option<Program>,
    /// How, and for which linked client: `through the proxy, for cursor`.
    pub words: String,
}

/// What was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Token(Fingerprint),
    Failure(&'static str),
}

/// What was told of each profile and taker; as many as there are linked clients.
#[derive(Default)]
pub(crate) struct TakenTokens(Mutex<HashMap<ProfileName, HashMap<String, Told>>>);

impl TakenTokens {
    /// True where this outcome is another one than the last for this profile and taker, and is to be told.
    pub(crate) fn is_new(
        &self,
        profile: &ProfileName,
        taker: &str,
        outcome: Result<Fingerprint, &Failure>,
    ) -> bool {
        let told = outcome.map_or_else(|failure| Told::Failure(failure.code()), Told::Token);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of a thousand requests one is told: the others allocate nothing.
        if all.get(profile).and_then(|takers| takers.get(taker)) == Some(&told) {
            return false;
        }
        all.entry(profile.clone()).or_default().insert(taker.to_owned(), told);
        true
    }
}

impl Taker {
    /// Writes into the journal that it got a token, or why it got none.
    pub(crate) fn write(&self, ports: &Ports, profile: &ProfileName, outcome: Result<Fingerprint, &Failure>) {
        let of = |event| JournalEntry::new(ports.clock.now().wall, event).about(profile);
        let entry = match outcome {
            Ok(_) => of(JournalEvent::HandedOut).saying(&self.words),
            Err(failure) => {
                of(JournalEvent::HandOutFailed).because(failure).saying(format!("{}: {failure}", self.words))
            }
        };
        ports.journal.append(&JournalEntry { program: self.program.clone(), ..entry });
    }
}
