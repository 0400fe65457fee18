//! Exit codes, a contract: 0 done · 1 a bug · 2 usage · 3 no such profile · 4 sign-in needed · 5 temporary · 6 store not
//! usable · 7 the server misbehaves or is incompatible · 8 declined or timed out.

use keyfob_core::failure::{Failure, SignInNeeded};

/// The code for a failure.
pub(crate) fn of(failure: &Failure) -> u8 {
    match failure {
        Failure::Bug(_) => 1,
        Failure::Usage(_) => 2,
        Failure::NoSuchProfile(_) => 3,
        // No new sign-in mends what the operator gave.
        Failure::SignInNeeded(SignInNeeded::ClientRefused(_))
        | Failure::AuthorizationServerMisbehaved(_)
        | Failure::AuthorizationServerIncompatible(_)
        | Failure::ClientRejected(_) => 7,
        Failure::SignInNeeded(_) => 4,
        Failure::Temporary(_) => 5,
        Failure::StoreUnavailable(_) => 6,
        Failure::UserDeclined(_) | Failure::SignInTimedOut => 8,
    }
}
