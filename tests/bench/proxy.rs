//! One hop through the loopback proxy against a bare proxy on hyper: time and processor time of a request, and the memory of many
//! open streams. nginx with a fixed header where it is installed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyfob_agent::ports::Ports;
use keyfob_core::identity::ProfileName;
use keyfob_core::resource::CheckedUrl;
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_tests::{Keyfob, Running, portal};

use crate::measure::{line, median, percentile, ratio};
use crate::nginx::Nginx;

const ROUNDS: usize = 7;
const REQUESTS: usize = 3_200;
const STREAMS: usize = 1_000;
/// The bar of one hop against the bare proxy of the same run.
const BAR: f64 = 1.2;
/// The bar of one hop against nginx in the same run.
const NGINX_BAR: f64 = 1.3;
/// The bar of the proxy's memory under load.
const MEMORY_MIB: f64 = 12.0;

/// A way to the echo server: whom to ask, with which path, and whose processor time counts.
struct Way {
    name: &'static str,
    port: u16,
    path: String,
    pid: Option<u32>,
}

pub(crate) async fn one_hop() {
    let (echo, echo_port) = floor(&["echo"]);
    let (bare, bare_port) = floor(&["pass", &echo_port.to_string()]);
    let nginx = Nginx::passing_to(echo_port);
    let (user, keeper, (port, path)) = linked(echo_port).await;
    let plain = |name, port, pid| Way { name, port, path: "/mcp".into(), pid };
    let mut ways = vec![
        plain("no proxy at all", echo_port, None),
        plain("a bare proxy on hyper", bare_port, Some(bare.0.id())),
        Way { name: "keyfob's proxy", port, path, pid: Some(keeper.pid()) },
    ];
    match &nginx {
        Some(nginx) => ways.push(plain("nginx, a fixed header", nginx.port, Some(nginx.pid()))),
        None => println!("\nNOT MEASURED: nginx is not installed (scripts/setup.sh bench)"),
    }
    for connections in [1, 32] {
        println!("\nA request of 230 bytes there and back, {REQUESTS} on {connections} kept connection(s)");
        under_load(&ways, connections);
    }
    let memory = memory(keeper.pid());
    println!(
        "  keyfob: peak memory of the keeper {memory:.1} MiB   bar {MEMORY_MIB} MiB: {}",
        verdict(memory <= MEMORY_MIB)
    );
    println!("\n{STREAMS} open event streams");
    for way in &ways[1..] {
        open_streams(way);
    }
    keeper.terminate();
    drop((echo, bare, nginx, user));
}

/// What one way took, over all rounds.
#[derive(Default)]
struct Taken {
    each: Vec<Duration>,
    work: Vec<Duration>,
}

fn under_load(ways: &[Way], connections: usize) {
    let mut taken: Vec<_> = ways.iter().map(|_| Taken::default()).collect();
    for _ in 0..ROUNDS {
        for (way, taken) in ways.iter().zip(&mut taken) {
            let before = way.pid.map(work);
            taken.each.extend(many(way, connections));
            let spent = way.pid.zip(before).map(|(pid, before)| work(pid).saturating_sub(before));
            taken.work.push(spent.unwrap_or_default() / u32::try_from(REQUESTS).unwrap_or(1));
        }
    }
    let figures: Vec<_> = taken
        .into_iter()
        .map(|taken| [percentile(taken.each.clone(), 50), percentile(taken.each, 99), median(taken.work)])
        .collect();
    for (at, what) in ["p50", "p99", "processor time"].iter().enumerate() {
        for (way, figure) in ways.iter().zip(&figures) {
            let floor = figures[1][at];
            // The bars speak of the middle and of the work; a tail depends on the machine.
            let bar = (way.name.starts_with("keyfob") && at != 1).then_some(BAR);
            if at < 2 || way.pid.is_some() {
                line(
                    &format!("{}: {what}", way.name),
                    figure[at],
                    ratio(figure[at], floor),
                    "the bare proxy",
                    bar,
                );
            }
        }
        if let (Some(nginx), 0 | 2) = (figures.get(3), at) {
            let name = format!("keyfob's proxy against nginx: {what}");
            line(&name, figures[2][at], ratio(figures[2][at], nginx[at]), "nginx", Some(NGINX_BAR));
        }
    }
}

