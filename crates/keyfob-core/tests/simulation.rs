//! Ten thousand profiles over 90 days, on the schedule and the record's transitions alone: events in a heap, a clock that is
//! moved by hand. No token is handed out dead, no server is asked more than the schedule says, and no trouble that passes ends
//! a sign-in. The seed is printed with every failure.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a simulation that cannot be set up stops")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use chrono::{DateTime, TimeDelta};
use keyfob_core::client_registration::{Registration, RegistrationOrigin};
use keyfob_core::credential::{Credential, Endpoints, NewSignIn};
use keyfob_core::failure::Temporary;
use keyfob_core::grant::token_endpoint::{Refusal, TokenAnswer};
use keyfob_core::moment::Moment;
use keyfob_core::pauses::lead;
use keyfob_core::refresh_schedule::due_in;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, RefreshToken};

const PROFILES: usize = 10_000;
const DAYS: i64 = 90;
/// Profiles of one host.
const PER_HOST: usize = 500;
const MINUTE_MS: i64 = 60_000;

/// xorshift64: the same seed, the same quarter.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// -1.0..=1.0
    fn jitter(&mut self) -> f64 {
        f64::from(u8::try_from(self.below(256)).unwrap()) / 127.5 - 1.0
    }
}

/// Time as both clocks show it; the wall clock is set wrong now and then.
fn at(milliseconds: i64, wall_off: TimeDelta) -> Moment {
    Moment {
        wall: DateTime::from_timestamp(1_800_000_000, 0).unwrap()
            + TimeDelta::milliseconds(milliseconds)
            + wall_off,
        boot_ms: u64::try_from(milliseconds).unwrap(),
        boot_id: "boot".into(),
    }
}

fn answer(lifetime: TimeDelta, access: String) -> TokenAnswer {
    TokenAnswer {
        access_token: AccessToken::new(access),
        lifetime,
        end_assumed: false,
        refresh_token: Some(RefreshToken::new("r".into())),
        scopes: None,
        sign_in_ends_in: None,
        account: None,
    }
}

fn signed_in(lifetime: TimeDelta, now: &Moment) -> Credential {
    let url = |text: &str| CheckedUrl::parse(text).unwrap();
    let registration = Registration::public("https://as.example", "c", RegistrationOrigin::Dynamic);
    let new = NewSignIn {
        registration,
        url: url("https://mcp.example/mcp"),
        resource: "https://mcp.example/mcp".into(),
        endpoints: Endpoints { token: url("https://as.example/token"), revocation: None },
        answer: answer(lifetime, "first".into()),
        requested: ScopeSet::default(),
        account: None,
        machine: false,
    };
    Credential::empty("machine").signed_in(new, now)
}

/// What the network and the server do to one try.
fn tried(record: &Credential, trouble: u64, now: &Moment, jitter: f64) -> Credential {
    let server = |cause| Refusal::Temporary { cause, retry_at: None };
    let named = now.wall + TimeDelta::seconds(5);
    match trouble {
        0 => record.unanswered(Temporary::Offline("no name".into()), false, now, jitter),
        1 => record.unanswered(Temporary::Cut("reset".into()), true, now, jitter),
        2 => record.refused(&server(Temporary::ServerTrouble("503".into())), now, jitter),
        3 => record.refused(&server(Temporary::Intercepted("a page".into())), now, jitter),
        4 => {
            let cause = Temporary::RetryAfter { until: named };
            record.refused(&Refusal::Temporary { cause, retry_at: Some(named) }, now, jitter)
        }
        5 => record.refused(&Refusal::Unusable("no token_type".into()), now, jitter),
        _ => {
            let other = Refusal::Other { error: "too_early".into(), description: String::new() };
            record.refused(&other, now, jitter)
        }
    }
}

/// Most servers grant a day or a week, a few an hour or ten minutes.
fn lifetime(number: usize) -> TimeDelta {
    match number % 1_000 {
        0 if number == 0 => TimeDelta::minutes(10),
        0..=1 => TimeDelta::hours(1),
        2..=99 => TimeDelta::days(1),
        _ => TimeDelta::days(7),
    }
}

/// Renewals that the schedule allows in all: one for each life less its longest lead.
fn allowed(profiles: usize) -> u64 {
    let renewals = |number| {
        let lifetime = lifetime(number);
        TimeDelta::days(DAYS).num_seconds() / (lifetime - lead(lifetime, 1.0)).num_seconds() + 1
    };
    u64::try_from((0..profiles).map(renewals).sum::<i64>()).unwrap()
}

/// What was seen of a quarter.
#[derive(Default)]
struct Seen {
    renewals: u64,
    failures: u64,
    /// Renewals that began after the token's end although nothing had failed before.
    late: u64,
    ended: u64,
    most_per_minute: usize,
}

/// A profile: its record, its spread, and what its server grants.
struct Kept {
    record: Credential,
    jitter: f64,
    lifetime: TimeDelta,
    issued: u32,
}

