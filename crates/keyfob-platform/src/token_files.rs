//! Token files for other programs: private from their first system call, replaced atomically, never through a link.

mod patience;
mod watch;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use async_trait::async_trait;
use chrono::{Local, Offset, TimeZone};
use keyfob_agent::ports::TokenFiles;
use keyfob_core::failure::StoreProblem;
use keyfob_core::moment::Moment;
use keyfob_core::secret::SecretText;
use zeroize::Zeroizing;

use crate::store::folder::Folder;
use crate::store::{LONGEST_WRITE, atomic_file, problem};

/// Largest `.env` file that is edited.
const LARGEST_ENV: u64 = 1024 * 1024;

/// Token files on this machine's disks.
#[derive(Default)]
pub struct SystemTokenFiles {
    watch: tokio::sync::Mutex<Option<watch::Watch>>,
}

#[async_trait]
impl TokenFiles for SystemTokenFiles {
    #[expect(clippy::disallowed_methods, reason = "the user chose this file as a place for the token")]
    async fn write(&self, path: &str, contents: &SecretText) -> Result<(), StoreProblem> {
        let bytes = Zeroizing::new(contents.expose_secret().as_bytes().to_vec());
        patience::at(path, move |path, asker| {
            let (folder, name) = place_to_write(path)?;
            folder.check(name)?;
            folder.sweep(name, LONGEST_WRITE);
            asker.still_waits()?;
            folder.replace(name, &bytes, 0o600)
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "the user chose this file as a place for the token")]
    async fn write_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<(), StoreProblem> {
        let line = Zeroizing::new(format!("{key}={}", value.expose_secret()));
        edit_env(path, key, Some(line)).await
    }

    async fn read_template(&self, path: &str) -> Result<String, StoreProblem> {
        patience::at(path, |path, _| read_bounded(path)).await
    }

    async fn remove(&self, path: &str) -> Result<(), StoreProblem> {
        patience::at(path, |path, asker| {
            let Some((folder, name)) = place(path)? else { return Ok(()) };
            folder.sweep(name, LONGEST_WRITE);
            asker.still_waits()?;
            // What has become something else is not ours to delete.
            if folder.check(name)? { folder.remove(name) } else { Ok(()) }
        })
        .await
    }

    async fn remove_env_line(&self, path: &str, key: &str) -> Result<(), StoreProblem> {
        edit_env(path, key, None).await
    }

    async fn check(&self, path: &str) -> Result<(), StoreProblem> {
        patience::at(path, |path, _| {
            let (folder, name) = place_to_write(path)?;
            folder.check(name)?;
            folder.check_writable(name)
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "compared with what the place holds")]
    async fn holds(&self, path: &str, contents: &SecretText) -> Result<bool, StoreProblem> {
        let wanted = Zeroizing::new(contents.expose_secret().as_bytes().to_vec());
        patience::at(path, move |path, _| {
            let Some((folder, name)) = place(path)? else { return Ok(false) };
            let held = folder.read(name, wanted.len() as u64, true)?.map(Zeroizing::new);
            Ok(held.is_some_and(|held| *held == *wanted))
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "compared with what the place holds")]
    async fn holds_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<bool, StoreProblem> {
        let line = Zeroizing::new(format!("{key}={}", value.expose_secret()));
        let key = key.to_owned();
        patience::at(path, move |path, _| {
            let Some((folder, name)) = place(path)? else { return Ok(false) };
            let held = folder.read(name, LARGEST_ENV, false)?.map(Zeroizing::new);
            Ok(held.is_some_and(|held| edited(&held, &key, Some(line.as_bytes())) == *held))
        })
        .await
    }

    async fn changed(&self, paths: &BTreeSet<String>) -> BTreeSet<String> {
        watch::changed(paths, &self.watch).await
    }

    fn local_offset(&self, at: &Moment) -> i32 {
        Local.offset_from_utc_datetime(&at.wall.naive_utc()).fix().local_minus_utc()
    }
}

/// A regular file of the user's; links are followed, because nothing secret is in it and nothing is written to it.
fn read_bounded(path: &Path) -> Result<String, StoreProblem> {
    let refused = |why: &str| StoreProblem::Io(format!("the template {} {why}", path.display()));
    let about = std::fs::metadata(path).map_err(|error| problem(&error, path))?;
    if !about.is_file() {
        return Err(refused("is no file"));
    }
    if about.len() > LARGEST_ENV {
        return Err(refused("is larger than 1 MiB"));
    }
    std::fs::read_to_string(path).map_err(|error| problem(&error, path))
}

/// The file's folder, checked, and its name. `None` where the folder is gone.
fn place(path: &Path) -> Result<Option<(Folder, &OsStr)>, StoreProblem> {
    let (folder, name) = atomic_file::parts(path)?;
    if !folder.try_exists().map_err(|error| problem(&error, folder))? {
        return Ok(None);
    }
    Ok(Some((Folder::named_by_user(folder)?, name)))
}

/// The same where the folder must be there.
fn place_to_write(path: &Path) -> Result<(Folder, &OsStr), StoreProblem> {
    place(path)?.ok_or_else(|| StoreProblem::Io(format!("the folder of {} is not there", path.display())))
}

/// Replaces, adds or takes out one line; every other byte stays, line ends included.
async fn edit_env(path: &str, key: &str, line: Option<Zeroizing<String>>) -> Result<(), StoreProblem> {
    let key = key.to_owned();
    patience::at(path, move |path, asker| {
        let (folder, name) = match (place(path)?, &line) {
            (Some(place), _) => place,
            (None, None) => return Ok(()),
            (None, Some(_)) => place_to_write(path)?,
        };
        // Two profiles may share one file: neither loses its line.
        folder.wait_for_turn()?;
        folder.sweep(name, LONGEST_WRITE);
        let before = folder.read(name, LARGEST_ENV, false)?.map(Zeroizing::new);
        if before.is_none() && line.is_none() {
            return Ok(());
        }
        let before = before.unwrap_or_default();
        let after = Zeroizing::new(edited(&before, &key, line.as_ref().map(|line| line.as_bytes())));
        if *after == *before {
            return Ok(());
        }
        asker.still_waits()?;
        folder.replace(name, &after, 0o600)
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

    /// Half of a `.env` may hold secrets of others.
    #[tokio::test]
    async fn what_a_killed_write_of_a_dotenv_left_goes_with_the_next_edit() {
        let folder = tempfile::tempdir().unwrap();
        let env = folder.path().join(".env");
        let left = |age: std::time::Duration| {
            let path = folder.path().join(format!("..env.{}.new", age.as_secs()));
            let file = std::fs::File::create(&path).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
            path
        };
        let (gone, busy) = (left(LONGEST_WRITE * 2), left(std::time::Duration::ZERO));
        let files = SystemTokenFiles::default();
        files.write_env_line(env.to_str().unwrap(), "K", &SecretText::new("new".into())).await.unwrap();
        assert_eq!([gone.exists(), busy.exists()], [false, true], "one of them may still have its writer");
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "K=new\n");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_told_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/token.json");
        assert!(SystemTokenFiles::default().check(missing.to_str().unwrap()).await.is_err());
        let there = folder.path().join("token.json");
        SystemTokenFiles::default().check(there.to_str().unwrap()).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
