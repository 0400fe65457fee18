//! The rules of keyfob: what a sign-in is, when it is due, what a server's words mean.
//!
//! Pure on purpose: no I/O, no async, no clock, no randomness of its own. Callers pass `now`, random bytes and received
//! bytes in; rules come out as values. Nothing here logs.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests look at what they made"))]

pub mod client_registration;
pub mod credential;
pub mod credential_state;
pub mod diagnosis;
pub mod discovery;
pub mod due_times;
pub mod failure;
pub mod grant;
pub mod identity;
pub mod import;
pub mod moment;
pub mod pauses;
pub mod profile;
pub mod refresh_schedule;
pub mod reminders;
pub mod resource;
pub mod scope;
pub mod secret;
pub mod server_text;
pub mod sign_in_end;
pub mod token_set;
