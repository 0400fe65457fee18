//! What keyfob tells its user unasked.

use keyfob_core::identity::ProfileName;

/// A notification: what happened and to which profile; words are made by whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The profile.
    pub profile: ProfileName,
    /// What people call it.
    pub label: String,
    /// What happened.
    pub kind: NoticeKind,
}

/// Kinds of notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// The sign-in has ended; the reason in words.
    SignInNeeded(String),
    /// The sign-in will end; in words such as "in 3 days".
    SignInEnds(String),
    /// A sign-in came back: the earlier notice is solved.
    Solved,
}