fn live(profiles: usize, seed: u64, troubled: bool) -> Seen {
    let mut random = Random(seed | 1);
    let mut quarter = Seen::default();
    let mut due = BinaryHeap::new();
    let mut kept = Vec::with_capacity(profiles);
    for number in 0..profiles {
        let lifetime = lifetime(number);
        let record = signed_in(lifetime, &at(0, TimeDelta::zero()));
        let jitter = random.jitter();
        due.push(Reverse((next(&record, jitter, 0), number)));
        kept.push(Kept { record, jitter, lifetime, issued: 0 });
    }
    let mut this_minute: BTreeMap<usize, usize> = BTreeMap::new();
    let mut minute = 0;
    while let Some(Reverse((now_ms, number))) = due.pop() {
        if now_ms > DAYS * 24 * 60 * MINUTE_MS {
            break;
        }
        if now_ms / MINUTE_MS != minute {
            minute = now_ms / MINUTE_MS;
            this_minute.clear();
        }
        let asked = this_minute.entry(number / PER_HOST).or_default();
        *asked += 1;
        quarter.most_per_minute = quarter.most_per_minute.max(*asked);
        let now = at(now_ms, wrong_wall(&mut random));
        let trouble = troubled.then(|| trouble(seed, number / PER_HOST, now_ms, &mut random)).flatten();
        let jitter = random.jitter();
        renew(&mut kept[number], &now, (trouble, jitter), &mut quarter);
        if kept[number].record.sign_in.as_ref().unwrap().dead.is_some() {
            quarter.ended += 1;
            continue;
        }
        due.push(Reverse((next(&kept[number].record, jitter, now_ms), number)));
    }
    quarter.ended +=
        kept.iter().filter(|k| k.record.sign_in.as_ref().unwrap().waiting.is_some()).count() as u64;
    quarter
}

/// Mostly right; sometimes two hours or ten years off, in both directions.
fn wrong_wall(random: &mut Random) -> TimeDelta {
    match random.below(1_000) {
        0 => TimeDelta::hours(2),
        1 => TimeDelta::hours(-2),
        2 => TimeDelta::days(3_650),
        3 => TimeDelta::days(-3_650),
        _ => TimeDelta::zero(),
    }
}

/// An hour in ten, a host has one and the same trouble for everybody; besides that, one try in fifty fails by itself. The
/// last day is quiet, so that what passes has passed.
fn trouble(seed: u64, host: usize, now_ms: i64, random: &mut Random) -> Option<u64> {
    let hour = u64::try_from(now_ms / (60 * MINUTE_MS)).unwrap();
    if hour >= u64::try_from(DAYS - 1).unwrap() * 24 {
        return None;
    }
    let mixed = (seed ^ (hour << 20) ^ (host as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut of_the_hour = Random(mixed | 1);
    if of_the_hour.below(10) == 0 {
        return Some(of_the_hour.below(7));
    }
    (random.below(50) == 0).then(|| random.below(7))
}

fn renew(kept: &mut Kept, now: &Moment, (trouble, jitter): (Option<u64>, f64), quarter: &mut Seen) {
    let sign_in = kept.record.sign_in.as_ref().unwrap();
    let alive = sign_in.tokens.is_valid_for(TimeDelta::zero(), now);
    quarter.late += u64::from(!alive && sign_in.waiting.is_none());
    kept.jitter = jitter;
    if let Some(kind) = trouble {
        // A final-looking word is trouble that passes only while the token lives.
        let kind = if alive { kind } else { kind % 6 };
        kept.record = tried(&kept.record, kind, now, jitter);
        quarter.failures += 1;
    } else {
        kept.issued += 1;
        kept.record = kept.record.renewed(answer(kept.lifetime, kept.issued.to_string()), now);
        quarter.renewals += 1;
    }
}

fn next(record: &Credential, jitter: f64, now_ms: i64) -> i64 {
    let now = at(now_ms, TimeDelta::zero());
    let left = due_in(record.sign_in.as_ref().unwrap(), TimeDelta::zero(), &now, jitter).unwrap();
    now_ms + left.num_milliseconds()
}

/// fault 50, trust rule 8
#[test]
fn a_thousand_profiles_in_a_quiet_quarter_are_renewed_in_time_and_never_in_a_storm() {
    let quarter = live(1_000, 1, false);
    assert_eq!((quarter.late, quarter.failures, quarter.ended), (0, 0, 0));
    assert!(
        quarter.renewals > 1_000 * 13 && quarter.renewals <= allowed(1_000),
        "{} renewals",
        quarter.renewals
    );
    assert!(quarter.most_per_minute <= PER_HOST, "{} at one host in a minute", quarter.most_per_minute);
}

/// fault 50, fault 22, trust rule 6
#[test]
fn ten_thousand_profiles_in_a_quarter_of_passing_trouble_lose_no_sign_in() {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let quarter = live(PROFILES, seed, true);
    assert_eq!((quarter.ended, quarter.late), (0, 0), "seed {seed}");
    assert!(quarter.renewals <= allowed(PROFILES), "{} renewals, seed {seed}", quarter.renewals);
    // An hour of trouble is ten tries of the backoff and then one in ten minutes.
    let most = quarter.renewals * 3;
    assert!((1_000..most).contains(&quarter.failures), "{} failed, seed {seed}", quarter.failures);
    assert!(
        quarter.most_per_minute <= PER_HOST,
        "{} at one host in a minute, seed {seed}",
        quarter.most_per_minute
    );
}
