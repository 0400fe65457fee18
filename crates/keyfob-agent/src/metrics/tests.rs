//! The page, read back by a strict parser of the text format.

use std::collections::BTreeSet;

use keyfob_core::failure::{Failure, SignInNeeded, Temporary};

use super::*;

struct Nowhere;

impl Journal for Nowhere {
    fn append(&self, _entry: &JournalEntry) {}
    fn read(&self, _profile: Option<&ProfileName>, _limit: usize) -> Vec<JournalEntry> {
        Vec::new()
    }
}

/// Samples by name and labels; fails on anything the format does not allow.
fn parsed(page: &str) -> BTreeMap<(String, Vec<(String, String)>), f64> {
    assert!(page.ends_with('\n'));
    let mut samples = BTreeMap::new();
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeMap::new());
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let name = help.split_once(' ').expect("a help text").0;
            assert!(helped.insert(name.to_owned()), "two helps of {name}");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(typed.insert(name.to_owned(), kind.to_owned()).is_none(), "two types of {name}");
            continue;
        }
        assert!(!line.starts_with('#'), "{line}");
        let (key, value) = sample(line);
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| key.0.strip_suffix(end));
        let family = family.filter(|family| typed.get(*family).is_some_and(|kind| kind == "histogram"));
        let family = family.unwrap_or(&key.0);
        assert!(helped.contains(family) && typed.contains_key(family), "{line} comes before its family");
        if typed[family] == "counter" {
            assert!(family.ends_with("_total") && value >= 0.0, "{line}");
        }
        assert!(samples.insert(key, value).is_none(), "twice: {line}");
    }
    samples
}

fn sample(line: &str) -> ((String, Vec<(String, String)>), f64) {
    let name_end = line.find('{').expect("labels");
    let name = &line[..name_end];
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
    let mut labels = Vec::new();
    let mut rest = &line[name_end + 1..];
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"").expect("a label");
        assert!(label.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{label}");
        let (value, after) = quoted(after);
        labels.push((label.to_owned(), value));
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    let value = rest.strip_prefix("} ").expect("one space and a value");
    ((name.to_owned(), labels), value.parse().expect("a number"))
}

/// A label's value, and what comes after its quote.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => match characters.next().expect("an escaped character").1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '"') => value.push(escaped),
                other => panic!("\\{other}"),
            },
            '\n' => panic!("a line break"),
            other => value.push(other),
        }
    }
    panic!("no end of {text}")
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn snapshot(version: &str) -> Snapshot {
    serde_json::from_value(serde_json::json!({
        "version": version, "agent": { "running": true, "kind": null, "pid": null },
        "store": { "backend": "key-file", "strength": "account-only", "problem": null, "hint": null },
        "settings_problem": null, "profiles": [{
            "name": "a", "url": "https://mcp.example.com/mcp", "local": false, "state": "active", "signing_in": false,
            "account": "ada@example.com", "scopes": [], "refreshes": 0, "failures": 0, "deliveries": [],
            "access_token": { "expires_at": at(1_300) },
            "sign_in": { "since": at(0), "ends_at": at(87_400), "known": "server" },
            "problem": "offline: canary", "hint": null
        }]
    }))
    .unwrap()
}

fn value(page: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let found = parsed(page).get(&(name.to_owned(), labels)).copied();
    found.unwrap_or_else(|| panic!("no {name} in\n{page}"))
}

#[test]
fn everything_counted_and_shown_reads_back() {
    let metrics = Metrics::new(Arc::new(Nowhere));
    let a = ProfileName::parse("a").unwrap();
    let entry = |event| JournalEntry::new(at(1_000), event).about(&a);
    let took = |ms, entry| JournalEntry { duration_ms: Some(ms), ..entry };
    let offline = Failure::from(Temporary::Offline("the server at canary.example".into()));
    metrics.append(&took(80, entry(JournalEvent::Renewed)));
    metrics.append(&took(700, entry(JournalEvent::Renewed)));
    metrics.append(&took(90_000, entry(JournalEvent::RenewalFailed).because(&offline)));
    metrics.append(&entry(JournalEvent::HandedOut));
    metrics.append(&JournalEntry { times: Some(311), ..entry(JournalEvent::HandedOut) });
    metrics.append(&entry(JournalEvent::HandOutFailed).because(&SignInNeeded::SignedOut.into()));
    let page = metrics.page(&snapshot("0.1.0"), at(1_000));
    let a = ("profile", "a");
    for (name, labels, expected) in [
        ("keyfob_build_info", &[("version", "0.1.0")][..], 1.0),
        ("keyfob_refreshes_total", &[a, ("outcome", "renewed")], 2.0),
        ("keyfob_refreshes_total", &[a, ("outcome", "failed")], 1.0),
        ("keyfob_refreshes_total", &[a, ("outcome", "ended")], 0.0),
        ("keyfob_failures_total", &[a, ("event", "renewal-failed"), ("cause", "offline")], 1.0),
        ("keyfob_failures_total", &[a, ("event", "hand-out-failed"), ("cause", "signed-out")], 1.0),
        ("keyfob_hand_outs_total", &[a, ("outcome", "handed-out")], 312.0),
        ("keyfob_refresh_duration_seconds_bucket", &[a, ("le", "0.1")], 1.0),
        ("keyfob_refresh_duration_seconds_bucket", &[a, ("le", "1")], 2.0),
        ("keyfob_refresh_duration_seconds_bucket", &[a, ("le", "60")], 2.0),
        ("keyfob_refresh_duration_seconds_bucket", &[a, ("le", "+Inf")], 3.0),
        ("keyfob_refresh_duration_seconds_count", &[a], 3.0),
        ("keyfob_refresh_duration_seconds_sum", &[a], 90.78),
        ("keyfob_access_token_expires_in_seconds", &[a], 300.0),
        ("keyfob_sign_in_ends_in_seconds", &[a], 86_400.0),
        ("keyfob_profile_state", &[a, ("state", "active")], 1.0),
        ("keyfob_profile_state", &[a, ("state", "needs-sign-in")], 0.0),
    ] {
        assert!((value(&page, name, labels) - expected).abs() < 1e-9, "{name} {labels:?}\n{page}");
    }
    for told in ["ada", "canary", "example.com"] {
        assert!(!page.contains(told), "{told} in\n{page}");
    }
}

#[test]
fn a_label_of_hostile_text_stays_one_label() {
    let hostile = "1\"} 2\nkeyfob_lie{x=\"\\";
    let page = Metrics::new(Arc::new(Nowhere)).page(&snapshot(hostile), at(0));
    assert!((value(&page, "keyfob_build_info", &[("version", hostile)]) - 1.0).abs() < 1e-9);
    assert!(!parsed(&page).keys().any(|(name, _)| name == "keyfob_lie"));
}
