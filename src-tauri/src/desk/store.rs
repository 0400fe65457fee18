//! Where the key is kept, as the window changes it: `keyfob store move`, with the passphrase typed in a dialog. A passphrase
//! stays in this process's memory for as long as the store needs it, and goes nowhere else.

use std::sync::{Arc, Mutex, PoisonError};

use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_platform::keyring_entries;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Backend;
use keyfob_platform::store::moving::{Moved, move_key};
use keyfob_platform::store::sealing_key::PassphrasePrompt;
use keyfob_platform::threads;
use zeroize::Zeroizing;

use super::Desk;

/// The passphrase of the store, once somebody has typed it.
#[derive(Clone, Default)]
pub(crate) struct TypedPassphrase(Arc<Mutex<Option<Zeroizing<String>>>>);

impl TypedPassphrase {
    /// Whoever asks gets what was typed last.
    pub(crate) fn prompt(&self) -> PassphrasePrompt {
        let typed = self.clone();
        Box::new(move || typed.now())
    }

    /// One was typed, and is nowhere but here.
    #[cfg(target_os = "linux")]
    pub(super) fn is_held(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn now(&self) -> Option<Zeroizing<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was there before comes back.
    fn replace(&self, next: Option<Zeroizing<String>>) -> Option<Zeroizing<String>> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), next)
    }
}

impl Desk {
    /// Moves the key; the keeper goes on meanwhile.
    pub(crate) async fn move_store(
        &self,
        to: Backend,
        typed: Option<Zeroizing<String>>,
    ) -> Result<Moved, Failure> {
        let _under_way = self.busy.begin();
        let (paths, passphrase) = (self.paths.clone(), self.passphrase.clone());
        let moved = threads::on_a_thread_or_here(move || moved(&paths, &passphrase, to, typed)).await;
        let moved = moved.map_err(|error| Failure::Bug(format!("the move ended: {error}")))?;
        self.agent.look_again(None).await;
        moved
    }

    /// Opens a store that waits for its passphrase. A wrong one changes nothing.
    pub(crate) async fn unlock_store(&self, typed: Zeroizing<String>) -> Result<(), Failure> {
        let before = self.passphrase.replace(Some(typed));
        let problem = self.agent.ports().store.status().await.problem;
        if let Some(wrong @ (StoreProblem::WrongPassphrase | StoreProblem::PassphraseNeeded)) = problem {
            self.passphrase.replace(before);
            return Err(wrong.into());
        }
        self.agent.look_again(None).await;
        Ok(())
    }

    /// Has the desktop ask for its keyring's passphrase; the keeper goes on as soon as it is open.
    pub(crate) async fn unlock_keyring(&self) -> Result<(), Failure> {
        keyring_entries::unlock().await?;
        self.agent.look_again(None).await;
        Ok(())
    }
}

/// The keeper opens records all the while: a new passphrase is there for it before any record needs it, and the old one until
/// none does.
fn moved(
    paths: &Paths,
    passphrase: &TypedPassphrase,
    to: Backend,
    typed: Option<Zeroizing<String>>,
) -> Result<Moved, Failure> {
    let before = passphrase.now();
    if to == Backend::Passphrase && typed.is_some() {
        passphrase.replace(typed);
    }
    let moved = move_key(paths, to, Some(passphrase.prompt()));
    match &moved {
        Err(_) => drop(passphrase.replace(before)),
        Ok(moved) if to != Backend::Passphrase && moved.unopened.is_empty() => drop(passphrase.replace(None)),
        Ok(_) => {}
    }
    moved
}

#[cfg(test)]
mod tests;
