//! A token in the clipboard, on a person's word and for half a minute. Then it is taken out, unless something else is there by
//! then; also when the app ends, before a program that keeps clipboards could take it over. What was put there is remembered by
//! its fingerprint alone.

mod desktop;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyfob_agent::ports::Clock;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::secret::{AccessToken, Fingerprint};
use keyfob_platform::threads;

pub(crate) use desktop::DesktopClipboard;

/// How long a token stays: long enough to paste it once.
pub(crate) const KEPT: Duration = Duration::from_secs(30);
/// How often the time is looked at, so that a machine that slept takes it out soon after it woke.
const NAP: Duration = Duration::from_secs(1);

/// Where texts are copied to and pasted from.
pub(crate) trait Clipboard: Send {
    /// From now on it holds this text, which is a secret.
    fn hold(&mut self, text: &str) -> Result<(), String>;
    /// What it holds; `None` where that is no text.
    fn text(&mut self) -> Result<Option<String>, String>;
    /// From now on it holds nothing.
    fn clear(&mut self) -> Result<(), String>;
}

/// Lends tokens to the clipboard; clones lend to the same one.
#[derive(Clone)]
pub(crate) struct TokenClipboard {
    lent: Arc<Mutex<Lent>>,
    clock: Arc<dyn Clock>,
}

struct Lent {
    place: Box<dyn Clipboard>,
    /// Counts the loans: a token that was copied again stays its whole time.
    times: u64,
    token: Option<Fingerprint>,
}

/// One loan, to be ended.
#[derive(Debug)]
pub(crate) struct Loan(u64);

impl TokenClipboard {
    /// Nothing is lent yet.
    pub(crate) fn new(place: Box<dyn Clipboard>, clock: Arc<dyn Clock>) -> Self {
        Self { lent: Arc::new(Mutex::new(Lent { place, times: 0, token: None })), clock }
    }

    /// Puts a token there. Whoever does so ends the loan later.
    pub(crate) async fn lend(&self, token: AccessToken) -> Result<Loan, Failure> {
        let mine = self.clone();
        let lent = threads::on_a_thread_or_here(move || mine.lent().lend(&token)).await;
        let lent = lent.map_err(|error| Failure::Bug(format!("the clipboard: {error}")))?;
        Ok(lent.map_err(|why| StoreProblem::Io(format!("nothing could be copied: {why}")))?)
    }

    /// Waits until the loan's time is over, and takes the token out if it is still there.
    pub(crate) async fn end(&self, loan: Loan) {
        let begun = self.clock.now();
        let kept = chrono::TimeDelta::from_std(KEPT).unwrap_or_default();
        while begun.age(&self.clock.now()).is_some_and(|age| age < kept) {
            self.clock.sleep(NAP).await;
        }
        let mine = self.clone();
        let ended = threads::on_a_thread_or_here(move || mine.lent().take_back(Some(&loan))).await;
        if let Err(error) = ended {
            tracing::warn!(%error, "the clipboard was not looked at");
        }
    }

    /// Takes whatever is lent out at once: the app ends.
    pub(crate) fn end_all(&self) {
        self.lent().take_back(None);
    }

    fn lent(&self) -> MutexGuard<'_, Lent> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    fn lend(&mut self, token: &AccessToken) -> Result<Loan, String> {
        #[expect(clippy::disallowed_methods, reason = "a person asked for this token in the clipboard")]
        self.place.hold(token.expose_secret())?;
        self.times += 1;
        self.token = Some(token.fingerprint());
        Ok(Loan(self.times))
    }

    /// Only the newest loan ends anything: a later one has its own time.
    fn take_back(&mut self, loan: Option<&Loan>) {
        if loan.is_some_and(|loan| loan.0 != self.times) {
            return;
        }
        let Some(lent) = self.token.take() else { return };
        let there = self.place.text().map(|text| text.map(|text| AccessToken::new(text).fingerprint()));
        // What cannot be looked at may still be the token.
        let may_be_it = there.map_or(true, |there| there == Some(lent));
        if may_be_it && let Err(why) = self.place.clear() {
            tracing::warn!(%why, "a token may still be in the clipboard");
        }
    }
}

#[cfg(test)]
mod tests;
