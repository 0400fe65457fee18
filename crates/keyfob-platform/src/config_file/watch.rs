//! Hears of edits of `profiles.toml` at once. Its folder is watched and not the file, because editors write another file and
//! rename it; for a link, as dotfiles have them, the folder of what it points to as well.
//!
//! Where a system gives no watch, nobody is told, and the keeper sees the edit at its next wake.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

/// An editor empties the file, writes and renames: what lies so close together is one edit.
const QUIET: Duration = Duration::from_millis(100);
/// A file that changes without end is looked at all the same.
const LONGEST: Duration = Duration::from_secs(2);
/// There is no folder yet, or no watch to be had: when to try again.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// A watch on the places where one file may change.
pub(super) struct Watch {
    places: BTreeSet<PathBuf>,
    heard: mpsc::Receiver<()>,
    _watcher: RecommendedWatcher,
}

/// Waits until `path` may have changed, and for the first time until it is watched.
pub(super) async fn changed(path: &Path, held: &tokio::sync::Mutex<Option<Watch>>) {
    let mut held = held.lock().await;
    let Some(watch) = held.as_mut() else {
        *held = Some(begin(path).await);
        return;
    };
    let told = watch.edit().await;
    // A link that points elsewhere now, or a folder that was replaced: the next call begins anew.
    if !told || watch.places != places(path) {
        *held = None;
    }
}

async fn begin(path: &Path) -> Watch {
    loop {
        match Watch::begin(path) {
            Ok(watch) => return watch,
            Err(error) => tracing::debug!(%error, path = %path.display(), "cannot be watched"),
        }
        sleep(TRY_AGAIN).await;
    }
}

/// The file, and what it points to.
fn places(path: &Path) -> BTreeSet<PathBuf> {
    [Some(path.to_owned()), path.canonicalize().ok()].into_iter().flatten().collect()
}

impl Watch {
    fn begin(path: &Path) -> notify::Result<Self> {
        let places = places(path);
        let names: BTreeSet<OsString> =
            places.iter().filter_map(|place| place.file_name()).map(ToOwned::to_owned).collect();
        // One word that waits says as much as many.
        let (teller, heard) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| concerns(&event, &names)) {
                let _ = teller.try_send(());
            }
        })?;
        for folder in places.iter().filter_map(|place| place.parent()).collect::<BTreeSet<_>>() {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        Ok(Self { places, heard, _watcher: watcher })
    }

    /// The next edit, once it is over. False where the watch has ended.
    async fn edit(&mut self) -> bool {
        if self.heard.recv().await.is_none() {
            return false;
        }
        let end = Instant::now() + LONGEST;
        while timeout_at(end.min(Instant::now() + QUIET), self.heard.recv())
            .await
            .is_ok_and(|more| more.is_some())
        {}
        true
    }
}

/// Reading is no change; a folder that goes or comes concerns what is in it.
fn concerns(event: &Event, names: &BTreeSet<OsString>) -> bool {
    let is_change = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    };
    let is_one = |path: &PathBuf| path.file_name().is_some_and(|name| names.contains(name));
    is_change && (event.need_rescan() || event.paths.iter().any(is_one))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_told(path: &Path, held: &tokio::sync::Mutex<Option<Watch>>) -> bool {
        tokio::time::timeout(Duration::from_secs(10), changed(path, held)).await.is_ok()
    }

    #[tokio::test]
    async fn an_edit_in_place_a_rename_and_a_file_that_comes_and_goes_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        let held = tokio::sync::Mutex::default();
        changed(&path, &held).await;
        std::fs::write(&path, "a").unwrap();
        assert!(is_told(&path, &held).await, "it came");
        std::fs::write(&path, "b").unwrap();
        assert!(is_told(&path, &held).await, "written in place");
        std::fs::write(folder.path().join("new"), "c").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert!(is_told(&path, &held).await, "renamed");
        std::fs::remove_file(&path).unwrap();
        assert!(is_told(&path, &held).await, "it went");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_link_points_to_is_watched_as_well() {
        let (home, dotfiles) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (path, target) = (home.path().join("profiles.toml"), dotfiles.path().join("mine.toml"));
        std::fs::write(&target, "a").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let held = tokio::sync::Mutex::default();
        changed(&path, &held).await;
        std::fs::write(&target, "b").unwrap();
        assert!(is_told(&path, &held).await);
    }

    #[tokio::test]
    async fn reading_it_and_writing_its_neighbours_is_no_edit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        std::fs::write(&path, "a").unwrap();
        let held = tokio::sync::Mutex::default();
        changed(&path, &held).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a");
        std::fs::write(folder.path().join("config.toml"), "b").unwrap();
        let told = tokio::time::timeout(Duration::from_millis(500), changed(&path, &held)).await;
        assert!(told.is_err());
    }
}
