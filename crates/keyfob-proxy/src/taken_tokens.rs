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
pub(crate) struct TakenTokens(Mutex<HashMap<(ProfileName, String), Told>>);

impl TakenTokens {
    /// A client got this token, or why it got none.
    pub(crate) fn note(
        &self,
        ports: &Ports,
        profile: &ProfileName,
        taker: &Taker,
        outcome: Result<Fingerprint, &Failure>,
    ) {
        let told = outcome.map_or_else(|failure| Told::Failure(failure.code()), Told::Token);
        let key = (profile.clone(), taker.words.clone());
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, told);
        if before == Some(told) {
            return;
        }
        let of = |event| JournalEntry::new(ports.clock.now().wall, event).about(profile);
        let entry = match outcome {
            Ok(_) => of(JournalEvent::HandedOut).saying(&taker.words),
            Err(failure) => {
                of(JournalEvent::HandOutFailed).because(failure).saying(format!("{}: {failure}", taker.words))
            }
        };
        ports.journal.append(&JournalEntry { program: taker.program.clone(), ..entry });
    }
}
