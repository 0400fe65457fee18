//! What a window leaves behind on Linux: the web view keeps its network process for as long as the app runs.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// Its name, as the kernel cuts it.
const NETWORK: &str = "WebKitNetworkPr";

/// Ends it. The web view takes a new one for the next window, as after a crash of that process.
pub(super) fn end() {
    for pid in children().into_iter().filter(|pid| is_network(*pid)) {
        if let Some(pid) = Pid::from_raw(pid)
            && let Err(error) = kill_process(pid, Signal::TERM)
        {
            tracing::debug!(%error, "the web view's network process stays");
        }
    }
}

/// True while one is there, if only to be waited for.
pub(super) fn are_left() -> bool {
    children().into_iter().any(is_network)
}

fn is_network(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == NETWORK)
}

/// This process's own; none where the kernel does not tell.
fn children() -> Vec<i32> {
    let Ok(threads) = Path::new("/proc/self/task").read_dir() else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
