//! Malformed servers: thousands of answers that are wrong in one to three places. Whatever comes, nothing panics, nothing
//! hangs, no record is lost, and what was held before is held after.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_agent::ports::TransportFailure;
use keyfob_core::credential::Credential;
use keyfob_core::secret::{Fingerprint, RefreshToken};
use serde_json::{Value, json};
use url::Url;

use crate::dice::{Dice, cases};
use crate::machine::Machine;
use crate::network::{Reply, Sent, Servers};
use crate::site::{MCP, REGISTER, RESOURCE_METADATA, SERVER_METADATA, Site, TOKEN, profile, sign_in_once};

/// A sign-in is given up after a minute here; look-up, registration and exchange have 20 s each, a renewal four sends.
const LONGEST: Duration = Duration::from_mins(5);

/// A good site behind which answers are bent.
struct Bent {
    site: Arc<Site>,
    dice: Mutex<Dice>,
    /// Places whose answers are bent now; empty while it behaves.
    places: Mutex<Vec<&'static str>>,
}

impl Servers for Bent {
    fn answer(&self, sent: &Sent) -> Reply {
        let reply = self.site.answer(sent);
        if !self.places.lock().unwrap().contains(&sent.place()) {
            return reply;
        }
        bend(reply, &mut self.dice.lock().unwrap())
    }

    fn visited(&self, page: &Url) -> Vec<Url> {
        let redirects = self.site.visited(page);
        if !self.places.lock().unwrap().contains(&"the browser") {
            return redirects;
        }
        let mut dice = self.dice.lock().unwrap();
        redirects.into_iter().map(|redirect| bend_url(redirect, &mut dice)).collect()
    }
}

/// One wrong answer for a right one.
fn bend(reply: Reply, dice: &mut Dice) -> Reply {
    let Reply::Answer { status, mut headers, body } = reply else { return reply };
    match dice.below(12) {
        0 => Reply::Fails(match dice.below(3) {
            0 => TransportFailure::NotSent("no route".into()),
            1 => TransportFailure::Cut("reset".into()),
            _ => TransportFailure::Forbidden("a private address".into()),
        }),
        1 => Reply::Silence,
        2 => Reply::bytes(u16::try_from(100 + dice.below(500)).unwrap_or(500), body),
        3 => Reply::redirect(dice.one_of(&[301, 302, 303, 307, 308]), dice.one_of(&ADDRESSES)),
        4 => Reply::bytes(status, raw_bytes(&body, dice)),
        5 => {
            headers.push(("www-authenticate".into(), odd_text(dice)));
            headers.push(("retry-after".into(), odd_text(dice)));
            headers.push(("location".into(), odd_text(dice)));
            Reply::Answer { status: dice.one_of(&[200, 401, 403, 429, 503]), headers, body }
        }
        6 => Reply::bytes(dice.one_of(&[200, 400, 401, 403, 500]), error_answer(dice)),
        _ => match serde_json::from_slice::<Value>(&body) {
            Ok(mut document) => {
                for _ in 0..=dice.below(3) {
                    bend_json(&mut document, dice, 3);
                }
                Reply::Answer { status, headers, body: document.to_string().into_bytes() }
            }
            Err(_) => Reply::Answer { status, headers, body: raw_bytes(&body, dice) },
        },
    }
}

/// Addresses that a server may name and nobody should trust.
const ADDRESSES: [&str; 14] = [
    "",
    "//",
    "http://login.example/token",
    "https://evil.example/token",
    "https://login.example:99999/",
    "https://[::1/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://user:pass@login.example/token",
    "https://login.example/token#x",
    "https://login.example/../../token",
    "https://xn--/",
    "\u{202e}https://login.example",
    "https://login.example\r\nX: y",
];

const ERRORS: [&str; 10] = [
    "invalid_grant",
    "invalid_client",
    "invalid_request",
    "invalid_target",
    "unauthorized_client",
    "temporarily_unavailable",
    "server_error",
    "invalid_redirect_uri",
    "",
    "\u{1b}[31m\u{202e}",
];

fn error_answer(dice: &mut Dice) -> Vec<u8> {
    let (error, description) = (odd_error(dice), odd_text(dice));
    json!({ "error": error, "error_description": description }).to_string().into_bytes()
}

fn odd_error(dice: &mut Dice) -> Value {
    if dice.once_in(4) { odd_value(dice) } else { dice.one_of(&ERRORS).into() }
}

fn odd_text(dice: &mut Dice) -> String {
    match dice.below(9) {
        0 => String::new(),
        1 => "x".repeat(70_000),
        2 => dice.one_of(&ADDRESSES).to_owned(),
        3 => "Bearer resource_metadata=\"".to_owned() + dice.one_of(&ADDRESSES),
        4 => "\",,=\\\"Bearer ,".repeat(dice.below(50)),
        5 => "999999999999999999999999999".into(),
        6 => "-1".into(),
        7 => (0..dice.below(40))
            .filter_map(|_| char::from_u32(u32::try_from(dice.below(0x11_0000)).ok()?))
            .collect(),
        _ => "Fri, 31 Feb 9999 25:61:61 GMT".into(),
    }
}

fn odd_value(dice: &mut Dice) -> Value {
    match dice.below(9) {
        0 => Value::Null,
        1 => true.into(),
        2 => i64::MIN.into(),
        3 => u64::MAX.into(),
        4 => json!(1e308),
        5 => json!([]),
        6 => json!({ "": { "a": [1, "b", null] } }),
        7 => json!(vec!["x"; dice.below(2_000)]),
        _ => odd_text(dice).into(),
    }
}

