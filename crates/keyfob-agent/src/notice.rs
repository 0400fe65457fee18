//! What keyfob tells its user unasked.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::identity::ProfileName;
use keyfob_core::reminders::Reminder;

/// A notification: what happened and to which profile; words are made by whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The profile; `None` for what concerns all of them.
    pub profile: Option<ProfileName>,
    /// What people call it.
    pub label: String,
    /// What happened.
    pub kind: NoticeKind,
}

/// Kinds of notices. At most one about each profile stands at a time: a new one takes the place of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// The sign-in will end.
    SignInEnds {
        /// When.
        at: DateTime<Utc>,
        /// What is left; zero or less where it is past.
        left: TimeDelta,
        /// `server`, `configured` or `learned`.
        known: &'static str,
        /// Whether "remind me tomorrow" makes sense.
        tomorrow: bool,
    },
    /// The sign-in has ended.
    SignInNeeded {
        /// The reason in words.
        why: String,
        /// How often this was said before.
        said_before: u32,
    },
    /// The client's registration ends, and the sign-in with it.
    RegistrationEnds {
        /// When.
        at: DateTime<Utc>,
        /// What is left.
        left: TimeDelta,
    },
    /// A client's request needs scopes that the sign-in lacks.
    MoreScopes {
        /// These.
        scopes: String,
        /// The client's id.
        client: String,
    },
    /// A code waits to be typed on any device with a browser.
    EnterCode {
        /// The code, fit to show.
        code: String,
        /// The name of the site to type it at.
        site: String,
        /// When it ends.
        until: DateTime<Utc>,
    },
    /// Nobody knows when the sign-in ends: a question to the user.
    EndUnknown,
    /// The store cannot be opened, so nothing is renewed: the reason in words.
    StoreLocked(String),
    /// What the last notice said is no longer so.
    Solved,
}

impl From<&Reminder> for NoticeKind {
    fn from(reminder: &Reminder) -> Self {
        match reminder {
            Reminder::SignInEnds { at, source, left, .. } => Self::SignInEnds {
                at: *at,
                left: *left,
                known: source.word(),
                tomorrow: reminder.can_wait_until_tomorrow(),
            },
            Reminder::SignInNeeded { why, told_before } => {
                Self::SignInNeeded { why: why.to_string(), said_before: *told_before }
            }
            Reminder::RegistrationEnds { at, left, .. } => Self::RegistrationEnds { at: *at, left: *left },
            Reminder::EndUnknown => Self::EndUnknown,
        }
    }
}
