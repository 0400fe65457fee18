//! How long a renewed token is only in memory: from the moment when its answer was read to the moment when its record is on
//! the disk. A crash in between costs a server's grace, or the sign-in where there is none.
//!
//! Timed by strace, which stops the program at nothing but the calls that are timed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::points::deep_runs;
use crate::session::{Backend, Session};
use crate::user::{NAME, User};

/// The aims on a quiet machine: 99 of 100 within the first, all within the second.
const MOST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(50);

/// When a traced call began, and how long it took.
struct Timed {
    call: String,
    began: Duration,
    took: Duration,
}

impl Timed {
    /// From what follows the time in a line such as `recvfrom(11<TCP:[…]>, "HTTP/1.1 …) = 691 <0.000021>`.
    fn read(began: Duration, text: &str) -> Option<Self> {
        let (call, took) = text.rsplit_once('<')?;
        Some(Self { call: call.to_owned(), began, took: seconds(took.strip_suffix('>')?)? })
    }

    fn ended(&self) -> Duration {
        self.began + self.took
    }
}

fn seconds(text: &str) -> Option<Duration> {
    Some(Duration::from_secs_f64(text.parse().ok()?))
}

/// The calls of a trace such as `71 1795255294.825774 recvfrom(…) = 691 <0.000021>`. A call during which another thread's was
/// written stands in two lines of its thread's, and is put together here.
fn calls(trace: &str) -> Vec<Timed> {
    let mut open = BTreeMap::new();
    let of_line = |line| -> Option<Timed> {
        let (thread, rest) = str::split_once(line, ' ')?;
        let (time, text) = rest.trim_start().split_once(' ')?;
        let time = seconds(time)?;
        if let Some(first) = text.strip_suffix("<unfinished ...>") {
            open.insert(thread, (time, first));
            return None;
        }
        if text.starts_with("<... ") {
            let ((began, first), end) = (open.remove(thread)?, text.split_once(" resumed>")?.1);
            return Timed::read(began, &format!("{}{end}", first.trim_end()));
        }
        Timed::read(time, text)
    };
    trace.lines().filter_map(of_line).collect()
}

/// From the last byte of the answer to the end of the folder's sync.
fn window(trace: &str, records: &Path) -> Option<Duration> {
    let calls = calls(trace);
    let read = |timed: &Timed| timed.call.starts_with("recvfrom(") && timed.call.contains("\"HTTP/1.1 200");
    let answered = calls.iter().rposition(read)?;
    let synced = format!("<{}>)", records.display());
    let synced = |timed: &&Timed| timed.call.starts_with("fsync(") && timed.call.contains(&synced);
    let durable = calls[answered..].iter().find(synced)?;
    Some(durable.ended().saturating_sub(calls[answered].ended()))
}

async fn window_of_a_renewal(user: &User) -> Duration {
    let trace = user.keyfob.path("trace");
    let renewal = user.keyfob.command(["refresh", NAME]);
    let renewal = renewal.as_std();
    let mut command = Command::new("strace");
    command.args(["-f", "--seccomp-bpf", "-ttt", "-T", "-y", "-e", "trace=recvfrom,fsync", "-o"]).arg(&trace);
    command.arg(renewal.get_program()).args(renewal.get_args()).env_clear();
    command.envs(renewal.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().await.expect("strace: scripts/setup.sh test");
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(trace).expect("a trace");
    let window = window(&text, &user.keyfob.home().join("data/credentials"));
    window.unwrap_or_else(|| panic!("no answer and then a synced folder in: {text}"))
}

/// Fault 3: the window that a crash can fall into is short.
#[tokio::test]
async fn a_renewed_token_is_on_the_disk_within_milliseconds() {
    let session = Session::with(Backend::KeyFile);
    let user = User::signed_in(&session).await;
    let mut windows = Vec::new();
    for _ in 0..if deep_runs().is_some() { 1000 } else { 100 } {
        windows.push(window_of_a_renewal(&user).await);
    }
    windows.sort_unstable();
    let at = |share: usize| windows[(windows.len() * share).div_ceil(100) - 1];
    let (half, most, all) = (at(50), at(99), at(100));
    println!("answer to durable: p50 {half:.1?}, p99 {most:.1?}, max {all:.1?} of {}", windows.len());
    // A busy machine holds some renewals up; half of them it does not hold up for long.
    assert!(half <= LONGEST, "p50 {half:?}");
    let quiet = std::env::var_os("KEYFOB_QUIET_MACHINE").is_some();
    assert!(!quiet || (most <= MOST && all <= LONGEST), "p99 {most:?}, max {all:?}");
}
