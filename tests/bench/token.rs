//! What it costs a program to ask for a token: from a running keeper, and with the keyring alone.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyfob_tests::{Keyfob, portal};

use crate::measure::{Candidate, line, medians, ratio};

const ROUNDS: usize = 7;
const RUNS: usize = 40;

/// `pizauth show`, the quickest peer, took 2.2 times as long as `true`, and 0.53 ms more, on the machine of the design notes.
const PEER_OVER_TRUE: f64 = 2.2;

/// Names a command of another program that prints a token it holds, to be measured in the same rounds: what it takes to get
/// there (an account, a daemon) is for whoever runs this to set up.
const PEER: &str = "KEYFOB_BENCH_PEER";

pub(crate) async fn from_a_running_keeper() {
    println!("\nA token from a running keeper (process start to end)");
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", portal.mcp_url().as_str()).await;
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let socket = user.path("floor.sock");
    answer_lines(&socket);

    let peer = std::env::var(PEER).unwrap_or_default();
    let mut candidates = vec![
        Candidate::process("true", || Command::new("true")),
        Candidate::process("floor: one line over a Unix socket", || {
            let mut floor = Command::new(env!("CARGO_BIN_EXE_floor-socket"));
            floor.arg(&socket);
            floor
        }),
        Candidate::process("keyfob token", || user.blocking_command(["token", "work"])),
    ];
    if peer.is_empty() {
        println!("  no peer beside it: {PEER}='pizauth show NAME' names one that is set up here");
    } else {
        candidates.push(Candidate::process(&peer, || words(&peer)));
    }
    let taken = medians(&mut candidates, ROUNDS, RUNS);
    for (candidate, time) in candidates.iter().zip(&taken) {
        let bar = (candidate.name == "keyfob token").then_some(PEER_OVER_TRUE);
        line(candidate.name, *time, ratio(*time, taken[0]), "true", bar);
    }
    keeper.terminate();
}

/// A command line without quotes.
fn words(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Answers every connection with one line as long as a token, on a thread that lives as long as the benchmark.
fn answer_lines(socket: &Path) {
    let listener = UnixListener::bind(socket).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut asked = String::new();
            let _ = BufReader::new(&stream).read_line(&mut asked);
            let _ = (&stream).write_all(&[b"t".repeat(64), b"\n".to_vec()].concat());
        }
    });
}

pub(crate) async fn without_a_keeper() {
    println!("\nA token without a keeper, the sealing key in the keyring");
    let Some(keyring) = Keyring::start() else {
        println!("  NOT MEASURED: dbus-daemon gnome-keyring-daemon or secret-tool is not there");
        return;
    };
    let user = Keyfob::new().with("KEYFOB_STORE", "keyring").with("DBUS_SESSION_BUS_ADDRESS", &keyring.bus);
    let portal = portal().await;
    user.sign_in_to("work", portal.mcp_url().as_str()).await;
    let account = key_id(&user);
    let mut candidates = [
        Candidate::process("floor: a bare read of the same keyring entry", || {
            let mut floor = Command::new(env!("CARGO_BIN_EXE_floor-keyring"));
            floor.arg(&account).env("DBUS_SESSION_BUS_ADDRESS", &keyring.bus);
            floor
        }),
        Candidate::process("keyfob token", || user.blocking_command(["token", "work"])),
        Candidate::process("secret-tool lookup", || {
            let mut tool = words("secret-tool lookup service benchmark");
            tool.env("DBUS_SESSION_BUS_ADDRESS", &keyring.bus);
            tool
        }),
    ];
    let taken = medians(&mut candidates, ROUNDS, RUNS);
    for (candidate, time) in candidates.iter().zip(&taken) {
        let bar = (candidate.name == "keyfob token").then_some(1.2);
        line(candidate.name, *time, ratio(*time, taken[0]), "the keyring read", bar);
    }
}

fn key_id(user: &Keyfob) -> String {
    let files = keyfob_tests::all_files(&user.home());
    let record = files.iter().find(|path| path.ends_with("store.toml")).expect("store.toml");
    let text = std::fs::read_to_string(record).expect("store.toml");
    let line = text.lines().find_map(|line| line.strip_prefix("key_id = ")).expect("a key id");
    line.trim_matches('"').to_owned()
}

/// GNOME Keyring on a bus of its own; both end when this is dropped.
struct Keyring {
    bus: String,
    daemons: Vec<Child>,
    _home: tempfile::TempDir,
}

impl Keyring {
    fn start() -> Option<Self> {
        let home = tempfile::tempdir().ok()?;
        let mut daemon = Command::new("dbus-daemon");
        daemon
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut daemon = daemon.spawn().ok()?;
        let mut bus = String::new();
        BufReader::new(daemon.stdout.take()?).read_line(&mut bus).ok()?;
        let bus = bus.trim().to_owned();
        let mut keyring = Command::new("gnome-keyring-daemon");
        keyring.args(["--foreground", "--unlock", "--components=secrets"]);
        keyring.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
        keyring.env("DBUS_SESSION_BUS_ADDRESS", &bus);
        let mut keyring =
            keyring.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        keyring.stdin.take()?.write_all(b"pass").ok()?;
        let started = Self { bus, daemons: vec![keyring, daemon], _home: home };
        started.takes_an_entry().then_some(started)
    }

    /// Waits until the keyring has made its first collection.
    fn takes_an_entry(&self) -> bool {
        let until = Instant::now() + Duration::from_secs(10);
        let mut tool = Command::new("secret-tool");
        tool.args(["store", "--label", "probe", "service", "benchmark"]).stdin(Stdio::null());
        tool.env("DBUS_SESSION_BUS_ADDRESS", &self.bus).stderr(Stdio::null());
        while Instant::now() < until {
            if tool.status().is_ok_and(|status| status.success()) {
                return true;
            }
        }
        false
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}
