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

use crate::paths::Paths;
use crate::store::folder::Folder;
use crate::store::{LONGEST_WRITE, atomic_file, problem};
use crate::written::Written;

/// Largest `.env` file that is edited.
const LARGEST_ENV: u64 = 1024 * 1024;

/// Token files on this machine's disks.
pub struct SystemTokenFiles {
    watch: tokio::sync::Mutex<Option<watch::Watch>>,
    written: Written,
}

impl SystemTokenFiles {
    /// Nothing is looked at yet.
    pub fn new(paths: &Paths) -> Self {
        Self { watch: tokio::sync::Mutex::default(), written: Written::new(paths) }
    }
}

#[async_trait]
impl TokenFiles for SystemTokenFiles {
    #[expect(clippy::disallowed_methods, reason = "the user chose this file as a place for the token")]
    async fn write(&self, path: &str, contents: &SecretText) -> Result<(), StoreProblem> {
        let bytes = Zeroizing::new(contents.expose_secret().as_bytes().to_vec());
        let (written, place_text) = (self.written.clone(), path.to_owned());
        patience::at(path, move |path, asker| {
            let (folder, name) = place_to_write(path)?;
            folder.check(name)?;
            folder.sweep(name, LONGEST_WRITE);
            asker.still_waits()?;
            // Before the file, so that whoever is cut off in between leaves no token that nobody takes away.
            let notes = written.of(&place_text, None);
            let is_new = notes.add_file()?;
            let done = folder.replace(name, &bytes, 0o600);
            match done {
                Err(_) if is_new => notes.forget()?,
                Err(_) => {}
                // A sign-out in between has forgotten it.
                Ok(()) => drop(notes.add_file()?),
            }
            done
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "the user chose this file as a place for the token")]
    async fn write_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<(), StoreProblem> {
        let value = Zeroizing::new(value.expose_secret().to_owned());
        edit_env(path, key, Some(value), &self.written).await
    }

    async fn read_template(&self, path: &str) -> Result<String, StoreProblem> {
        patience::at(path, |path, _| read_bounded(path)).await
    }

    async fn remove(&self, path: &str) -> Result<(), StoreProblem> {
        let (written, place_text) = (self.written.clone(), path.to_owned());
        patience::at(path, move |path, asker| {
            let notes = written.of(&place_text, None);
            let Some((folder, name)) = place(path)? else { return notes.forget() };
            folder.sweep(name, LONGEST_WRITE);
            asker.still_waits()?;
            // What has become something else, or was never written by keyfob, is not ours to delete.
            if folder.check(name)? {
                if !notes.has_file()? {
                    return Err(StoreProblem::Io("keyfob did not write this file, so it stays".into()));
                }
                folder.remove(name)?;
            }
            notes.forget()
        })
        .await
    }

    async fn remove_env_line(&self, path: &str, key: &str) -> Result<(), StoreProblem> {
        edit_env(path, key, None, &self.written).await
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
        let (written, place_text) = (self.written.clone(), path.to_owned());
        patience::at(path, move |path, _| {
            let Some((folder, name)) = place(path)? else { return Ok(false) };
            let held = folder.read(name, wanted.len() as u64, true)?.map(Zeroizing::new);
            let holds = held.is_some_and(|held| *held == *wanted);
            if holds {
                written.of(&place_text, None).add_file()?;
            }
            Ok(holds)
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "compared with what the place holds")]
    async fn holds_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<bool, StoreProblem> {
        let value = Zeroizing::new(value.expose_secret().to_owned());
        let line = Zeroizing::new(format!("{key}={}", *value));
        let (written, place_text) = (self.written.clone(), path.to_owned());
        let key = key.to_owned();
        patience::at(path, move |path, _| {
            let Some((folder, name)) = place(path)? else { return Ok(false) };
            let held = folder.read(name, LARGEST_ENV, false)?.map(Zeroizing::new);
            let holds = held.is_some_and(|held| edited(&held, &key, line.as_bytes()) == *held);
            if holds {
                written.of(&place_text, Some(&key)).add(value.as_bytes())?;
            }
            Ok(holds)
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

/// Replaces or adds the line of a key, or takes out those that keyfob wrote; every other byte stays, line ends included.
async fn edit_env(
    path: &str,
    key: &str,
    value: Option<Zeroizing<String>>,
    written: &Written,
) -> Result<(), StoreProblem> {
    let (key, place_text, written) = (key.to_owned(), path.to_owned(), written.clone());
    patience::at(path, move |path, asker| {
        let notes = written.of(&place_text, Some(&key));
        let (folder, name) = match (place(path)?, &value) {
            (Some(place), _) => place,
            (None, None) => return notes.forget(),
            (None, Some(_)) => place_to_write(path)?,
        };
        // Two profiles may share one file: neither loses its line.
        folder.wait_for_turn()?;
        folder.sweep(name, LONGEST_WRITE);
        let before = folder.read(name, LARGEST_ENV, false)?.map(Zeroizing::new);
        if before.is_none() && value.is_none() {
            return notes.forget();
        }
        let before = before.unwrap_or_default();
        let (after, is_left) = match &value {
            Some(value) => {
                let line = Zeroizing::new(format!("{key}={}", **value));
                notes.add(value.as_bytes())?;
                (edited(&before, &key, line.as_bytes()), false)
            }
            None => without(&before, &key, notes.values()?),
        };
        let after = Zeroizing::new(after);
        if *after != *before {
            asker.still_waits()?;
            folder.replace(name, &after, 0o600)?;
        }
        match value {
            Some(_) => Ok(()),
            None if is_left => {
                Err(StoreProblem::Io(format!("keyfob did not write what `{key}` is there, so it stays")))
            }
            None => notes.forget(),
        }
    })
    .await
}

/// Without the lines of this key whose value `is_ours`; and whether one of another value is left.
fn without(before: &[u8], key: &str, is_ours: impl Fn(&[u8]) -> bool) -> (Vec<u8>, bool) {
    let mut after = Vec::with_capacity(before.len());
    let mut is_left = false;
    for line in before.split_inclusive(|byte| *byte == b'\n') {
        match value_of(line, key) {
            Some(value) if is_ours(value) => {}
            found => {
                is_left |= found.is_some();
                after.extend_from_slice(line);
            }
        }
    }
    (after, is_left)
}

fn edited(before: &[u8], key: &str, line: &[u8]) -> Vec<u8> {
    let mut after = Vec::with_capacity(before.len() + 256);
    let mut pending = Some(line);
    for old in before.split_inclusive(|byte| *byte == b'\n') {
        if value_of(old, key).is_none() {
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

/// What a line `KEY=value` sets the key to, without quotes and without a comment behind it.
fn value_of<'a>(line: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let value = line.strip_prefix(key.as_bytes())?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii();
    let quote = value.first().filter(|first| matches!(first, b'"' | b'\''));
    let end = |text: &[u8], is_end: &dyn Fn(u8) -> bool| text.iter().position(|byte| is_end(*byte));
    match quote {
        Some(quote) => {
            Some(&value[1..][..end(&value[1..], &|byte| byte == *quote).unwrap_or(value.len() - 1)])
        }
        None => Some(&value[..end(value, &|byte| byte.is_ascii_whitespace()).unwrap_or(value.len())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_a_dotenv_changes_and_every_other_byte_stays() {
        let edit = |before: &str, line: &str| {
            String::from_utf8(edited(before.as_bytes(), "K", line.as_bytes())).unwrap()
        };
        assert_eq!(edit("A=1\r\nexport K = old\r\n# K=x\nKK=2", "K=new"), "A=1\r\nK=new\r\n# K=x\nKK=2");
        assert_eq!(edit("A=1", "K=new"), "A=1\nK=new\n");
        assert_eq!(edit("", "K=new"), "K=new\n");
        assert_eq!(edit("K=1\nA=2\nK=3\n", "K=new"), "K=new\nA=2\n");
    }

    #[test]
    fn only_a_line_of_a_dotenv_with_a_value_of_ours_is_taken_out() {
        let take = |before: &str| {
            let (after, is_left) = without(before.as_bytes(), "K", |value| value == b"ours");
            (String::from_utf8(after).unwrap(), is_left)
        };
        assert_eq!(take("A=2\nK=ours\n"), ("A=2\n".into(), false));
        assert_eq!(take("export K = \"ours\" # x\r\nK='ours'\nB=1"), ("B=1".into(), false));
        for theirs in ["K=abc # x\n", "K=ours2\n", "K=\n", "K=\"ours two\"\n"] {
            assert_eq!(take(&format!("{theirs}K=ours\nA=1")), (format!("{theirs}A=1"), true));
        }
    }

    fn files_noted_in(folder: &Path) -> SystemTokenFiles {
        SystemTokenFiles::new(&Paths::resolve(Some(folder.join("keyfob"))).unwrap())
    }

    /// What is taken away is what keyfob brought; a later process knows it as well.
    #[tokio::test]
    async fn what_keyfob_never_wrote_is_not_taken_away_and_what_it_wrote_is() {
        let folder = tempfile::tempdir().unwrap();
        let (env, whole) = (folder.path().join(".env"), folder.path().join("token.json"));
        let (env_path, whole_path) = (env.to_str().unwrap(), whole.to_str().unwrap());
        std::fs::write(&env, "OTHER=1\nK=abc # x\n").unwrap();
        std::fs::write(&whole, "mine").unwrap();
        let files = files_noted_in(folder.path());
        assert!(files.remove_env_line(env_path, "K").await.unwrap_err().to_string().contains("stays"));
        assert!(files.remove(whole_path).await.unwrap_err().to_string().contains("stays"));
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "OTHER=1\nK=abc # x\n");
        assert_eq!(std::fs::read_to_string(&whole).unwrap(), "mine");
        let token = SecretText::new("token".into());
        files.write_env_line(env_path, "K", &token).await.unwrap();
        files.write(whole_path, &token).await.unwrap();
        let next = files_noted_in(folder.path());
        next.remove_env_line(env_path, "K").await.unwrap();
        next.remove(whole_path).await.unwrap();
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "OTHER=1\n");
        assert!(!whole.exists());
        let notes = folder.path().join("keyfob/state/written");
        assert_eq!(std::fs::read_dir(notes).unwrap().count(), 0);
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
        let files = files_noted_in(folder.path());
        files.write_env_line(env.to_str().unwrap(), "K", &SecretText::new("new".into())).await.unwrap();
        assert_eq!([gone.exists(), busy.exists()], [false, true], "one of them may still have its writer");
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "K=new\n");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_told_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/token.json");
        let files = files_noted_in(folder.path());
        assert!(files.check(missing.to_str().unwrap()).await.is_err());
        let there = folder.path().join("token.json");
        files.check(there.to_str().unwrap()).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
