//! Looking at a user's files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Every file below a folder.
pub fn all_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let below = |path: PathBuf| match std::fs::symlink_metadata(&path) {
        Ok(found) if found.is_dir() => all_files(&path),
        Ok(found) if found.is_file() => vec![path],
        // Sockets and what is gone meanwhile.
        _ => Vec::new(),
    };
    paths.flat_map(below).collect()
}

/// The sealed records below a folder.
pub fn sealed_files(folder: &Path) -> Vec<PathBuf> {
    let sealed = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sealed");
    all_files(folder).into_iter().filter(sealed).collect()
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    let found = std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    found.permissions().mode() & 0o7777
}
