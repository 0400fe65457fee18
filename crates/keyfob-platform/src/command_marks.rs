//! Which token each of the user's commands has got, so that the next keeper does not begin it with the same one again: a small
//! file for each profile in the state folder, a line for each run, the newest last. What stands there is made of hashes and says
//! nothing of any token; without it a command runs once more, and nothing else happens.

use std::path::PathBuf;

use keyfob_core::failure::StoreProblem;
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::Fingerprint;

use crate::entropy;
use crate::paths::Paths;
use crate::store::{atomic_file, profile_lock};

/// Marks that are kept for a profile: more commands than any profile has.
const MOST: usize = 64;
/// Largest file that is read.
const LARGEST: u64 = 64 * 1024;

/// The files.
#[derive(Debug, Clone)]
pub(crate) struct CommandMarks {
    folder: PathBuf,
    lock: PathBuf,
}

impl CommandMarks {
    /// Nothing is created until the first mark.
    pub(crate) fn new(paths: &Paths) -> Self {
        Self { folder: paths.command_marks(), lock: paths.locks_dir().join("command-marks") }
    }

    /// Whether this run has come to its end before.
    pub(crate) fn has(&self, profile: &ProfileName, mark: &Fingerprint) -> bool {
        let mark = entropy::hex_digits(mark);
        self.read(profile).is_ok_and(|marks| marks.contains(&mark))
    }

    /// This run has come to its end.
    pub(crate) fn add(&self, profile: &ProfileName, mark: &Fingerprint) {
        let kept = self.change(|| {
            let mut marks = self.read(profile)?;
            marks.push(entropy::hex_digits(mark));
            let newest = &marks[marks.len().saturating_sub(MOST)..];
            atomic_file::replace(&self.file(profile), newest.join("\n").as_bytes())
        });
        said(profile, kept);
    }

    /// Forgets all runs of this profile.
    pub(crate) fn forget(&self, profile: &ProfileName) {
        if self.file(profile).exists() {
            said(profile, self.change(|| atomic_file::remove(&self.file(profile))));
        }
    }

    fn change(&self, write: impl FnOnce() -> Result<(), StoreProblem>) -> Result<(), StoreProblem> {
        for folder in [Some(self.folder.as_path()), self.lock.parent()].into_iter().flatten() {
            atomic_file::private_folder(folder)?;
        }
        let _guard = profile_lock::lock_for_write(&self.lock)?;
        write()
    }

    fn read(&self, profile: &ProfileName) -> Result<Vec<String>, StoreProblem> {
        let bytes = atomic_file::read(&self.file(profile), LARGEST)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }

    fn file(&self, profile: &ProfileName) -> PathBuf {
        self.folder.join(profile.to_string())
    }
}

fn said(profile: &ProfileName, kept: Result<(), StoreProblem>) {
    if let Err(problem) = kept {
        tracing::warn!(%profile, %problem, "a command's run was not noted: the next keeper begins it again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_to_the_next_process_until_the_profile_goes_and_the_file_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::resolve(Some(folder.path().join("keyfob"))).unwrap();
        let (a, b) = (ProfileName::parse("a").unwrap(), ProfileName::parse("b").unwrap());
        let marks = CommandMarks::new(&paths);
        assert!(!marks.has(&a, &[1; 32]));
        marks.add(&a, &[1; 32]);
        let next = CommandMarks::new(&paths);
        assert!(next.has(&a, &[1; 32]) && !next.has(&a, &[2; 32]) && !next.has(&b, &[1; 32]));
        (0..=MOST).for_each(|n| marks.add(&a, &[u8::try_from(n + 100).unwrap(); 32]));
        assert!(!next.has(&a, &[1; 32]) && next.has(&a, &[164; 32]));
        assert!(std::fs::metadata(marks.file(&a)).unwrap().len() < 65 * MOST as u64);
        marks.forget(&a);
        assert!(!next.has(&a, &[164; 32]));
        assert_eq!(std::fs::read_dir(paths.command_marks()).unwrap().count(), 0);
    }
}
