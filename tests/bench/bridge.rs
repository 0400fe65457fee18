//! The stdio bridge against a bare one and against mcp-remote: from the start to the first answer, then call after call, and memory. At
//! a portal without a sign-in, the same for all three.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use keyfob_demo::oddities::{McpSessions, Service};
use keyfob_tests::{Keyfob, portal_with};

use crate::measure::{line, median, percentile, ratio};
use crate::proxy::{memory, verdict};

const ROUNDS: usize = 5;
const CALLS: u32 = 1_000;
/// The bar of the first answer, against mcp-remote's.
const FIRST_BAR: f64 = 1.0 / 20.0;
/// The bar of one call against the bare bridge.
const CALL_BAR: f64 = 1.5;
const MEMORY_MIB: f64 = 12.0;

/// How one bridge is started.
type Start<'a> = Box<dyn Fn() -> Command + 'a>;

/// What the rounds of one bridge gave.
#[derive(Default)]
struct Taken {
    first: Vec<Duration>,
    each: Vec<Duration>,
    memory: f64,
}

pub(crate) async fn call_after_call() {
    println!("\nA stdio bridge: from its start to the first tool's answer, then {CALLS} calls in a row");
    let portal = portal_with(|o| {
        o.mcp.service = Service::OpenMcp;
        o.mcp.sessions = McpSessions::None;
    })
    .await;
    let url = portal.mcp_url();
    let user = Keyfob::new();
    // The first start makes the profile; what is measured is what a client does each day.
    drop(Bridge::begin(user.blocking_command(["connect", &url])));
    let node = PathBuf::from(std::env::var_os("KEYFOB_NODE").unwrap_or_else(|| "node".into()));
    let remote =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("real_clients/node_modules/mcp-remote/dist/proxy.js");
    let commands: [(&str, Start<'_>); 3] = [
        (
            "a bare bridge on hyper",
            Box::new(|| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_floor-bridge"));
                command.arg(&url);
                command
            }),
        ),
        ("keyfob connect", Box::new(|| user.blocking_command(["connect", &url]))),
        (
            "mcp-remote",
            Box::new(|| {
                let mut command = Command::new(&node);
                command.arg(&remote).arg(&url).arg("--allow-http").env("HOME", user.path(""));
                command
            }),
        ),
    ];
    let measured = if remote.exists() { 3 } else { 2 };
    if measured < 3 {
        println!("NOT MEASURED: mcp-remote is not installed (scripts/npm-packages.sh tests/real_clients)");
    }
    let mut taken: [Taken; 3] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, command), taken) in commands.iter().zip(&mut taken).take(measured) {
            round(command(), taken);
        }
    }
    tell(&commands.map(|(name, _)| name)[..measured], &taken);
}

fn round(command: Command, taken: &mut Taken) {
    let began = Instant::now();
    let mut bridge = Bridge::begin(command);
    bridge.call(2);
    taken.first.push(began.elapsed());
    for id in 3..CALLS + 3 {
        let began = Instant::now();
        bridge.call(id);
        taken.each.push(began.elapsed());
    }
    taken.memory = taken.memory.max(memory(bridge.child.id()));
}

fn tell(names: &[&str], taken: &[Taken; 3]) {
    let firsts: Vec<_> = taken.iter().take(names.len()).map(|taken| median(taken.first.clone())).collect();
    let last = firsts.len() - 1;
    for (at, name) in names.iter().enumerate() {
        let bar = (at == 1 && last == 2).then_some(FIRST_BAR);
        line(&format!("{name}: first answer"), firsts[at], ratio(firsts[at], firsts[last]), names[last], bar);
    }
    let middle = |taken: &Taken, percent| percentile(taken.each.clone(), percent);
    for (at, name) in names.iter().enumerate() {
        let bar = (at == 1).then_some(CALL_BAR);
        let (p50, p99) = (middle(&taken[at], 50), middle(&taken[at], 99));
        line(&format!("{name}: a call, p50"), p50, ratio(p50, middle(&taken[0], 50)), names[0], bar);
        line(&format!("{name}: a call, p99"), p99, ratio(p99, middle(&taken[0], 99)), names[0], None);
    }
    for (at, name) in names.iter().enumerate() {
        let bar = if at == 1 {
            format!("   bar {MEMORY_MIB} MiB: {}", verdict(taken[at].memory <= MEMORY_MIB))
        } else {
            String::new()
        };
        println!("  {name}: peak memory {:.1} MiB{bar}", taken[at].memory);
    }
}

/// A bridge whose session has begun; it ends with this value.
struct Bridge {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Bridge {
    fn begin(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the bridge starts");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut bridge = Self { child, input, output };
        let client = r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}"#;
        bridge.ask(1, "initialize", client);
        writeln!(bridge.input, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#)
            .expect("it reads");
        bridge
    }

    fn call(&mut self, id: u32) {
        self.ask(
            id,
            "tools/call",
            &format!(r#"{{"name":"echo","arguments":{{"text":"{}"}}}}"#, "x".repeat(64)),
        );
    }

    fn ask(&mut self, id: u32, method: &str, params: &str) {
        writeln!(self.input, r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
            .expect("it reads");
        let (wanted, mut answer) = (format!("\"id\":{id}"), String::new());
        while !answer.contains(&wanted) {
            answer.clear();
            assert!(self.output.read_line(&mut answer).expect("its output") > 0, "the bridge has ended");
        }
        assert!(answer.contains("\"result\""), "{answer}");
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
