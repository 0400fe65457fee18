//! Mutations of examples: what breaks a parser is mostly a true document with something wrong in it. Proptest draws them and
//! makes a failing one as small as it can.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

/// One change of a document.
#[derive(Debug, Clone)]
enum Change {
    /// These bytes take the place of as many.
    Overwrite(usize, Vec<u8>),
    /// These bytes come between.
    Insert(usize, Vec<u8>),
    /// So many bytes go.
    Delete(usize, usize),
    /// A part comes a second time, or a thousandth.
    Repeat(usize, usize, usize),
    /// The rest goes.
    Cut(usize),
    /// The rest comes from another example.
    Splice(usize, usize, usize),
}

/// What parsers stumble over.
fn hard_words() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<Vec<u8>> = [
        "",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        "\\u0000",
        "\\ud800",
        ":",
        ",",
        "null",
        "true",
        "-1",
        "0",
        "1e999",
        "18446744073709551616",
        "-9223372036854775809",
        "9999-12-31T23:59:59Z",
        "+262143-01-01T00:00:00Z",
        "\n",
        "\r",
        "\t",
        "\u{feff}",
        "\u{202e}",
        "é",
        "😀",
        "#",
        "=",
        "\"\"\"",
        "'''",
        "[[",
        "]]",
        ".",
        "..",
        "/",
    ]
    .iter()
    .map(|word| word.as_bytes().to_vec())
    .chain([vec![0], vec![0xff], vec![0xc3, 0x28], vec![0xff; 4], vec![0, 0, 0, 4]])
    .collect();
    prop_oneof![prop::sample::select(words), prop::collection::vec(any::<u8>(), 1..8)]
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<u16>().prop_map(usize::from);
    prop_oneof![
        (at.clone(), hard_words()).prop_map(|(at, bytes)| Change::Overwrite(at, bytes)),
        (at.clone(), hard_words()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at.clone(), 1..40_usize).prop_map(|(at, length)| Change::Delete(at, length)),
        (at.clone(), 1..20_usize, prop_oneof![1..4_usize, 900..1_000_usize])
            .prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        at.clone().prop_map(Change::Cut),
        (at.clone(), any::<u8>().prop_map(usize::from), at)
            .prop_map(|(at, other, from)| Change::Splice(at, other, from)),
    ]
}

fn changed(mut document: Vec<u8>, change: &Change, examples: &[Vec<u8>]) -> Vec<u8> {
    let place = |at: usize, length: usize| at % (length + 1);
    let length = document.len();
    match change {
        Change::Overwrite(at, bytes) => {
            let at = place(*at, length);
            document.splice(at..(at + bytes.len()).min(length), bytes.iter().copied());
        }
        Change::Insert(at, bytes) => {
            let at = place(*at, length);
            document.splice(at..at, bytes.iter().copied());
        }
        Change::Delete(at, count) => {
            let at = place(*at, length);
            document.drain(at..(at + count).min(length));
        }
        Change::Repeat(at, count, times) => {
            let at = place(*at, length);
            let part = document[at..(at + count).min(length)].repeat(*times);
            document.splice(at..at, part);
        }
        Change::Cut(at) => document.truncate(place(*at, length)),
        Change::Splice(at, other, from) => {
            let other = &examples[other % examples.len()];
            document.truncate(place(*at, length));
            document.extend_from_slice(&other[place(*from, other.len())..]);
        }
    }
    document
}

/// Documents that were true once.
fn mutated(examples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec(change(), 0..6);
    (any::<u8>(), changes).prop_map(move |(which, changes)| {
        let first = examples[usize::from(which) % examples.len()].clone();
        changes.iter().fold(first, |document, change| changed(document, change, &examples))
    })
}

fn budget() -> Duration {
    let text = std::env::var("KEYFOB_FUZZ_SECONDS").unwrap_or_else(|_| "15".into());
    Duration::from_secs(text.parse().expect("KEYFOB_FUZZ_SECONDS is a number"))
}

/// Gives mutations of `examples` to `survives` until the time is up, and gives how many there were. A panic in it is a
/// failure of the test, with the smallest document that makes it.
pub(crate) fn survives(examples: Vec<Vec<u8>>, survives: impl Fn(&[u8])) -> u64 {
    found(examples, budget(), &survives).unwrap_or_else(|failure| panic!("{failure}"))
}

fn found(examples: Vec<Vec<u8>>, budget: Duration, survives: &dyn Fn(&[u8])) -> Result<u64, String> {
    const AT_ONCE: u32 = 100;
    for example in &examples {
        survives(example);
    }
    let (began, strategy, mut tried) = (Instant::now(), mutated(examples), 0);
    let config = Config { cases: AT_ONCE, failure_persistence: None, ..Config::default() };
    while began.elapsed() < budget {
        let one = |document: Vec<u8>| {
            survives(&document);
            Ok(())
        };
        TestRunner::new(config.clone()).run(&strategy, one).map_err(|error| in_words(&error))?;
        tried += u64::from(AT_ONCE);
    }
    Ok(tried)
}

/// The failure with its document as people read it.
fn in_words(error: &TestError<Vec<u8>>) -> String {
    match error {
        TestError::Fail(why, document) => format!("{why}, at {:?}", String::from_utf8_lossy(document)),
        TestError::Abort(why) => why.to_string(),
    }
}

/// The fuzzer itself: a bug that takes a word at the right place and a broken end is found in seconds.
#[test]
fn a_planted_bug_is_found_and_made_small() {
    let examples =
        vec![br#"{"ask":"hand-out","profile":"readonly"}"#.to_vec(), b"{\"ask\":\"watch\"}".to_vec()];
    let planted = |document: &[u8]| {
        let text = String::from_utf8_lossy(document);
        assert!(!(text.contains("\"ask\":null") || text.contains("\"ask\":-1")), "planted");
    };
    let failure = found(examples, Duration::from_mins(1), &planted).unwrap_err();
    assert!(failure.contains("planted"), "{failure}");
}
