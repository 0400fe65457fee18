//! A key that systemd seals to this machine or its TPM. A service gets it in `$CREDENTIALS_DIRECTORY`
//! (`LoadCredentialEncrypted=keyfob-sealing-key:FILE`); elsewhere the tool `systemd-creds` opens the same file, as far as the
//! account may use it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use keyfob_core::failure::StoreProblem;
use zeroize::Zeroizing;

use super::SealingKey;
use crate::store::atomic_file;

/// The credential's name in the unit; systemd binds the sealed file to it.
const NAME: &str = "keyfob-sealing-key";
const TOOL: &str = "systemd-creds";
/// A TPM takes a second or two.
const PATIENCE: Duration = Duration::from_secs(10);
/// A sealed key has a few hundred bytes.
const LARGEST: u64 = 64 * 1024;

pub(super) fn load(path: &Path) -> Result<SealingKey, StoreProblem> {
    if let Some(key) = given_by_systemd()? {
        return Ok(key);
    }
    let missing = |why: &str| StoreProblem::KeyMissing(format!("{}{why}", path.display()));
    let sealed = atomic_file::read(path, LARGEST)?
        .ok_or_else(|| missing(&format!(" ($CREDENTIALS_DIRECTORY/{NAME} is not there either)")))?;
    let output = run("decrypt", Zeroizing::new(sealed))?;
    let text = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(missing(&format!(": {}", words(&output.stderr))));
    }
    SealingKey::from_slice(&text).ok_or_else(|| missing(": what it holds is no key"))
}

/// A new key, sealed into `path`; or the one that systemd gives to this service.
pub(super) fn store(path: &Path) -> Result<SealingKey, StoreProblem> {
    if let Some(key) = given_by_systemd()? {
        return Ok(key);
    }
    let key = SealingKey::random();
    let output = run("encrypt", Zeroizing::new(key.bytes().to_vec()))?;
    if !output.status.success() {
        return Err(StoreProblem::Io(format!("{TOOL} seals nothing here: {}", words(&output.stderr))));
    }
    atomic_file::replace(path, &output.stdout).map(|()| key)
}

fn given_by_systemd() -> Result<Option<SealingKey>, StoreProblem> {
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else { return Ok(None) };
    let path = PathBuf::from(folder).join(NAME);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => Zeroizing::new(bytes.map_err(|error| crate::store::problem(&error, &path))?),
    };
    let key = SealingKey::from_slice(&bytes);
    key.map(Some).ok_or_else(|| StoreProblem::KeyMissing(format!("{}: it is not 32 bytes", path.display())))
}

/// Runs the tool from standard input to standard output, so that the key is in no file and in no argument.
fn run(verb: &str, input: Zeroizing<Vec<u8>>) -> Result<Output, StoreProblem> {
    let unusable = |why: String| StoreProblem::Io(format!("{TOOL}: {why}"));
    let mut command = Command::new(TOOL);
    command.args([verb, &format!("--name={NAME}"), "-", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unusable(error.to_string()))?;
    let (sender, receiver) = mpsc::channel();
    // The thread ends with the tool; whoever waits does so for a while only.
    let thread = std::thread::Builder::new().name(TOOL.into()).spawn(move || {
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(&input));
        // The waiter may have gone; the answer is worth nothing then.
        let _ = sender.send(child.wait_with_output().and_then(|output| written.map(|()| output)));
    });
    thread.map_err(|error| unusable(error.to_string()))?;
    match receiver.recv_timeout(PATIENCE) {
        Ok(output) => output.map_err(|error| unusable(error.to_string())),
        Err(_) => Err(unusable(format!("no answer within {} seconds", PATIENCE.as_secs()))),
    }
}

/// The tool's last words.
fn words(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr).lines().last().unwrap_or("no reason given").to_owned()
}
