//! Tokens, bridge and single calls against the demo portal, over real HTTP on loopback.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a played machine may fail loudly outside of test functions"
)]

mod asleep;
mod asleep_proxied;
mod machine;
mod night;
mod tokens;
mod whole_way;
