//! Copies of clients' files, which may hold other parties' tokens in clear text: kept for as long as a link needs them.

use std::path::{Path, PathBuf};

use super::plan::Plan;
use super::{LinkError, Links, replaced};
use crate::ledger::{Ledger, Link};

impl Links<'_> {
    /// Deletes the copies that this plan made and that the links before it had, unless a link of `now` needs them or they hold
    /// what could not be put back: its owner was told where it stands.
    pub(super) fn drop_copies(&self, plan: &Plan, before: &Ledger, now: &Ledger) -> Result<(), LinkError> {
        let made = plan.keep.iter().map(|(kept, _)| kept.clone());
        let had = before.links.iter().flat_map(copies_of).chain(made);
        let is_needed = |kept: &PathBuf| {
            now.links.iter().flat_map(copies_of).any(|other| other == *kept)
                || plan.left.iter().any(|left| left.kept == *kept)
        };
        for kept in had.filter(|kept| !is_needed(kept)) {
            self.drop_copy(&kept)?;
        }
        Ok(())
    }

    fn drop_copy(&self, kept: &Path) -> Result<(), LinkError> {
        match self.read(kept)? {
            Some(bytes) => replaced(kept, self.machine.remove(kept, &bytes)),
            None => Ok(()),
        }
    }
}

fn copies_of(link: &Link) -> impl Iterator<Item = PathBuf> {
    let replaced = link.replaced.iter().map(|replaced| replaced.kept.clone());
    link.before.clone().into_iter().chain(replaced)
}
