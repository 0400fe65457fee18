//! What the user has been told of a sign-in's end, kept in the record so that it is told once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::failure::SignInNeeded;
use crate::moment::Moment;

/// What the user has been told, kept in the sealed record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminded {
    /// The last mark before the sign-in's end.
    #[serde(default)]
    pub sign_in_ends: Option<ToldMark>,
    /// The last mark before the registration's end.
    #[serde(default)]
    pub registration_ends: Option<ToldMark>,
    /// The last "sign in again".
    #[serde(default)]
    pub needed: Option<ToldNeed>,
    /// Whether the question "when does this sign-in end?" was put; once per profile.
    #[serde(default)]
    pub asked_end: bool,
    /// "Remind me tomorrow".
    #[serde(default)]
    pub snoozed_until: Option<Moment>,
}

/// A mark that was told. All longer ones count as told with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldMark {
    /// The end it was told for; another end arms the marks again.
    pub end: DateTime<Utc>,
    /// The mark, in seconds before the end.
    pub mark_s: i64,
    /// When.
    pub at: Moment,
}

/// A "sign in again" that was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldNeed {
    /// Why; another reason is told at once.
    pub why: SignInNeeded,
    /// When last.
    pub at: Moment,
    /// How often.
    pub times: u32,
}

impl Reminded {
    /// A new sign-in has its own end: only the question is not put again.
    #[must_use]
    pub fn after_sign_in(&self) -> Self {
        Self { asked_end: self.asked_end, ..Self::default() }
    }
}
