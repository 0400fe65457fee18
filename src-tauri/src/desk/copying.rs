//! A token for the clipboard, asked for in the tray. No page is involved: it goes from the keeper to the clipboard, and the
//! journal says that it went.

use keyfob_agent::journal::{JournalEntry, JournalEvent, Program};
use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;

use super::Desk;
use crate::shell::clipboard::Loan;

/// What the journal calls it.
const CLIPBOARD: &str = "clipboard";

impl Desk {
    /// Copies a valid token, renewed first if needed; it is taken out again by itself.
    pub(crate) async fn copy_token(&self, name: &ProfileName) -> Result<(), Failure> {
        let begun = self.busy.begin();
        let lent = self.lend_token(name).await;
        self.note_copy(name, lent.as_ref().err());
        let (clipboard, loan) = (self.clipboard.clone(), lent?);
        tauri::async_runtime::spawn(async move {
            clipboard.end(loan).await;
            drop(begun);
        });
        Ok(())
    }

    async fn lend_token(&self, name: &ProfileName) -> Result<Loan, Failure> {
        let handed = self.agent.hand_out(name.clone(), HandOutRequest::default()).await?;
        self.clipboard.lend(handed.access_token).await
    }

    fn note_copy(&self, name: &ProfileName, failure: Option<&Failure>) {
        let ports = self.agent.ports();
        let program = Program { pid: None, executable: Some(CLIPBOARD.into()) };
        let of =
            |event| JournalEntry::new(ports.clock.now().wall, event).about(name).asked_by(program.clone());
        ports.journal.append(&match failure {
            None => of(JournalEvent::HandedOut),
            Some(failure) => of(JournalEvent::HandOutFailed).because(failure),
        });
    }
}
