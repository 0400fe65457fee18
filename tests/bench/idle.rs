//! What a keeper costs while nothing is to be done: memory and wake-ups.

use std::time::Duration;

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::Keyfob;

/// Long enough to see the longest nap twice.
const WATCHED: Duration = Duration::from_secs(61);

pub(crate) async fn with_a_hundred_profiles() {
    println!("\nAn idle keeper with 100 profiles, watched for {} s", WATCHED.as_secs());
    let user = Keyfob::new();
    // Tokens that end while it is watched would be renewed, which is no idleness.
    let options =
        PortalOptions { access_token_lifetime: Duration::from_hours(24), ..PortalOptions::default() };
    let portal = Portal::start(options).await.expect("a portal on a free port");
    for number in 0..100 {
        user.sign_in_to(&format!("p-{number}"), portal.mcp_url().as_str()).await;
    }
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    user.all_becomes(|status| {
        let profiles = status["profiles"].as_array().into_iter().flatten();
        profiles.filter(|profile| profile["state"] == "active").count() == 100
    })
    .await;
    // What its start left to do, the look at its own first lines in the journal for one, is done within a minute.
    tokio::time::sleep(WATCHED).await;
    let before = wake_ups(keeper.pid());
    tokio::time::sleep(WATCHED).await;
    let woke = wake_ups(keeper.pid()) - before;
    let memory = memory_kib(keeper.pid());
    let per_30_s = f64::from(u32::try_from(woke).unwrap_or(u32::MAX)) * 30.0 / WATCHED.as_secs_f64();
    let resident = field(format!("/proc/{}/status", keeper.pid()).as_ref(), "VmRSS:");
    println!("  memory (RSS)   {:>6.1} MiB   bar 12 MiB: {}", mib(resident), verdict(mib(resident) <= 12.0));
    println!("  memory (PSS)   {:>6.1} MiB", mib(memory));
    println!("  wake-ups       {per_30_s:>6.1} in 30 s  bar 1: {}", verdict(per_30_s <= 1.0));
    keeper.terminate();
}

pub(crate) fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

pub(crate) fn mib(kib: u32) -> f64 {
    f64::from(kib) / 1_024.0
}

/// How often any thread of the process was put to sleep by itself: each of these was a wake-up before.
pub(crate) fn wake_ups(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a running keeper");
    let one = |path: std::path::PathBuf| field(&path.join("status"), "voluntary_ctxt_switches:");
    threads.flatten().map(|thread| u64::from(one(thread.path()))).sum()
}

pub(crate) fn memory_kib(pid: u32) -> u32 {
    field(format!("/proc/{pid}/smaps_rollup").as_ref(), "Pss:")
}

fn field(path: &std::path::Path, name: &str) -> u32 {
    let text = std::fs::read_to_string(path).expect("procfs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the field");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
