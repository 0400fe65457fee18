//! Entries of the journal: what happened, to which profile, for whom, how long it took, why it failed. Never a secret.

use chrono::{DateTime, Utc};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use serde::{Deserialize, Serialize};

/// One line of the journal. Members that came later are optional, so that lines of every version read.
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
    /// The cause in words, for failures; a detail, for successes.
    pub detail: Option<String>,
    /// The cause as [`Failure::code`], for failures.
    #[serde(default)]
    pub cause: Option<String>,
    /// The program it was done for.
    #[serde(default)]
    pub program: Option<Program>,
    /// How often, where one line stands for several events; `null` for once.
    #[serde(default)]
    pub times: Option<u64>,
}

/// A program on this machine that asked for something, as the system names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Program {
    /// Its process id; `null` where the system does not say, or where several processes are meant.
    pub pid: Option<u32>,
    /// The path of its executable, made fit to show; `null` where it could not be read.
    pub executable: Option<String>,
}

impl Program {
    /// What people are told it is: its executable's name.
    pub fn called(&self) -> &str {
        let path = self.executable.as_deref().unwrap_or("A program");
        path.rsplit(['/', '\\']).next().unwrap_or(path)
    }
}

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// The client's registration was changed in place at the server (RFC 7592).
    RegistrationUpdated,
    /// The user was reminded that the sign-in will end.
    Reminded,
    /// A token was written somewhere.
    Delivered,
    /// A token could not be written somewhere.
    DeliveryFailed,
    /// A token was handed to a program.
    HandedOut,
    /// A program asked for a token and got none.
    HandOutFailed,
    /// The user's `on_event` command failed.
    EventCommandFailed,
    /// A profile was deleted.
    Removed,
    /// The keeper started.
    KeeperStarted,
    /// The keeper ended.
    KeeperStopped,
    /// The machine slept, or the keeper's process was stopped: told afterwards, with how long.
    Slept,
}

impl JournalEvent {
    /// True for what did not go as it should.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::SignInFailed
                | Self::RenewalFailed
                | Self::SignInEnded
                | Self::DeliveryFailed
                | Self::HandOutFailed
                | Self::EventCommandFailed
        )
    }

    /// The word in the journal's JSON, in `on_event` and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::SignedIn => "signed-in",
            Self::SignInFailed => "sign-in-failed",
            Self::SignedOut => "signed-out",
            Self::Revoked => "revoked",
            Self::Renewed => "renewed",
            Self::RenewalFailed => "renewal-failed",
            Self::SignInEnded => "sign-in-ended",
            Self::RegistrationUpdated => "registration-updated",
            Self::Reminded => "reminded",
            Self::Delivered => "delivered",
            Self::DeliveryFailed => "delivery-failed",
            Self::HandedOut => "handed-out",
            Self::HandOutFailed => "hand-out-failed",
            Self::EventCommandFailed => "event-command-failed",
            Self::Removed => "removed",
            Self::KeeperStarted => "keeper-started",
            Self::KeeperStopped => "keeper-stopped",
            Self::Slept => "slept",
        }
    }
}

impl JournalEntry {
    /// An entry that says only what and when.
    pub fn new(at: DateTime<Utc>, event: JournalEvent) -> Self {
        Self {
            at,
            profile: None,
            event,
            duration_ms: None,
            detail: None,
            cause: None,
            program: None,
            times: None,
        }
    }

    /// About this profile.
    #[must_use]
    pub fn about(self, profile: &ProfileName) -> Self {
        Self { profile: Some(profile.clone()), ..self }
    }

    /// With a detail in words.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// With the failure that caused it.
    #[must_use]
    pub fn because(self, failure: &Failure) -> Self {
        Self { cause: Some(failure.code().to_owned()), detail: Some(failure.to_string()), ..self }
    }

    /// Done for this program.
    #[must_use]
    pub fn asked_by(self, program: Program) -> Self {
        Self { program: Some(program), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_same_word_everywhere() {
        use JournalEvent as E;
        let all = [
            E::Added,
            E::SignedIn,
            E::SignInFailed,
            E::SignedOut,
            E::Revoked,
            E::Renewed,
            E::RenewalFailed,
            E::SignInEnded,
            E::Reminded,
            E::Delivered,
            E::DeliveryFailed,
            E::HandedOut,
            E::HandOutFailed,
            E::EventCommandFailed,
            E::Removed,
            E::KeeperStarted,
            E::KeeperStopped,
            E::Slept,
        ];
        for event in all {
            assert_eq!(serde_json::to_value(event).unwrap(), event.word());
        }
    }

    /// fault 34: a journal outlives the program that wrote it.
    #[test]
    fn a_line_of_an_older_keyfob_reads_and_nothing_is_missing_in_a_new_one() {
        let old =
            r#"{"at":"2026-11-21T10:00:00Z","profile":"a","event":"renewed","duration_ms":12,"detail":null}"#;
        let entry: JournalEntry = serde_json::from_str(old).unwrap();
        assert_eq!((entry.event, entry.duration_ms, entry.times), (JournalEvent::Renewed, Some(12), None));
        let new: serde_json::Value = serde_json::to_value(&entry).unwrap();
        for member in ["at", "profile", "event", "duration_ms", "detail", "cause", "program", "times"] {
            assert!(new.get(member).is_some(), "{member} is missing");
        }
    }
}
