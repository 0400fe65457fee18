//! Hears that somebody changed one of many files, by one watch over their folders.
//!
//! Where a system gives no watch, nobody is told; a new token is written all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, timeout_at};

/// Whoever writes a file empties it first: what lies so close together is one change.
const QUIET: Duration = Duration::from_millis(100);
/// A file that changes without end is looked at all the same.
const LONGEST: Duration = Duration::from_secs(2);
/// No watch to be had, such as for a folder that is not there: when to try again.
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// A watch over the folders of some files.
pub(super) struct Watch {
    paths: BTreeSet<String>,
    heard: Arc<Heard>,
    _watcher: RecommendedWatcher,
}

/// The files that may have changed since somebody last asked.
#[derive(Default)]
struct Heard {
    files: std::sync::Mutex<BTreeSet<String>>,
    more: Notify,
}

impl Heard {
    fn files(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, files: impl Iterator<Item = String>) {
        let mut all = self.files();
        all.extend(files);
        if !all.is_empty() {
            self.more.notify_one();
        }
    }
}

/// Which of `paths` may have changed. A watch that has just begun knows nothing of before, so it tells all of them.
pub(super) async fn changed(paths: &BTreeSet<String>, held: &Mutex<Option<Watch>>) -> BTreeSet<String> {
    let mut held = held.lock().await;
    if held.as_ref().is_none_or(|watch| watch.paths != *paths) {
        *held = Some(begin(paths).await);
        return paths.clone();
    }
    match held.as_ref() {
        Some(watch) => watch.change().await,
        None => paths.clone(),
    }
}

async fn begin(paths: &BTreeSet<String>) -> Watch {
    loop {
        match Watch::begin(paths) {
            Ok(watch) => return watch,
            Err(error) => tracing::debug!(%error, "token files cannot be watched"),
        }
        sleep(TRY_AGAIN).await;
    }
}

impl Watch {
    fn begin(paths: &BTreeSet<String>) -> notify::Result<Self> {
        let names: BTreeMap<PathBuf, String> =
            paths.iter().map(|path| (PathBuf::from(path), path.clone())).collect();
        let folders: BTreeSet<PathBuf> = names.keys().filter_map(|path| folder(path)).collect();
        let heard = Arc::new(Heard::default());
        let teller = Arc::clone(&heard);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = event {
                teller.add(concerned(&event, &names).into_iter());
            }
        })?;
        let mut is_watched = false;
        for folder in folders {
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => is_watched = true,
                Err(error) => tracing::debug!(%error, folder = %folder.display(), "cannot be watched"),
            }
        }
        if !is_watched {
            return Err(notify::Error::generic("none of the folders can be watched"));
        }
        Ok(Self { paths: paths.clone(), heard, _watcher: watcher })
    }

    /// The next change, once it is over. Whoever gives up waiting loses none.
    async fn change(&self) -> BTreeSet<String> {
        while self.heard.files().is_empty() {
            self.heard.more.notified().await;
        }
        let end = Instant::now() + LONGEST;
        while timeout_at(end.min(Instant::now() + QUIET), self.heard.more.notified()).await.is_ok()
            && Instant::now() < end
        {}
        std::mem::take(&mut self.heard.files())
    }
}

fn folder(path: &Path) -> Option<PathBuf> {
    path.parent().map(Path::to_owned)
}

/// Reading is no change; where the system has lost count, any of them may have changed.
fn concerned(event: &Event, names: &BTreeMap<PathBuf, String>) -> Vec<String> {
    if event.need_rescan() {
        return names.values().cloned().collect();
    }
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
        EventKind::Access(_) => return Vec::new(),
        _ => {}
    }
    event.paths.iter().filter_map(|path| names.get(path)).cloned().collect()
}
