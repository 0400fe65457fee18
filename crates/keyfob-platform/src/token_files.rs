//! Token files for other programs: private from their first system call, replaced atomically, never through a link.

use std::path::Path;

use async_trait::async_trait;
use chrono::{Local, Offset, TimeZone};
use keyfob_agent::ports::TokenFiles;
use keyfob_core::failure::StoreProblem;
use keyfob_core::moment::Moment;
use keyfob_core::secret::SecretText;
use zeroize::Zeroizing;

use crate::store::{atomic_file, problem};

/// Largest `.env` file that is edited.
const LARGEST_ENV: u64 = 1024 * 1024;

/// Token files on this machine's disks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTokenFiles;

#[async_trait]
impl TokenFiles for SystemTokenFiles {
    #[expect(clippy::disallowed_methods, reason = "the user chose this file as a place for the token")]
    async fn write(&self, path: &str, contents: &SecretText) -> Result<(), StoreProblem> {
        let bytes = Zeroizing::new(contents.expose_secret().as_bytes().to_vec());
        off_thread(path, move |path| {
            check_folder(path)?;
            atomic_file::replace(path, &bytes)
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "the user chose this file as a place for the token")]
    async fn write_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<(), StoreProblem> {
        let line = Zeroizing::new(format!("{key}={}", value.expose_secret()));
        edit_env(path, key, Some(line)).await
    }

    async fn remove(&self, path: &str) -> Result<(), StoreProblem> {
        off_thread(path, |path| {
            // What has become something else is not ours to delete.
            atomic_file::check_target(path)?;
            atomic_file::remove(path)
        })
        .await
    }

    async fn remove_env_line(&self, path: &str, key: &str) -> Result<(), StoreProblem> {
        edit_env(path, key, None).await
    }

    async fn check(&self, path: &str) -> Result<(), StoreProblem> {
        off_thread(path, |path| {
            check_folder(path)?;
            atomic_file::check_target(path)?;
            check_writable(path)
        })
        .await
    }

    fn local_offset(&self, at: &Moment) -> i32 {
        Local.offset_from_utc_datetime(&at.wall.naive_utc()).fix().local_minus_utc()
    }
}

async fn off_thread(
    path: &str,
    work: impl FnOnce(&Path) -> Result<(), StoreProblem> + Send + 'static,
) -> Result<(), StoreProblem> {
    let path = std::path::PathBuf::from(path);
    tokio::task::spawn_blocking(move || work(&path))
        .await
        .unwrap_or_else(|error| Err(StoreProblem::Io(error.to_string())))
}

/// The folder must be there, and nobody else may be able to swap files in it (V17).
#[cfg(unix)]
fn check_folder(path: &Path) -> Result<(), StoreProblem> {
    use std::os::unix::fs::MetadataExt;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let found = std::fs::metadata(folder).map_err(|error| problem(&error, folder))?;
    let refuse = |why: &str| Err(StoreProblem::Unsafe(format!("the folder {} {why}", folder.display())));
    let us = rustix::process::geteuid().as_raw();
    // A sticky folder such as /tmp lets only owners rename; a folder of root's is as safe as the system.
    if found.uid() != us && found.uid() != 0 {
        return refuse("belongs to another user");
    }
    if found.mode() & 0o022 != 0 && found.mode() & 0o1000 == 0 {
        return refuse("can be changed by other users");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_path: &Path) -> Result<(), StoreProblem> {
    Ok(())
}

/// Whether a file could be made beside `path`; tried, because modes alone do not tell (read-only mounts, quotas, root).
fn check_writable(path: &Path) -> Result<(), StoreProblem> {
    let probe = path.with_file_name(format!(".keyfob-probe.{}", crate::entropy::hex(8)));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&probe);
    made.map_err(|error| problem(&error, path))?;
    atomic_file::remove(&probe)
}

/// Replaces, adds or takes out one line; every other byte stays, line ends included.
async fn edit_env(path: &str, key: &str, line: Option<Zeroizing<String>>) -> Result<(), StoreProblem> {
    let key = key.to_owned();
    off_thread(path, move |path| {
        check_folder(path)?;
        let Some(before) =
            atomic_file::read(path, LARGEST_ENV)?.or_else(|| line.as_ref().map(|_| Vec::new()))
        else {
            return Ok(());
        };
        let before = Zeroizing::new(before);
        let after = Zeroizing::new(edited(&before, &key, line.as_ref().map(|line| line.as_bytes())));
        if *after == *before { Ok(()) } else { atomic_file::replace(path, &after) }
    })
    .await
}

fn edited(before: &[u8], key: &str, line: Option<&[u8]>) -> Vec<u8> {
    let mut after = Vec::with_capacity(before.len() + 256);
    let mut pending = line;
    for old in before.split_inclusive(|byte| *byte == b'\n') {
        if !sets(old, key) {
            after.extend_from_slice(old);
            continue;
        }
        // The first line with this key becomes ours; later ones would win over it, so they go.
        if let Some(new) = pending.take() {
            after.extend_from_slice(new);
            after.extend_from_slice(if old.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
        }
    }
    if let Some(new) = pending {
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        after.extend_from_slice(new);
        after.push(b'\n');
    }
    after
}

fn sets(line: &[u8], key: &str) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    line.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_a_dotenv_changes_and_every_other_byte_stays() {
        let edit = |before: &str, line: Option<&str>| {
            String::from_utf8(edited(before.as_bytes(), "K", line.map(str::as_bytes))).unwrap()
        };
        assert_eq!(
            edit("A=1\r\nexport K = old\r\n# K=x\nKK=2", Some("K=new")),
            "A=1\r\nK=new\r\n# K=x\nKK=2"
        );
        assert_eq!(edit("A=1", Some("K=new")), "A=1\nK=new\n");
        assert_eq!(edit("", Some("K=new")), "K=new\n");
        assert_eq!(edit("K=1\nA=2\nK=3\n", Some("K=new")), "K=new\nA=2\n");
        assert_eq!(edit("A=2\nK=3\n", None), "A=2\n");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_told_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/token.json");
        assert!(SystemTokenFiles.check(missing.to_str().unwrap()).await.is_err());
        let there = folder.path().join("token.json");
        SystemTokenFiles.check(there.to_str().unwrap()).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
