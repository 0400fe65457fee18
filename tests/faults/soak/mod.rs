//! Everything at once, for thirty days of made time: the real keeper, the real store, and a second process beside it, while
//! answers are lost, servers are down, disks refuse, clocks are set, lids are closed and the machine dies in mid-flight.
//!
//! `KEYFOB_SOAK_SEED` plays one run again; `KEYFOB_SOAK_DAYS` makes it longer.

mod machine;
mod server;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_agent::ports::Ports;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::client_registration::{Registration, RegistrationOrigin};
use keyfob_core::credential::{Credential, Endpoints, NewSignIn};
use keyfob_core::grant::token_endpoint::TokenAnswer;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, RefreshToken};
use keyfob_tests::sealed_files;
use tempfile::TempDir;

use crate::in_process;
use machine::{Machine, RefusingDisk};
use server::Servers;

const PROFILES: usize = 20;
const DAY: u64 = 24 * 3_600 * 1_000;
const HOUR: u64 = 3_600 * 1_000;

fn profile_name(number: usize) -> ProfileName {
    in_process::name(&format!("p{number}"))
}

fn url(path: &str) -> CheckedUrl {
    CheckedUrl::parse(&format!("https://portal.example.com{path}")).unwrap()
}

/// One run.
struct Soak {
    /// In memory where the system has such a folder: a disk's own slowness proves nothing here.
    home: TempDir,
    machine: Arc<Machine>,
    servers: Arc<Servers>,
}

/// How a life of the keeper ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Crash,
    Reboot,
    LastDay,
}

impl Soak {
    fn new(seed: u64) -> Self {
        let machine = Machine::new(seed);
        let servers = Servers::new(Arc::clone(&machine), PROFILES);
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self { home, machine, servers }
    }

    /// The real ports but for time, network, and a disk that refuses at times.
    fn ports(&self) -> Ports {
        let real = in_process::ports_in(self.home.path());
        let disk = RefusingDisk { store: real.store, machine: Arc::clone(&self.machine) };
        Ports {
            store: Arc::new(disk),
            http: Arc::clone(&self.servers) as _,
            clock: Arc::clone(&self.machine) as _,
            entropy: Arc::clone(&self.machine) as _,
            power: Arc::clone(&self.machine) as _,
            ..real
        }
    }

    /// Twenty profiles, each signed in.
    async fn sign_in_everywhere(&self) {
        let ports = in_process::ports_in(self.home.path());
        for number in 0..PROFILES {
            let profile = Profile::new(profile_name(number), url(&format!("/mcp/{number}")));
            ports.settings.add(&profile).unwrap();
            let credential =
                Credential::empty(&ports.machine_id).signed_in(self.sign_in(number), &self.machine.moment());
            ports.store.commit(&profile.name, 0, &credential).await.unwrap();
            let token = credential.sign_in.unwrap().tokens.refresh_token.unwrap();
            self.machine.durable.lock().unwrap().insert(profile.name, token);
        }
    }

    fn sign_in(&self, number: usize) -> NewSignIn {
        let (access, lifetime, refresh) = self.servers.first_tokens(number);
        let registration = Registration::public(
            "https://portal.example.com",
            &format!("client-{number}"),
            RegistrationOrigin::Dynamic,
        );
        let answer = TokenAnswer {
            access_token: AccessToken::new(access),
            lifetime: TimeDelta::seconds(i64::try_from(lifetime).unwrap()),
            end_assumed: false,
            refresh_token: Some(RefreshToken::new(refresh)),
            scopes: None,
            sign_in_ends_in: None,
            account: None,
        };
        let endpoints = Endpoints { token: url(&format!("/token/{number}")), revocation: None };
        NewSignIn {
            registration,
            url: url(&format!("/mcp/{number}")),
            resource: format!("https://portal.example.com/mcp/{number}"),
            endpoints,
            answer,
            requested: ScopeSet::default(),
            account: None,
            machine: false,
        }
    }

