//! keyfob's benchmarks: every figure is a ratio against a floor measured in the same run. `make bench` runs them on release
//! builds; they are no tests and fail nothing, they say which bar is met.
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops where it cannot measure"
)]

mod bridge;
mod idle;
mod measure;
mod nginx;
mod proxy;
mod schedule;
#[cfg(target_os = "linux")]
mod screen;
mod store;
mod token;
#[cfg(target_os = "linux")]
mod window;

// Two threads: the portal of the bridge's benchmark answers in one while the other asks.
#[tokio::main]
async fn main() {
    let only: Option<String> = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("token") {
        token::from_a_running_keeper().await;
        token::without_a_keeper().await;
    }
    if wanted("store") {
        store::against_a_bare_sync();
        store::with_more_records();
        schedule::with_more_profiles().await;
    }
    if wanted("proxy") {
        proxy::one_hop().await;
    }
    if wanted("bridge") {
        bridge::call_after_call().await;
    }
    if wanted("idle") {
        idle::with_a_hundred_profiles().await;
    }
    // Only where it is asked for: it needs a desktop (scripts/bench.sh gives it one).
    #[cfg(target_os = "linux")]
    if only.as_deref() == Some("window") {
        window::against_a_bare_one().await;
    }
}
