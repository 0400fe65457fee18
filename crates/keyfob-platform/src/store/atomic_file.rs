//! Writing a file so that readers see the old one or the new one and nothing between, and so that a crash leaves one of
//! them: a new file in the same folder, mode 0600 from its first system call, synced, renamed, folder synced.
//!
//! On systems other than Unix the same steps are taken through the standard library; they have not been run here.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use keyfob_core::failure::StoreProblem;

use super::problem;
use crate::entropy;

/// Makes a private folder (0700) and refuses one that others could change.
pub fn private_folder(path: &Path) -> Result<(), StoreProblem> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| problem(&error, path))?;
    check_folder(path)
}

/// A folder of ours: a real folder, owned by this user, not writable by others.
#[cfg(unix)]
fn check_folder(path: &Path) -> Result<(), StoreProblem> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::symlink_metadata(path).map_err(|error| problem(&error, path))?;
    let refuse = |why: &str| Err(StoreProblem::Unsafe(format!("{} {why}", path.display())));
    if !found.is_dir() {
        return refuse("is no folder of its own (a link?)");
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if found.mode() & 0o022 != 0 {
        return refuse("can be changed by other users");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_path: &Path) -> Result<(), StoreProblem> {
    Ok(())
}

/// Refuses anything but a plain file of this user with one name (V17). `None` where there is nothing yet.
#[cfg(unix)]
pub fn check_target(path: &Path) -> Result<Option<std::fs::Metadata>, StoreProblem> {
    use std::os::unix::fs::MetadataExt;
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(|error| problem(&error, path))?,
    };
    let refuse = |why: &str| Err(StoreProblem::Unsafe(format!("{} {why}", path.display())));
    if !found.is_file() {
        return refuse("is no plain file (a link, a pipe, a folder?)");
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if found.nlink() != 1 {
        return refuse("has a second name (a hard link)");
    }
    Ok(Some(found))
}

/// Refuses anything but a plain file. `None` where there is nothing yet.
#[cfg(not(unix))]
pub fn check_target(path: &Path) -> Result<Option<std::fs::Metadata>, StoreProblem> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Ok(found) if !found.is_file() => {
            Err(StoreProblem::Unsafe(format!("{} is no plain file", path.display())))
        }
        found => found.map(Some).map_err(|error| problem(&error, path)),
    }
}

/// Replaces `path` by `contents`, mode 0600. On return the new contents are on disk.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), StoreProblem> {
    check_target(path)?;
    write_and_rename(path, contents, 0o600)
}

/// The same for files that belong to the user: a link is followed and its target replaced, and the mode stays.
pub fn replace_user_file(path: &Path, contents: &[u8]) -> Result<(), StoreProblem> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    write_and_rename(&target, contents, mode_of(&target).unwrap_or(0o600))
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_path: &Path) -> Option<u32> {
    None
}

fn write_and_rename(path: &Path, contents: &[u8], mode: u32) -> Result<(), StoreProblem> {
    let folder =
        path.parent().ok_or_else(|| StoreProblem::Io(format!("{} has no folder", path.display())))?;
    let temporary = temporary_beside(path);
    let written = write_new(&temporary, contents, mode).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        // What was not renamed was never visible.
        let _ = std::fs::remove_file(&temporary);
        return Err(problem(&error, path));
    }
    sync_folder(folder)
}

/// Creates a file that was not there and writes it through to the disk. A failed sync means "not written": the descriptor is
/// not tried again.
fn write_new(path: &Path, contents: &[u8], mode: u32) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // The umask could only take bits away; 0600 is the widest this file ever is.
        options.mode(mode).custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", entropy::hex(8)))
}

/// Makes a rename or removal in this folder survive a power cut.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> Result<(), StoreProblem> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| problem(&error, folder))
}

/// Folders cannot be synced on other systems.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> Result<(), StoreProblem> {
    Ok(())
}

/// Reads a file of ours whole; `None` where there is none. One that others could read is made private first.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreProblem> {
    let Some(found) = check_target(path)? else { return Ok(None) };
    repair_mode(path, &found)?;
    let file = File::open(path).map_err(|error| problem(&error, path))?;
    let mut contents = Vec::new();
    file.take(limit + 1).read_to_end(&mut contents).map_err(|error| problem(&error, path))?;
    if contents.len() as u64 > limit {
        return Err(StoreProblem::Damaged(format!("{} is larger than {limit} bytes", path.display())));
    }
    Ok(Some(contents))
}

#[cfg(unix)]
fn repair_mode(path: &Path, found: &std::fs::Metadata) -> Result<(), StoreProblem> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    if found.mode() & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), mode = format!("{:o}", found.mode() & 0o777), "was open to others; made private again");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| problem(&error, path))
}

#[cfg(not(unix))]
fn repair_mode(_path: &Path, _found: &std::fs::Metadata) -> Result<(), StoreProblem> {
    Ok(())
}

/// Removes a file; one that is not there is fine. The removal survives a power cut.
pub fn remove(path: &Path) -> Result<(), StoreProblem> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(problem(&error, path)),
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
    }
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
}
