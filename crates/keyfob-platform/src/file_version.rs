//! Which version of a file is there, told without opening it: an opened file wakes whoever watches its folder.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Two writes within one tick of the disk's clock cannot be told apart; none of ours lies so close to the next.
const LONGEST_TICK: Duration = Duration::from_secs(2);

/// What changes with every write of a file, and with its mode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileVersion {
    length: u64,
    modified: SystemTime,
    /// Device, inode, and the time of the inode's last change: seconds and nanoseconds.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl FileVersion {
    /// Of the file that `path` leads to; `None` where there is none.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        let found = match std::fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        Ok(Some(Self {
            length: found.len(),
            modified: found.modified()?,
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt;
                (found.dev(), found.ino(), found.ctime(), found.ctime_nsec())
            },
        }))
    }

    /// True once the next write is sure to make another version.
    pub(crate) fn is_settled(&self) -> bool {
        self.modified.elapsed().is_ok_and(|age| age > LONGEST_TICK)
    }
}
