//! The fault table at the doors people use: the real binary, the control socket and the bridge against a portal that breaks
//! on demand. `KEYFOB_DEEP=1` makes the long runs as long as the numbers say.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails with words")]

mod bounds;
mod callers;
mod in_process;
mod locks;
mod lost_answers;
mod namespaces;
mod odd_servers;
mod registrations;
mod single_flight;
mod soak;
mod step_ups;
mod strangers;
mod words;

/// Longer than anything that is waited for takes, on a machine that does much else.
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

/// `usual` in every run, `deep` where somebody takes the time.
fn times(usual: usize, deep: usize) -> usize {
    if std::env::var_os("KEYFOB_DEEP").is_some() { deep } else { usual }
}
