//! The keys of clients that are linked through the loopback proxy.

use std::sync::Arc;

use keyfob_core::failure::StoreProblem;
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::Fingerprint;

/// What a client's key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The client's id.
    pub client: String,
    /// The one profile.
    pub profile: ProfileName,
}

/// The keys of linked clients. Only their SHA-256 is kept.
pub trait ClientKeys: Send + Sync {
    /// What the key of this SHA-256 opens, in a time that does not depend on the keys that are known. A key that was taken
    /// back opens nothing from the next call on.
    fn opens(&self, presented: &Fingerprint) -> Option<Arc<Opened>>;

    /// Takes back every key that opens `profile`; none is no error.
    fn revoke_all(&self, profile: &ProfileName) -> Result<(), StoreProblem>;
}
