//! `profiles.toml` and `config.toml`: read strictly with line and column, edited without touching comments, order or keys
//! we do not know.

mod deliveries;
mod edit;
mod fields;
mod read;
mod settings;
mod watch;

use std::path::PathBuf;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::TimeDelta;
use keyfob_agent::ports::ProfileSettings;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{LifetimeAnswer, Profile};
use toml_edit::DocumentMut;

use crate::file_version::FileVersion;
use crate::paths::Paths;
use crate::store::{atomic_file, profile_lock, unreadable};

pub use settings::{NetworkSettings, ProxySettings, Settings};

/// Profiles as the user wrote them.
pub struct ProfilesToml {
    path: PathBuf,
    lock: PathBuf,
    turn: Mutex<()>,
    watch: tokio::sync::Mutex<Option<watch::Watch>>,
}

impl ProfilesToml {
    /// Nothing is read yet; no file means no profiles.
    pub fn new(paths: &Paths) -> Self {
        Self {
            path: paths.profiles_toml(),
            lock: paths.locks_dir().join("profiles"),
            turn: Mutex::new(()),
            watch: tokio::sync::Mutex::new(None),
        }
    }

    fn text(&self) -> Result<String, Failure> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(unreadable(&error, &self.path).into()),
        }
    }

    fn shown_name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Changes the document under a lock, so that two processes lose none of each other's edits.
    fn edit(&self, change: impl FnOnce(&mut DocumentMut) -> Result<(), Failure>) -> Result<(), Failure> {
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let folder = |path: &std::path::Path| path.parent().map_or(Ok(()), make_folder);
        folder(&self.path)?;
        if let Some(locks) = self.lock.parent() {
            atomic_file::private_folder(locks)?;
        }
        let _guard = profile_lock::lock_for_write(&self.lock)?;
        let text = self.text()?;
        // A file that does not read is not written either: nothing in it is lost.
        read::profiles(&text, &self.shown_name())?;
        let mut document: DocumentMut =
            text.parse().map_err(|error| crate::toml_source::syntax(&error, &text, &self.shown_name()))?;
        change(&mut document)?;
        let changed = document.to_string();
        // Nothing is written that would not be read again.
        read::profiles(&changed, "").map_err(fields::without_place)?;
        Ok(atomic_file::replace_user_file(&self.path, changed.as_bytes())?)
    }
}

fn make_folder(folder: &std::path::Path) -> Result<(), StoreProblem> {
    if folder.exists() { Ok(()) } else { atomic_file::private_folder(folder) }
}

#[async_trait]
impl ProfileSettings for ProfilesToml {
    fn list(&self) -> Result<Vec<Profile>, Failure> {
        read::profiles(&self.text()?, &self.shown_name())
    }

    fn add(&self, profile: &Profile) -> Result<(), Failure> {
        self.edit(|document| edit::add(document, profile))
    }

    fn remove(&self, name: &ProfileName) -> Result<(), Failure> {
        self.edit(|document| edit::remove(document, name))
    }

    fn set_paused(&self, name: &ProfileName, paused: bool) -> Result<(), Failure> {
        self.edit(|document| edit::set_paused(document, name, paused))
    }

    fn set_sign_in_lifetime(&self, name: &ProfileName, answer: LifetimeAnswer) -> Result<(), Failure> {
        self.edit(|document| edit::set_sign_in_lifetime(document, name, answer))
    }

    fn set_reminders(&self, name: &ProfileName, marks: &[TimeDelta]) -> Result<(), Failure> {
        self.edit(|document| edit::set_reminders(document, name, marks))
    }

    fn version(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        FileVersion::of(&self.path).ok().flatten().hash(&mut hasher);
        hasher.finish()
    }

    async fn changed(&self) {
        watch::changed(&self.path, &self.watch).await;
    }
}

#[cfg(test)]
mod tests;
