//! Files of keyfob's own and files of the user's, by path: read whole, replaced atomically. The steps themselves are in
//! folder.rs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyfob_core::failure::StoreProblem;

use super::folder::Folder;
use super::problem;
use crate::entropy;

/// Makes a private folder (0700) and refuses one that others could change.
pub fn private_folder(path: &Path) -> Result<(), StoreProblem> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        // A link to nowhere, or a file: told by what is there.
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(problem(&error, path)),
        _ => Folder::ours(path).map(|_| ()),
    }
}

/// Replaces a file of keyfob's own, mode 0600, in a private folder. On return the new contents are on disk; after an error
/// the old ones may be, or the new ones.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), StoreProblem> {
    let (folder, name) = parts(path)?;
    let folder = Folder::ours(folder)?;
    folder.check(name)?;
    folder.replace(name, contents, 0o600)
}

/// The same for files that belong to the user: a link is followed and its target replaced, and the mode stays. What a killed
/// writer of it left is taken away; only for callers that hold the file's lock.
pub fn replace_user_file(path: &Path, contents: &[u8]) -> Result<(), StoreProblem> {
    let target = followed(path)?;
    let (folder, name) = parts(&target)?;
    let folder = Folder::unchecked(folder)?;
    folder.sweep(name, Duration::ZERO);
    folder.replace(name, contents, mode_of(&target)?.unwrap_or(0o600))
}

/// Where a chain of links ends, also where nothing is there yet.
fn followed(path: &Path) -> Result<PathBuf, StoreProblem> {
    let mut path = path.to_path_buf();
    // As many links as Linux follows.
    for _ in 0..40 {
        match std::fs::read_link(&path) {
            Ok(target) => path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target)),
            Err(_) => return Ok(path),
        }
    }
    Err(StoreProblem::Unsafe(format!("{} is a link that never ends", path.display())))
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Result<Option<u32>, StoreProblem> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(found.permissions().mode() & 0o777)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(problem(&error, path)),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "modes can be unreadable on Unix")]
fn mode_of(_path: &Path) -> Result<Option<u32>, StoreProblem> {
    Ok(None)
}

/// Reads a file of ours whole; `None` where there is none. One that others could read is made private first.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreProblem> {
    let (folder, name) = parts(path)?;
    // Only "not found" is empty: a folder that cannot be looked at is an error (V29).
    if !folder.try_exists().map_err(|error| problem(&error, folder))? {
        return Ok(None);
    }
    Folder::ours(folder)?.read(name, limit, true)
}

/// Removes a file of ours; one that is not there is fine. The removal survives a power cut.
pub fn remove(path: &Path) -> Result<(), StoreProblem> {
    let (folder, name) = parts(path)?;
    Folder::ours(folder)?.remove(name)
}

/// Renames a file of ours to its name with the date, never over another one; gives the new path, `None` where there was
/// none.
pub(crate) fn set_aside(path: &Path) -> Result<Option<PathBuf>, StoreProblem> {
    let (folder, name) = parts(path)?;
    let dated = format!(
        "{}.set-aside-{}-{}",
        name.to_string_lossy(),
        chrono::Utc::now().format("%Y%m%dT%H%M%SZ"),
        entropy::hex(2)
    );
    let moved = Folder::ours(folder)?.rename(name, dated.as_ref())?;
    Ok(moved.then(|| folder.join(dated)))
}

/// Takes away what writers of this file left when they were killed. Only for callers that hold the file's write lock: a
/// temporary file is then nobody's.
pub(crate) fn sweep(path: &Path) -> Result<(), StoreProblem> {
    let (folder, name) = parts(path)?;
    Folder::ours(folder)?.sweep(name, Duration::ZERO);
    Ok(())
}

/// The same for every file in a folder of ours, without their locks: what may still have its writer stays.
pub(crate) fn sweep_folder(folder: &Path) -> Result<(), StoreProblem> {
    Folder::ours(folder)?.sweep_all();
    Ok(())
}

/// Folder and name of a file.
pub(crate) fn parts(path: &Path) -> Result<(&Path, &OsStr), StoreProblem> {
    path.parent()
        .zip(path.file_name())
        .ok_or_else(|| StoreProblem::Unsafe(format!("{} names no file", path.display())))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    /// V16
    #[test]
    fn a_new_file_is_private_whatever_it_replaces() {
        let folder = folder();
        let path = folder.path().join("f");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// V17
    #[test]
    fn links_pipes_and_folders_are_refused_and_left_alone() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("plain"), "precious").unwrap();
        symlink(at("plain"), at("link")).unwrap();
        std::fs::hard_link(at("plain"), at("hard")).unwrap();
        std::fs::create_dir(at("dir")).unwrap();
        std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        for name in ["link", "hard", "dir", "pipe"] {
            assert!(matches!(replace(&at(name), b"x"), Err(StoreProblem::Unsafe(_))), "{name}");
            assert!(matches!(read(&at(name), 100), Err(StoreProblem::Unsafe(_))), "{name}");
        }
        assert_eq!(std::fs::read(at("plain")).unwrap(), b"precious");
    }

    #[test]
    fn a_users_link_is_followed_and_keeps_its_mode() {
        let folder = folder();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
        symlink(&real, &link).unwrap();
        replace_user_file(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&real).unwrap().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = folder();
        let open = folder.path().join("open");
        private_folder(&open).unwrap();
        assert_eq!(std::fs::metadata(&open).unwrap().mode() & 0o777, 0o700);
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(private_folder(&open), Err(StoreProblem::Unsafe(_))));
    }

    #[test]
    fn a_file_that_became_readable_to_others_is_made_private_on_read() {
        let folder = folder();
        let path = folder.path().join("f");
        replace(&path, b"x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path, 10).unwrap().unwrap(), b"x");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    /// V16: whoever reads meanwhile sees the old file or the new one, whole, and never a mode wider than 0600.
    #[test]
    fn readers_of_a_file_that_is_replaced_all_the_time_see_whole_private_files() {
        let folder = folder();
        let path = folder.path().join("f");
        let writes = if std::env::var_os("KEYFOB_DEEP").is_some() { 100_000 } else { 300 };
        let contents = |n: usize| vec![u8::try_from(n % 251).unwrap(); 1 + n * 37 % 9_000];
        replace(&path, &contents(0)).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1..=writes {
                    replace(&path, &contents(n)).unwrap();
                }
                done.store(true, std::sync::atomic::Ordering::SeqCst);
            });
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                let read = std::fs::read(&path).unwrap();
                assert!(!read.is_empty() && read.iter().all(|byte| *byte == read[0]), "torn");
                for entry in std::fs::read_dir(folder.path()).unwrap() {
                    let Ok(found) = entry.unwrap().metadata() else { continue };
                    assert_eq!(found.mode() & 0o777, 0o600);
                }
            }
        });
        assert_eq!(std::fs::read(&path).unwrap(), contents(writes));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
