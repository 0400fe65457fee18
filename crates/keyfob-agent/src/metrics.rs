//! Numbers for Prometheus (text format 0.0.4): counted from what the journal is told, read from the snapshot. Labels are
//! profile names, state words and failure codes, all of our own making: no account, no server text, no secret.

mod text;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use keyfob_core::credential_state::StateWord;
use keyfob_core::identity::ProfileName;

use crate::journal::{JournalEntry, JournalEvent};
use crate::ports::Journal;
use crate::snapshot::{ProfileShown, Snapshot};
use text::{Family, Kind, Page};

/// Upper bounds of the renewal histogram, in milliseconds: a good server answers within the first three; the last but one
/// is where a request is given up, the last one a renewal with all its repeats.
const BUCKETS_MS: [u64; 9] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 60_000];

/// Ways a renewal ends, as labels.
const OUTCOMES: [&str; 3] = ["renewed", "failed", "ended"];

/// A journal that counts what goes through it.
pub struct Metrics {
    journal: Arc<dyn Journal>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    refreshes: BTreeMap<(String, &'static str), u64>,
    failures: BTreeMap<(String, &'static str, String), u64>,
    hand_outs: BTreeMap<(String, &'static str), u64>,
    durations: BTreeMap<String, Durations>,
}

#[derive(Default)]
struct Durations {
    /// Renewals up to each bound, and all of them.
    up_to: [u64; BUCKETS_MS.len()],
    all: u64,
    sum_ms: u64,
}

impl Metrics {
    /// Counts from now on, in front of `journal`.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, counts: Mutex::default() }
    }

    /// The page as it is at `now`.
    pub fn page(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> String {
        let mut page = Page::default();
        page.family(
            &Family::new("keyfob_build_info", Kind::Gauge, "The running version."),
            [(vec![("version", snapshot.version.as_str())], 1.0)],
        );
        states(&mut page, snapshot);
        ends(&mut page, snapshot, now);
        self.counted(&mut page, snapshot);
        page.finish()
    }

    fn counted(&self, page: &mut Page, snapshot: &Snapshot) {
        let mut counts = self.counts();
        // A profile that nothing has happened to has zeros, so that a first failure is an increase.
        for (profile, outcome) in
            snapshot.each().flat_map(|p| OUTCOMES.map(|outcome| (p.name.clone(), outcome)))
        {
            counts.refreshes.entry((profile, outcome)).or_default();
        }
        let refreshes = counts.refreshes.iter();
        page.family(
            &Family::new("keyfob_refreshes_total", Kind::Counter, "Renewals by how they ended."),
            refreshes.map(|((profile, outcome), n)| {
                (vec![("profile", profile.as_str()), ("outcome", outcome)], float(*n))
            }),
        );
        let failures = counts.failures.iter().map(|((profile, event, cause), n)| {
            (vec![("profile", profile.as_str()), ("event", event), ("cause", cause.as_str())], float(*n))
        });
        page.family(
            &Family::new(
                "keyfob_failures_total",
                Kind::Counter,
                "Failures by event and by cause, as in the runbook.",
            ),
            failures,
        );
        let hand_outs = counts.hand_outs.iter();
        page.family(
            &Family::new(
                "keyfob_hand_outs_total",
                Kind::Counter,
                "Tokens asked for; repeats of one program are counted every ten minutes.",
            ),
            hand_outs.map(|((profile, outcome), n)| {
                (vec![("profile", profile.as_str()), ("outcome", outcome)], float(*n))
            }),
        );
        durations(page, &counts.durations);
    }

    fn count(&self, entry: &JournalEntry) {
        let profile = entry.profile.as_ref().map(ToString::to_string).unwrap_or_default();
        let times = entry.times.unwrap_or(1);
        let mut counts = self.counts();
        let refreshed = match entry.event {
            JournalEvent::Renewed => Some("renewed"),
            JournalEvent::RenewalFailed => Some("failed"),
            JournalEvent::SignInEnded => Some("ended"),
            _ => None,
        };
        if let Some(outcome) = refreshed {
            *counts.refreshes.entry((profile.clone(), outcome)).or_default() += 1;
            let ms = entry.duration_ms.unwrap_or(0);
            counts.durations.entry(profile.clone()).or_default().add(ms);
        }
        let handed_out = match entry.event {
            JournalEvent::HandedOut => Some("handed-out"),
            JournalEvent::HandOutFailed => Some("failed"),
            _ => None,
        };
        if let Some(outcome) = handed_out {
            *counts.hand_outs.entry((profile.clone(), outcome)).or_default() += times;
        }
        if entry.event.is_failure() {
            let cause = entry.cause.clone().unwrap_or_else(|| "other".into());
            *counts.failures.entry((profile, entry.event.word(), cause)).or_default() += times;
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Metrics {
    fn append(&self, entry: &JournalEntry) {
        self.count(entry);
        self.journal.append(entry);
    }

    fn heard(&self, entry: &JournalEntry) {
        self.count(entry);
        self.journal.heard(entry);
    }

    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        self.journal.read(profile, limit)
    }
}

impl Durations {
    fn add(&mut self, ms: u64) {
        for (bound, count) in BUCKETS_MS.iter().zip(&mut self.up_to) {
            *count += u64::from(ms <= *bound);
        }
        self.all += 1;
        self.sum_ms += ms;
    }
}

fn states(page: &mut Page, snapshot: &Snapshot) {
    let word =
        |state: StateWord| serde_json::to_value(state).ok().and_then(|v| v.as_str().map(str::to_owned));
    let words: Vec<_> = StateWord::ALL.into_iter().filter_map(|state| Some((state, word(state)?))).collect();
    let samples = snapshot.each().flat_map(|profile| {
        words.iter().map(move |(state, word)| {
            let is = f64::from(u8::from(profile.state == *state));
            (vec![("profile", profile.name.as_str()), ("state", word.as_str())], is)
        })
    });
    page.family(
        &Family::new(
            "keyfob_profile_state",
            Kind::Gauge,
            "1 for the state each profile is in, 0 for the others.",
        ),
        samples,
    );
}

fn ends(page: &mut Page, snapshot: &Snapshot, now: DateTime<Utc>) {
    let left = |at: DateTime<Utc>| (at - now).as_seconds_f64().round();
    let profiles = || snapshot.each();
    let of = |profile: &ProfileShown, at: DateTime<Utc>| (vec![("profile", profile.name.clone())], left(at));
    page.family(
        &Family::new(
            "keyfob_access_token_expires_in_seconds",
            Kind::Gauge,
            "Until the access token ends; below zero once it has.",
        ),
        profiles().filter_map(|p| Some(of(p, p.access_token.as_ref()?.expires_at))),
    );
    page.family(
        &Family::new(
            "keyfob_sign_in_ends_in_seconds",
            Kind::Gauge,
            "Until the sign-in itself ends, where that is known.",
        ),
        profiles().filter_map(|p| Some(of(p, p.sign_in.as_ref()?.ends_at?))),
    );
}

fn durations(page: &mut Page, durations: &BTreeMap<String, Durations>) {
    let family = Family::new(
        "keyfob_refresh_duration_seconds",
        Kind::Histogram,
        "How long renewals took, failed ones included.",
    );
    page.heading(&family);
    for (profile, durations) in durations {
        for (bound, count) in BUCKETS_MS.iter().zip(durations.up_to) {
            let bound = (float(*bound) / 1_000.0).to_string();
            page.sample(
                "keyfob_refresh_duration_seconds_bucket",
                &[("profile", profile), ("le", &bound)],
                float(count),
            );
        }
        let all = float(durations.all);
        page.sample("keyfob_refresh_duration_seconds_bucket", &[("profile", profile), ("le", "+Inf")], all);
        page.sample(
            "keyfob_refresh_duration_seconds_sum",
            &[("profile", profile)],
            float(durations.sum_ms) / 1_000.0,
        );
        page.sample("keyfob_refresh_duration_seconds_count", &[("profile", profile)], all);
    }
}

/// Exact up to 2^53, which no counter here reaches.
#[expect(clippy::cast_precision_loss, reason = "the format knows floating point numbers alone")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