    /// A keeper lives until the machine dies, is started anew, or the days are over.
    async fn life(&self, until: u64) -> End {
        let ports = self.ports();
        let keeper = AgentHandle::start(ports.clone(), KeeperKind::Headless, std::process::id());
        let other = self.ports();
        let script = async {
            while self.machine.time() < until {
                self.machine.nothing_is_broken();
                tokio::time::sleep(Duration::from_secs(60 + self.machine.dice.below(1_800))).await;
                if self.event(&keeper, &other).await {
                    return End::Reboot;
                }
            }
            End::LastDay
        };
        tokio::select! {
            end = script => end,
            () = self.servers.crash.notified() => End::Crash,
        }
    }

    /// Something happens; true where the machine is started anew.
    async fn event(&self, keeper: &AgentHandle, other: &Ports) -> bool {
        let dice = &self.machine.dice;
        let number = usize::try_from(dice.below(PROFILES as u64)).unwrap();
        match dice.below(40) {
            // A lid is closed; a keeper holds the sleep back until its flights have ended (trust rule 10).
            0 | 1 if self.servers.nobody_flies() => {
                self.machine.pass(dice.below(10 * HOUR));
                self.machine.woke.notify_one();
            }
            2 => self.machine.wall_off.store(7_200_000, Ordering::SeqCst),
            3 => self.machine.wall_off.store(-7_200_000, Ordering::SeqCst),
            4 => self.machine.wall_off.store(
                if dice.in_a_thousand(500) { 315_360_000_000 } else { -315_360_000_000 },
                Ordering::SeqCst,
            ),
            5 | 6 => self.machine.wall_off.store(0, Ordering::SeqCst),
            7 if self.servers.nobody_flies() => {
                self.machine.locked_until.store(self.machine.time() + dice.below(HOUR / 2), Ordering::SeqCst);
            }
            8 => keeper.look_again(None).await,
            9 => return self.servers.nobody_flies(),
            10..=12 => self.many_ask(keeper, other, number).await,
            13..=25 => self.one_asks(keeper, number).await,
            _ => {}
        }
        false
    }

    async fn one_asks(&self, keeper: &AgentHandle, number: usize) {
        // Whatever cannot be given now is told; what is given must work.
        if let Ok(token) = keeper.hand_out(profile_name(number), HandOutRequest::default()).await {
            self.works_or_the_next_does(keeper, number, token.access_token).await;
        }
    }

    /// The keeper and a process without it, at once, after a server refused the token early.
    async fn many_ask(&self, keeper: &AgentHandle, other: &Ports, number: usize) {
        let name = profile_name(number);
        let Ok(Some(record)) = other.store.read(&name).await else { return };
        let rejected = record.sign_in.unwrap().tokens.access_token.fingerprint();
        let wanted = HandOutRequest { rejected: Some(rejected), ..HandOutRequest::default() };
        let profile = keyfob_agent::journeys::profiles::find_profile(&*other.settings, &name).unwrap();
        let asked = || keeper.hand_out(name.clone(), wanted.clone());
        let beside = Box::pin(hand_out(other, &profile, &wanted));
        let (first, second, third, fourth) = tokio::join!(asked(), asked(), asked(), beside);
        for token in [first, second, third, fourth].into_iter().flatten() {
            assert_ne!(token.access_token.fingerprint(), rejected);
            assert!(self.is_taken(number, &token.access_token), "a dead token is handed out for {number}");
        }
    }

