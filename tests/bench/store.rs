//! What it costs to keep a renewed token: one commit against the bare recipe it stands on, with few and with many records.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::ports::CredentialStore;
use keyfob_core::credential::Credential;
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::ClientSecret;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_platform::store::sealed_store::SealedStore;
use keyfob_platform::store::sealing_key::SealingKeySource;
use tokio::runtime::Handle;

use crate::measure::{Candidate, all, line, medians, percentile, ratio, shown, timed};

/// Ninety-nine of a hundred renewals are durable within this time, on a disk with nothing else to do.
const WINDOW: Duration = Duration::from_millis(10);

/// Memory where the system has such a folder: the counts are about work, not about the disk.
const MEMORY: &str = "/dev/shm";

pub(crate) fn against_a_bare_sync() {
    println!("\nFrom a renewed token to a durable one (on this disk)");
    let folder = tempfile::tempdir().expect("a folder");
    let mut records = Records::new(folder.path());
    records.grow_to(10);
    let bytes = records.sealed_bytes();
    let scratch = folder.path().join("scratch");
    std::fs::create_dir(&scratch).expect("a folder");
    let mut candidates = [
        Candidate::new("floor: write, sync, rename, sync the folder", || {
            timed(|| replace(&scratch, &bytes).expect("a disk"))
        }),
        Candidate::new("commit of a sealed record", || records.commit()),
    ];
    let taken = all(&mut candidates, 50, 10);
    for percent in [50, 99] {
        let [floor, commit] = [0, 1].map(|candidate| percentile(taken[candidate].clone(), percent));
        line(&format!("p{percent}: {}", candidates[0].name), floor, 1.0, "the bare recipe", None);
        line(
            &format!("p{percent}: {}", candidates[1].name),
            commit,
            ratio(commit, floor),
            "the bare recipe",
            None,
        );
    }
    let p99 = percentile(taken[1].clone(), 99);
    let verdict = if p99 <= WINDOW { "met" } else { "MISSED" };
    println!("  p99 from an answer to a durable token         bar {}: {verdict}", shown(WINDOW));
}

pub(crate) fn with_more_records() {
    println!("\nOne commit among many records (in memory: the work, not the disk)");
    let folder = in_memory();
    let mut records = Records::new(folder.path());
    let mut first = None;
    for count in [10, 1_000, 10_000] {
        records.grow_to(count);
        let mut candidate = [Candidate::new("", || records.commit())];
        let taken = medians(&mut candidate, 5, 40)[0];
        let first = *first.get_or_insert(taken);
        let bar = (count > 10).then_some(1.5);
        line(&format!("{count} records"), taken, ratio(taken, first), "10 records", bar);
    }
}

/// A folder whose syncs cost nothing.
pub(crate) fn in_memory() -> tempfile::TempDir {
    let folder = if Path::new(MEMORY).is_dir() { tempfile::tempdir_in(MEMORY) } else { tempfile::tempdir() };
    folder.expect("a folder")
}

/// The recipe that any atomic, durable replacement needs.
fn replace(folder: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = folder.join("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, folder.join("record"))?;
    File::open(folder)?.sync_all()
}

/// A store with as many records as asked for.
struct Records {
    paths: Paths,
    store: SealedStore,
    generations: Vec<u64>,
    next: usize,
}

impl Records {
    fn new(folder: &Path) -> Self {
        let paths = Paths::resolve(Some(folder.join("home"))).expect("a home");
        let choice = Choice::named("key-file").expect("a backend");
        let keys = Arc::new(SealingKeySource::new(paths.clone(), choice, None));
        Self { store: SealedStore::new(paths.clone(), keys), paths, generations: Vec::new(), next: 0 }
    }

    fn grow_to(&mut self, count: usize) {
        while self.generations.len() < count {
            self.generations.push(0);
            self.next = self.generations.len() - 1;
            self.commit();
        }
    }

    /// Commits to the next record in turn; a record of about the size of a sign-in with two tokens.
    fn commit(&mut self) -> Duration {
        let credential = Credential {
            given_client_secret: Some(ClientSecret::new("x".repeat(2_000))),
            ..Credential::empty("machine")
        };
        let (at, name) = (self.next, name(self.next));
        let expected = self.generations[at];
        let mut generation = expected;
        let took = timed(|| {
            let commit = self.store.commit(&name, expected, &credential);
            generation =
                tokio::task::block_in_place(|| Handle::current().block_on(commit)).expect("committed");
        });
        self.generations[at] = generation;
        self.next = (at + 7) % self.generations.len();
        took
    }

    fn sealed_bytes(&self) -> Vec<u8> {
        std::fs::read(self.paths.sealed_record(&name(0))).expect("a record")
    }
}

fn name(number: usize) -> ProfileName {
    ProfileName::parse(&format!("profile-{number}")).expect("a name")
}