/// What a thousand open event streams take.
fn open_streams(way: &Way) {
    let Some(pid) = way.pid else { return };
    let before = resident(pid);
    let streams: Vec<_> = (0..STREAMS).map_while(|_| stream(way)).collect();
    let each = (resident(pid) - before) * 1_024.0 / f64::from(u32::try_from(streams.len()).unwrap_or(1));
    println!("  {}: {} open streams, {each:.1} KiB each", way.name, streams.len());
}

fn stream(way: &Way) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", way.port)).ok()?;
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer x\r\n\r\n",
        way.path, way.port
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = [0; 512];
    let read = stream.read(&mut answer).ok()?;
    answer[..read].starts_with(b"HTTP/1.1 200").then_some(stream)
}

/// The time of each request, of so many in a row on each of some connections at once.
fn many(way: &Way, connections: usize) -> Vec<Duration> {
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..connections).map(|_| scope.spawn(|| in_a_row(way, REQUESTS / connections))).collect();
        runs.into_iter().flat_map(|run| run.join().expect("no panic")).collect()
    })
}

fn in_a_row(way: &Way, requests: usize) -> Vec<Duration> {
    let mut stream = TcpStream::connect(("127.0.0.1", way.port)).expect("a proxy");
    stream.set_nodelay(true).expect("a socket");
    let body = "x".repeat(230);
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-06-18\r\nContent-Length: 230\r\n\r\n{body}",
        way.path, way.port
    );
    let one = |_| {
        let began = Instant::now();
        stream.write_all(request.as_bytes()).expect("sent");
        let (mut answer, mut had) = ([0; 2_048], 0);
        while !answer[..had].ends_with(body.as_bytes()) {
            let read = stream.read(&mut answer[had..]).expect("an answer");
            assert!(read > 0, "{}", String::from_utf8_lossy(&answer[..had]));
            had += read;
        }
        began.elapsed()
    };
    (0..requests).map(one).collect()
}

/// A profile whose server is the echo server: signed in to at a portal, and pointed there afterwards.
async fn linked(echo: u16) -> (Keyfob, Running, (u16, String)) {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let url = format!("http://127.0.0.1:{echo}/mcp");
    let text = std::fs::read_to_string(user.profiles_toml()).expect("profiles.toml");
    user.write_profiles_toml(&text.replace(&portal.mcp_url(), &url));
    let ports = ports(&user);
    let name = ProfileName::parse("work").expect("a name");
    let mut record = ports.store.read(&name).await.expect("a store").expect("a record");
    let sign_in = record.sign_in.as_mut().expect("a sign-in");
    sign_in.url = CheckedUrl::parse(&url).expect("a URL");
    // No renewal in between: the portal ends with this function.
    sign_in.tokens.lifetime = chrono::TimeDelta::hours(8);
    ports.store.commit(&name, record.generation, &record).await.expect("written");
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    user.must(["link", "work", "cursor", "--via", "proxy"]).await;
    let text = std::fs::read_to_string(user.path(".cursor/mcp.json")).expect("Cursor's file");
    let address =
        text.split("http://127.0.0.1:").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    let (port, path) = address.split_once('/').expect("a path");
    (user, keeper, (port.parse().expect("a port"), format!("/{path}")))
}

fn ports(user: &Keyfob) -> Ports {
    struct Silent;
    impl keyfob_agent::ports::Notifier for Silent {
        fn notify(&self, _notice: &keyfob_agent::notice::Notice) {}
    }
    let paths = Paths::resolve(Some(user.home())).expect("a home");
    Composition::new(paths, std::sync::Arc::new(Silent)).ports().expect("ports")
}

/// A process that dies with this value.
struct Floor(Child);

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn floor(arguments: &[&str]) -> (Floor, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floor-proxy"));
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("the floor");
    let mut port = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut port).expect("its port");
    (Floor(child), port.trim().parse().expect("a port"))
}

/// Processor time so far, all threads.
#[cfg(target_os = "linux")]
fn work(pid: u32) -> Duration {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process"));
    let clock = nix::time::clock_getcpuclockid(pid).expect("its clock");
    clock.now().expect("a reading").into()
}

/// Not measured here.
#[cfg(not(target_os = "linux"))]
fn work(_pid: u32) -> Duration {
    Duration::ZERO
}

pub(crate) fn memory(pid: u32) -> f64 {
    status(pid, "VmHWM:")
}

fn resident(pid: u32) -> f64 {
    status(pid, "VmRSS:")
}

/// MiB.
fn status(pid: u32, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("procfs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the field");
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1_024.0
}

pub(crate) fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