    /// Fault 22: a clock that was two hours fast when the token came makes it look young after a reboot, when only that
    /// clock is left to go by. Then the server's refusal is the first to know, and the next token works.
    async fn works_or_the_next_does(&self, keeper: &AgentHandle, number: usize, token: AccessToken) {
        if self.is_taken(number, &token) {
            return;
        }
        let record =
            in_process::record(&in_process::ports_in(self.home.path()), profile_name(number).as_str()).await;
        let from = record.sign_in.unwrap().tokens.obtained.boot_id;
        assert_ne!(
            from,
            self.machine.moment().boot_id,
            "a dead token of this boot is handed out for {number}"
        );
        let wanted = HandOutRequest { rejected: Some(token.fingerprint()), ..HandOutRequest::default() };
        if let Ok(next) = keeper.hand_out(profile_name(number), wanted).await {
            assert!(self.is_taken(number, &next.access_token), "a second dead token for {number}");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a server reads the access token it is shown")]
    fn is_taken(&self, number: usize, token: &AccessToken) -> bool {
        self.servers.takes(number, token.expose_secret())
    }

    /// Lives, one after the other, until that day has come.
    fn live_until(&self, until: u64, mut last: End) -> End {
        while self.machine.time() < until {
            let runtime = runtime();
            last = runtime.block_on(async {
                self.machine.begin_life(if last == End::Crash { 1_000 } else { 30_000 }, last == End::Reboot);
                let end = self.life(until).await;
                self.machine.end_life();
                end
            });
            // What was under way dies where it is.
            drop(runtime);
        }
        last
    }

    /// In the end: no faults for a day, then everything is in order.
    async fn all_is_well(&self) {
        self.machine.begin_life(1_000, false);
        let ports = self.ports();
        let keeper = AgentHandle::start(ports.clone(), KeeperKind::Headless, std::process::id());
        tokio::time::sleep(Duration::from_hours(24)).await;
        for number in 0..PROFILES {
            let token =
                keeper.hand_out(profile_name(number), HandOutRequest::default()).await.expect("a token");
            assert_eq!(token.warning, None, "{number}");
            assert!(self.is_taken(number, &token.access_token), "a dead token in the end, for {number}");
            let record = in_process::record(&ports, profile_name(number).as_str()).await;
            assert_eq!(record.sign_in.unwrap().dead, None, "{number} was signed out");
        }
        keeper.stop().await;
        self.machine.end_life();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// Work on a file, and a watch of one, outlive the runtime that asked for them by a moment.
fn work_has_ended() {
    let until = std::time::Instant::now() + Duration::from_secs(10);
    let works = |thread: &std::path::Path| {
        let name = std::fs::read_to_string(thread.join("comm")).unwrap_or_default();
        name.starts_with("keyfob-work") || name.starts_with("notify-rs")
    };
    while std::fs::read_dir("/proc/self/task").unwrap().flatten().any(|thread| works(&thread.path())) {
        assert!(std::time::Instant::now() < until, "work on a file, or a watch of one, does not end");
        std::thread::yield_now();
    }
}

/// Resident memory in kB, open descriptors, children of this process that nobody waited for.
fn held_by_this_process() -> (i64, usize, usize) {
    work_has_ended();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident = line.split_whitespace().next().unwrap().parse().unwrap();
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    (resident, std::fs::read_dir("/proc/self/fd").unwrap().count(), children.split_whitespace().count())
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

/// Fault 50: no sign-in is lost, no token is spent twice, nothing is deleted, and nothing grows.
#[test]
fn thirty_days_of_everything_at_once_lose_no_sign_in() {
    let random = u64::from(std::process::id()) << 32
        | u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    let seed = from_environment("KEYFOB_SOAK_SEED", random);
    let days = from_environment("KEYFOB_SOAK_DAYS", crate::times(30, 300) as u64);
    eprintln!("KEYFOB_SOAK_SEED={seed} KEYFOB_SOAK_DAYS={days}");
    let soak = Soak::new(seed);
    runtime().block_on(soak.sign_in_everywhere());

    let warm = soak.live_until(days * DAY / 6, End::Reboot);
    let before = held_by_this_process();
    soak.live_until(days * DAY, warm);
    let after = held_by_this_process();
    soak.servers.calm.store(true, Ordering::Relaxed);
    runtime().block_on(soak.all_is_well());

    soak.machine.nothing_is_broken();
    let tally = &soak.servers.tally;
    eprintln!("{tally:?}, kB, descriptors and children {before:?} then {after:?}");
    assert!(
        tally.lost.load(Ordering::Relaxed) > days && tally.crashes.load(Ordering::Relaxed) > 0,
        "too calm"
    );
    assert!(after.0 - before.0 <= 5 * 1024, "grown from {} to {} kB", before.0, after.0);
    assert_eq!((after.1, after.2), (before.1, 0), "descriptors, children");
    assert_eq!(sealed_files(soak.home.path()).len(), PROFILES);
}
