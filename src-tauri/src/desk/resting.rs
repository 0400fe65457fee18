//! Whether the app could begin anew this moment without anybody missing anything.

use std::sync::PoisonError;

use keyfob_core::credential_state::StateWord;
use keyfob_proxy::loopback_proxy::RunningProxy;

use super::Desk;

impl Desk {
    /// Nothing is under way, nothing that a person typed or is asked is held in memory alone, and no client is connected.
    pub(crate) fn is_at_rest(&self) -> bool {
        !self.busy.is_busy()
            && !self.passphrase.is_held()
            && self.sign_ins.watch().borrow().is_empty()
            && self.agent.step_ups().borrow().is_empty()
            && self.demo.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            && self.no_client_is_connected()
            && self.no_profile_is_being_renewed()
            && self.versions.runs_its_own_file()
    }

    fn no_client_is_connected(&self) -> bool {
        self.proxy.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_none_or(RunningProxy::is_idle)
    }

    fn no_profile_is_being_renewed(&self) -> bool {
        let snapshot = self.agent.snapshots().borrow().clone();
        let under_way = |state| matches!(state, StateWord::Refreshing | StateWord::SigningIn);
        !snapshot.profiles.iter().any(|profile| profile.signing_in || under_way(profile.state))
    }
}
