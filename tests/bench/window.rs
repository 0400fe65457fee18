//! The tray app beside a bare Tauri app: from a click to a window whose button is drawn, and what each costs without a window.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keyfob_agent::control::client::ControlClient;
use tokio::net::UnixStream;

use crate::idle::{memory_kib, mib, verdict, wake_ups};
use crate::measure::{line, median, ratio};
use crate::screen::{Place, Screen};

/// Interleaved, a window of each in every round.
const ROUNDS: usize = if cfg!(debug_assertions) { 3 } else { 15 };
/// Long enough to see the longest nap twice; a debug build is run to see that this runs.
const WATCHED: Duration = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 61 });
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An app in the tray, or the bare one.
struct Shown {
    name: &'static str,
    child: Child,
    /// Where its button is; found out at the first window.
    place: Option<Place>,
}

pub(crate) async fn against_a_bare_one() {
    println!("\nThe tray app beside a bare Tauri app ({ROUNDS} windows of each)");
    let home = tempfile::tempdir().expect("a folder");
    write_profiles(home.path());
    let screen = Screen::open();
    let mut keyfob = Shown::start("keyfob", &["--hidden"], home.path());
    let mut bare = Shown::start("bare", &[], home.path());
    let socket = home.path().join("state/run/keeper.sock");
    eventually("the app keeps", || socket.exists()).await;
    // What a start leaves to do is done within a minute.
    tokio::time::sleep(WATCHED).await;
    without_a_window("before any window", &keyfob, &bare).await;
    let mut taken = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let times =
            [window_of(&mut keyfob, &screen, &socket).await, window_of(&mut bare, &screen, &socket).await];
        // The first of each finds its place, and fills the caches.
        if round > 0 {
            taken.iter_mut().zip(times).for_each(|(all, time)| all.push(time));
        }
    }
    let [ours, floor] = taken.map(median);
    line("a bare window, until its button is drawn", floor, 1.0, "itself", None);
    line("keyfob's window, until its button is drawn", ours, ratio(ours, floor), "a bare window", None);
    tokio::time::sleep(WATCHED).await;
    without_a_window("after the last was closed", &keyfob, &bare).await;
    keyfob.end();
    bare.end();
}

/// Portals that nobody has signed in to: each card has a button to be pressed.
fn write_profiles(home: &Path) {
    let one = |number: usize| {
        format!("[profiles.portal-{number}]\nurl = \"https://mcp{number}.example.com/mcp\"\n")
    };
    let all: Vec<_> = (0..5).map(one).collect();
    std::fs::write(home.join("profiles.toml"), all.concat()).expect("a file");
}

/// Processes, memory and wake-ups of both, watched at the same time.
async fn without_a_window(when: &str, keyfob: &Shown, bare: &Shown) {
    let before = [keyfob, bare].map(Shown::wake_ups);
    tokio::time::sleep(WATCHED).await;
    println!("  without a window, {when}, watched for {} s", WATCHED.as_secs());
    for (app, before) in [keyfob, bare].into_iter().zip(before) {
        let processes = app.processes();
        let woke = app.wake_ups().saturating_sub(before);
        let woke = f64::from(u32::try_from(woke).unwrap_or(u32::MAX)) * 30.0 / WATCHED.as_secs_f64();
        let pss = mib(processes.iter().map(|pid| memory_kib(*pid)).sum());
        let verdicts = if app.name == "keyfob" {
            format!(
                "   bars: no web process: {}, 60 MiB: {}, 1 wake-up: {}",
                verdict(app.web_processes() == 0),
                verdict(pss <= 60.0),
                verdict(woke <= 1.0)
            )
        } else {
            String::new()
        };
        let (name, count) = (app.name, processes.len());
        println!(
            "    {name:<8} {count} processes   PSS {pss:>6.1} MiB   {woke:>6.1} wake-ups in 30 s{verdicts}"
        );
    }
    let pss = |app: &Shown| f64::from(app.processes().iter().map(|pid| memory_kib(*pid)).sum::<u32>());
    println!("    memory   {:>6.2} x a bare Tauri app", pss(keyfob) / pss(bare));
}

/// Opens the window as a click in the tray does, waits until its button is drawn, and closes it again.
async fn window_of(app: &mut Shown, screen: &Screen, socket: &Path) -> Duration {
    let began = std::time::Instant::now();
    app.open(socket).await;
    let place = match app.place {
        Some(place) => {
            screen.wait(place, true).await;
            place
        }
        None => screen.button().await,
    };
    let took = began.elapsed();
    app.place = Some(place);
    // What it still does after its button is there is not for the next round.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let name = format!("^{}$", app.name);
    let closed =
        Command::new("xdotool").args(["search", "--onlyvisible", "--name", &name, "windowclose"]).status();
    assert!(closed.is_ok_and(|status| status.success()), "the window is closed");
    screen.wait(place, false).await;
    eventually("no web process is left", || app.web_processes() == 0).await;
    took
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < until, "in vain waited for: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Shown {
    fn start(name: &'static str, arguments: &[&str], home: &Path) -> Self {
        let program = if name == "keyfob" { built("keyfob-app") } else { built("examples/bare_window") };
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .env("KEYFOB_HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("scripts/bench.sh has built it");
        Self { name, child, place: None }
    }

    async fn open(&mut self, socket: &Path) {
        if self.name == "keyfob" {
            let stream = UnixStream::connect(socket).await.expect("the app listens");
            ControlClient::open(stream)
                .await
                .expect("it answers")
                .show_window()
                .await
                .expect("it shows its window");
        } else {
            let input = self.child.stdin.as_mut().expect("its input is ours");
            input.write_all(b"show\n").expect("it reads");
        }
    }

    /// The app's own process and everybody that it started.
    fn processes(&self) -> Vec<u32> {
        let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
            .expect("procfs")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, parent_of(pid)?)))
            .collect();
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
            next += 1;
        }
        family
    }

    fn web_processes(&self) -> usize {
        let is_web = |pid: &u32| {
            std::fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.contains("WebKitWebProcess"))
        };
        self.processes().iter().filter(|pid| is_web(pid)).count()
    }

    fn wake_ups(&self) -> u64 {
        self.processes().iter().map(|pid| wake_ups(*pid)).sum()
    }

    fn end(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// What cargo built beside this benchmark.
fn built(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a program has a path");
    own.parent().and_then(Path::parent).expect("deps/ lies beside the programs").join(name)
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in the middle may hold anything, brackets too.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