/// Changes one member, somewhere.
fn bend_json(value: &mut Value, dice: &mut Dice, depth: usize) {
    match value {
        Value::Object(members) if depth > 0 && !members.is_empty() => {
            let at = dice.below(members.len());
            let Some(name) = members.keys().nth(at).cloned() else { return };
            match dice.below(3) {
                0 => drop(members.remove(&name)),
                1 => bend_json(&mut members[&name], dice, depth - 1),
                _ => members[&name] = odd_value(dice),
            }
        }
        Value::Array(items) if depth > 0 && !items.is_empty() => {
            let at = dice.below(items.len());
            bend_json(&mut items[at], dice, depth - 1);
        }
        other => *other = odd_value(dice),
    }
}

/// Bytes that may be no document at all.
fn raw_bytes(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 => Vec::new(),
        1 => body[..dice.below(body.len())].to_vec(),
        2 => "[".repeat(100_000).into_bytes(),
        3 => "{\"a\":".repeat(100_000).into_bytes(),
        4 => vec![b' '; 1024 * 1024 + 1],
        5 => b"<!doctype html><html><title>Log in</title></html>".to_vec(),
        6 => (0..dice.below(300)).map(|_| u8::try_from(dice.below(256)).unwrap_or_default()).collect(),
        _ => {
            let mut bytes = body.to_vec();
            if !bytes.is_empty() {
                let at = dice.below(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
            }
            bytes
        }
    }
}

/// A redirect that is not quite the one wanted.
fn bend_url(redirect: Url, dice: &mut Dice) -> Url {
    let mut pairs: Vec<(String, String)> = redirect.query_pairs().into_owned().collect();
    match dice.below(5) {
        0 => pairs.clear(),
        1 => pairs.extend(pairs.clone()),
        2 => drop(pairs.pop()),
        3 => pairs.push(("error".into(), odd_text(dice))),
        _ => {
            let at = dice.below(pairs.len());
            pairs[at].1 = odd_text(dice);
        }
    }
    let mut bent = redirect;
    bent.query_pairs_mut().clear().extend_pairs(pairs);
    bent
}

const PLACES: [&str; 6] = [MCP, RESOURCE_METADATA, SERVER_METADATA, REGISTER, TOKEN, "the browser"];

/// Fault 49, trust rules 4 and 7: with `KEYFOB_CASES` cases (scripts/test.sh deep), else 5,000.
#[tokio::test(start_paused = true)]
async fn no_malformed_server_panics_hangs_or_costs_a_record() {
    let mut outcomes = [0_u64; 2];
    for seed in 0..cases(5_000) {
        // A panic in the task is told with its seed.
        let outcome = tokio::spawn(one_case(seed)).await;
        let failed = outcome.unwrap_or_else(|panic| panic!("seed {seed}: {panic}"));
        outcomes[usize::from(failed)] += 1;
    }
    assert!(outcomes.iter().all(|times| *times > 0), "some pass and some fail: {outcomes:?}");
}

/// True where the renewal or the sign-in failed.
async fn one_case(seed: u64) -> bool {
    let mut dice = Dice::new(seed);
    let places: Vec<_> = (0..=dice.below(3)).map(|_| dice.one_of(&PLACES)).collect();
    let servers = Arc::new(Bent { site: Site::new(), dice: Mutex::new(dice), places: Mutex::default() });
    let machine = Machine::with(Arc::clone(&servers) as Arc<dyn Servers>, vec![profile()]);
    sign_in_once(&machine, &profile()).await.expect("the site behaves at first");
    let before = machine.record(&profile()).expect("a record");
    *servers.places.lock().unwrap() = places;

    let fresh = HandOutRequest { fresh: true, ..HandOutRequest::default() };
    let renewed = in_time(seed, Box::pin(hand_out(&machine.ports, &profile(), &fresh))).await;
    let failed = !renewed.is_ok_and(|handed_out| handed_out.warning.is_none());
    let between = kept(&machine, seed);
    let renewed_at_all = tokens(&before).1 != tokens(&between).1;
    assert!(renewed_at_all || tokens(&before) == tokens(&between), "seed {seed}: half of a renewal was kept");
    let again = in_time(seed, Box::pin(sign_in_once(&machine, &profile()))).await;
    let after = kept(&machine, seed);
    assert!(
        again.is_ok() || tokens(&between) == tokens(&after),
        "seed {seed}: a failed sign-in cost the held one"
    );
    failed || again.is_err()
}

async fn in_time<T>(seed: u64, journey: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONGEST, journey).await.unwrap_or_else(|_| panic!("seed {seed}: it hangs"))
}

/// The record, which is there whatever happened.
fn kept(machine: &Machine, seed: u64) -> Credential {
    assert_eq!(machine.store.removals.load(Ordering::Relaxed), 0, "seed {seed}: a record was deleted");
    let record = machine.record(&profile()).unwrap_or_else(|| panic!("seed {seed}: no record"));
    assert!(record.sign_in.is_some(), "seed {seed}: no sign-in");
    record
}

fn tokens(record: &Credential) -> (Option<RefreshToken>, Fingerprint) {
    let tokens = &record.sign_in.as_ref().expect("a sign-in").tokens;
    (tokens.refresh_token.clone(), tokens.access_token.fingerprint())
}
