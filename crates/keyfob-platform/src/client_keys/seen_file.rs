//! A file as it was read, and whether it still is what its path leads to.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// A file that was seen once. Where the system allows it, it is held open: to ask it is a quarter of the work of looking for it again.
pub(super) struct SeenFile {
    #[cfg(unix)]
    file: File,
    stamp: Stamp,
}

/// Whatever is done to a file gives it another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    /// Its names and rights too: seconds and nanoseconds.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl SeenFile {
    /// Before it is read: where it is replaced in between, that is found out the next time. `None` where there is none.
    pub(super) fn see(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let stamp = Stamp::of(&file.metadata().ok()?)?;
        Some(Self {
            #[cfg(unix)]
            file,
            stamp,
        })
    }

    /// True where nobody has changed, replaced, renamed or removed it since.
    #[cfg(unix)]
    pub(super) fn is_as_it_was(&self, _: &Path) -> bool {
        self.file.metadata().ok().and_then(|found| Stamp::of(&found)) == Some(self.stamp)
    }

    /// True where nobody has changed, replaced, renamed or removed it since.
    #[cfg(not(unix))]
    pub(super) fn is_as_it_was(&self, path: &Path) -> bool {
        std::fs::metadata(path).ok().and_then(|found| Stamp::of(&found)) == Some(self.stamp)
    }
}

impl Stamp {
    /// `None` for a file that has no name any more.
    fn of(found: &Metadata) -> Option<Self> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        #[cfg(unix)]
        if found.nlink() == 0 {
            return None;
        }
        Some(Self {
            modified: found.modified().ok()?,
            length: found.len(),
            #[cfg(unix)]
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// Whether a file that was seen is taken for what it was after this was done to it.
    fn after(done: impl Fn(&Path)) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("keys");
        fs::write(&path, "one").unwrap();
        let seen = SeenFile::see(&path).unwrap();
        assert!(seen.is_as_it_was(&path));
        done(&path);
        seen.is_as_it_was(&path)
    }

    #[test]
    fn a_file_that_was_replaced_removed_or_written_to_is_not_as_it_was() {
        assert!(after(|_| ()));
        assert!(!after(|path| {
            fs::write(path.with_extension("new"), "two").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }));
        assert!(!after(|path| fs::remove_file(path).unwrap()));
        assert!(!after(|path| fs::write(path, "three").unwrap()));
    }

    /// A copy by hard link keeps the old file alive when the path leads to another one.
    #[cfg(unix)]
    #[test]
    fn a_second_name_does_not_keep_a_replaced_file_as_it_was() {
        assert!(!after(|path| {
            fs::hard_link(path, path.with_extension("copy")).unwrap();
            fs::write(path.with_extension("new"), "two").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }));
    }

    #[test]
    fn where_no_file_is_none_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        assert!(SeenFile::see(&folder.path().join("keys")).is_none());
    }
}
