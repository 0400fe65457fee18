//! The clients that people use, as their makers publish them: linked by `keyfob link`, each in every way that it takes, and then asked by
//! their own commands whether they are connected to a portal that wants a sign-in. Needs this folder's npm packages installed;
//! `scripts/test.sh clients` does that. No client gets an account, a home of anybody's, or a way out to the internet.
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails with words, and says which client wanted the network"
)]

mod claude_code;
mod codex;
mod desk;
mod inspector;
mod listed;
mod sdks;
mod way_out;
