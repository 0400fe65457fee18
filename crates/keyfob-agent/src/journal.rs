//! Entries of the journal: what happened, to which profile, how long it took, why it failed. Never a secret.

use chrono::{DateTime, Utc};
use keyfob_core::identity::ProfileName;
use serde::{Deserialize, Serialize};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// The profile it is about.
    pub profile: Option<ProfileName>,
    /// What.
    pub event: JournalEvent,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The cause, for failures; a detail, for successes.
    pub detail: Option<String>,
}

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalEvent {
    /// A profile was made.
    Added,
    /// A sign-in succeeded.
    SignedIn,
    /// A sign-in failed.
    SignInFailed,
    /// The user signed out.
    SignedOut,
    /// A token was revoked at the server, or could not be.
    Revoked,
    /// A renewal succeeded.
    Renewed,
    /// A renewal failed and will be tried again.
    RenewalFailed,
    /// The server ended the sign-in.
    SignInEnded,
    /// A token was written somewhere.
    Delivered,
    /// A token could not be written somewhere.
    DeliveryFailed,
    /// A token was handed to a program.
    HandedOut,
    /// A profile was deleted.
    Removed,
    /// The keeper started.
    KeeperStarted,
    /// The keeper ended.
    KeeperStopped,
}
