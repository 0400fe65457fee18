//! The journal: torn lines, bounds, several writers, and following it across a file put aside.

use keyfob_agent::journal::JournalEvent;

use super::*;

fn entry(detail: &str) -> JournalEntry {
    let a = ProfileName::parse("a").unwrap();
    JournalEntry::new(chrono::DateTime::UNIX_EPOCH, JournalEvent::Renewed).about(&a).saying(detail)
}

fn details(entries: &[JournalEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.detail.as_deref().unwrap()).collect()
}

fn journal(folder: &tempfile::TempDir) -> JournalFiles {
    JournalFiles::new(&Paths::resolve(Some(folder.path().into())).unwrap())
}

/// What a crash leaves: no line end, half a character.
fn append_raw(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// Puts the current file aside, as a writer does that finds it full.
fn put_aside(journal: &JournalFiles) {
    std::fs::rename(current(&journal.folder), before(&journal.folder)).unwrap();
}

#[test]
fn a_torn_line_is_passed_over_and_the_next_one_reads() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    journal.append(&entry("first"));
    append_raw(&current(&journal.folder), b"{\"at\":\"19");
    append_raw(&current(&journal.folder), b"\xc3");
    journal.append(&entry("second"));
    assert_eq!(details(&journal.read(None, 10)), ["first", "second"]);
    assert_eq!(journal.read(ProfileName::parse("b").ok().as_ref(), 10), []);
}

#[test]
fn two_files_bound_the_journal_and_a_detail_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let long = "ä".repeat(100_000);
    (0..1_500).for_each(|_| journal.append(&entry(&long)));
    let size: u64 =
        std::fs::read_dir(&journal.folder).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    assert!((LARGEST..=2 * LARGEST + 4_096).contains(&size), "{size}");
    let read = journal.read(None, 500);
    assert_eq!(read.len(), 500, "the newest of both files");
    assert!(read.iter().all(|entry| entry.detail.as_deref().unwrap().chars().count() == LONGEST_DETAIL));
}

/// Each writer stands for a process: files of its own, no lock in common.
#[test]
fn many_writers_lose_no_line_and_mix_none_while_files_are_put_aside() {
    const WRITERS: usize = 8;
    const LINES: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let follower = journal(&folder);
    let (_, mut tail) = follower.follow(None, 0);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let journal = journal(&folder);
            std::thread::spawn(move || {
                let filling = "x".repeat(600);
                for line in 0..LINES {
                    journal.append(&entry(&format!("{writer}:{line}:{filling}")));
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    while !writers.iter().all(std::thread::JoinHandle::is_finished) {
        seen.extend(tail.more());
    }
    for writer in writers {
        writer.join().unwrap();
    }
    seen.extend(tail.more());
    seen.extend(tail.more());
    assert!(before(&folder.path().join("state/journal")).exists(), "a file was put aside meanwhile");
    let mut told: Vec<&str> =
        details(&seen).into_iter().filter_map(|d| d.rsplit_once(':')).map(|d| d.0).collect();
    told.sort_unstable();
    let mut all: Vec<String> =
        (0..WRITERS).flat_map(|w| (0..LINES).map(move |l| format!("{w}:{l}"))).collect();
    all.sort_unstable();
    assert_eq!(told, all, "each line once");
}

#[test]
fn following_goes_on_across_files_put_aside_and_tells_each_line_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let (none, mut tail) = journal.follow(None, 10);
    assert_eq!((none, tail.more()), (vec![], vec![]), "there is no journal yet");
    journal.append(&entry("1"));
    assert_eq!(details(&tail.more()), ["1"]);
    journal.append(&entry("2"));
    put_aside(&journal);
    // A writer that had opened the file before.
    journal.append(&entry("4"));
    append_raw(&before(&journal.folder), &[&serde_json::to_vec(&entry("3")).unwrap()[..], b"\n"].concat());
    assert_eq!(details(&tail.more()), ["2", "3", "4"]);
    append_raw(&before(&journal.folder), &[&serde_json::to_vec(&entry("late")).unwrap()[..], b"\n"].concat());
    assert_eq!(details(&tail.more()), ["late"]);
    assert_eq!(tail.more(), []);
}

#[test]
fn two_files_put_aside_between_two_looks_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    journal.append(&entry("1"));
    let (history, mut tail) = journal.follow(None, 10);
    assert_eq!(details(&history), ["1"]);
    journal.append(&entry("2"));
    put_aside(&journal);
    journal.append(&entry("3"));
    put_aside(&journal);
    journal.append(&entry("4"));
    assert_eq!(details(&tail.more()), ["2", "3", "4"]);
}

#[test]
fn half_a_line_waits_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    journal.append(&entry("1"));
    let line = serde_json::to_vec(&entry("2")).unwrap();
    let (half, rest) = line.split_at(20);
    append_raw(&current(&journal.folder), half);
    let (history, mut tail) = journal.follow(None, 10);
    assert_eq!((details(&history), tail.more()), (vec!["1"], vec![]));
    append_raw(&current(&journal.folder), &[rest, b"\n"].concat());
    assert_eq!(details(&tail.more()), ["2"]);
}

#[test]
fn the_newest_are_found_far_behind_the_lines_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    (0..3).for_each(|n| journal.append(&entry(&n.to_string())));
    let b = ProfileName::parse("b").unwrap();
    let other = JournalEntry { profile: Some(b), ..entry(&"x".repeat(900)) };
    (0..600).for_each(|_| journal.append(&other));
    let a = ProfileName::parse("a").unwrap();
    assert_eq!(details(&journal.read(Some(&a), 2)), ["1", "2"]);
    assert_eq!(journal.read(None, 2).len(), 2);
}
