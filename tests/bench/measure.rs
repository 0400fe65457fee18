//! Interleaved rounds, so that a busy minute of the machine hits every candidate alike; medians, shown as ratios.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One thing to be timed: what it is called, and how one run of it goes.
pub(crate) struct Candidate<'a> {
    pub(crate) name: &'a str,
    pub(crate) run: Box<dyn FnMut() -> Duration + 'a>,
}

impl<'a> Candidate<'a> {
    pub(crate) fn new(name: &'a str, run: impl FnMut() -> Duration + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// A whole process from its start to its end; it must succeed.
    pub(crate) fn process(name: &'a str, command: impl Fn() -> Command + 'a) -> Self {
        Self::new(name, move || {
            let mut command = command();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            timed(|| assert!(command.status().expect("it starts").success(), "{command:?} failed"))
        })
    }
}

pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The median of each candidate over `rounds` rounds of `runs` runs each, in the order given.
pub(crate) fn medians(candidates: &mut [Candidate<'_>], rounds: usize, runs: usize) -> Vec<Duration> {
    all(candidates, rounds, runs).into_iter().map(median).collect()
}

/// Every run of each candidate.
pub(crate) fn all(candidates: &mut [Candidate<'_>], rounds: usize, runs: usize) -> Vec<Vec<Duration>> {
    let mut taken = vec![Vec::new(); candidates.len()];
    for _ in 0..rounds {
        for (candidate, taken) in candidates.iter_mut().zip(&mut taken) {
            taken.extend((0..runs).map(|_| (candidate.run)()));
        }
    }
    taken
}

pub(crate) fn median(taken: Vec<Duration>) -> Duration {
    percentile(taken, 50)
}

/// The time that this many of a hundred runs stay within.
pub(crate) fn percentile(mut taken: Vec<Duration>, percent: usize) -> Duration {
    taken.sort_unstable();
    taken[(taken.len() * percent / 100).min(taken.len() - 1)]
}

pub(crate) fn ratio(of: Duration, to: Duration) -> f64 {
    of.as_secs_f64() / to.as_secs_f64()
}

/// A duration in the unit that people compare it in.
pub(crate) fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1_000.0) }
}

/// One line: what was measured, its ratio, and whether that meets its bar.
pub(crate) fn line(name: &str, time: Duration, ratio: f64, floor: &str, bar: Option<f64>) {
    let verdict = bar.map_or(String::new(), |bar| {
        format!("   bar {bar:.2}: {}", if ratio <= bar { "met" } else { "MISSED" })
    });
    println!("  {name:<44} {:>10}   {ratio:>6.2} x {floor}{verdict}", shown(time));
}
