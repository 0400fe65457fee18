//! What the tests at the doors share: a user of the `keyfob` binary with a home of their own, and portals to sign in to.
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a test kit fails by panicking, and its answers may be looked at or not"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails with words")]

mod files;
mod keyfob;
mod portals;
mod processes;
mod repeated;
mod running;
mod tls_door;
mod troubled_store;
mod visits;

pub use files::{all_files, mode, sealed_files};
pub use keyfob::{Keyfob, Output, is_root};
pub use portals::{portal, portal_with};
pub use processes::{ProcessWatch, ProcessesSeen};
pub use repeated::Repeated;
pub use running::Running;
pub use tls_door::TlsDoor;
pub use troubled_store::{DiskTrouble, TroubledStore};
pub use visits::{Visited, visit};
