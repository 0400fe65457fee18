//! The sealed store on a real keyring: GNOME Keyring on a session bus that each test starts for itself. The test outside
//! starts the bus and runs the test of the same name inside it.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests stop with the test, and say why one is passed over"
)]

mod inside;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyfob_agent::ports::{CredentialStore, KeyringEntries};
use keyfob_core::credential::Credential;
use keyfob_core::failure::StoreProblem;
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::{ClientSecret, SecretText};
use keyfob_platform::keyring_entries::SystemKeyringEntries;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_platform::store::sealed_store::SealedStore;
use keyfob_platform::store::sealing_key::SealingKeySource;
use zbus::blocking::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

/// V19: longest time to an answer.
const BOUND: Duration = Duration::from_millis(3500);

/// A session bus that starts no program by itself: a keyring that died stays dead until the test starts another.
const BUS: &str = include_str!("../../../../tests/kit/session_bus.conf");

/// Runs the test `name` of [`inside`] on a bus of its own, in a home of its own.
fn on_a_session_bus(name: &str) {
    let tools = ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"];
    if let Some(missing) = tools.iter().find(|tool| !is_installed(tool)) {
        assert!(std::env::var_os("CI").is_none(), "CI must have {missing}");
        println!("SKIPPED: {missing} is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("bus.conf");
    std::fs::write(&settings, BUS.replace("FOLDER", &folder.path().to_string_lossy())).unwrap();
    let mut command = Command::new("dbus-run-session");
    command.arg("--config-file").arg(settings).arg("--").arg(std::env::current_exe().unwrap());
    run_inside(&mut command, name);
}

fn run_inside(command: &mut Command, name: &str) {
    let home = tempfile::tempdir().unwrap();
    let runtime = home.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(["--ignored", "--exact", &format!("inside::{name}"), "--nocapture"]);
    command.env_clear().env("PATH", path).env("HOME", home.path()).env("XDG_RUNTIME_DIR", runtime);
    let output = command.output().unwrap();
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn is_installed(tool: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(tool).exists())
}

#[test]
fn the_key_is_in_the_keyring_and_opens_the_store_again() {
    on_a_session_bus("the_key_is_in_the_keyring_and_opens_the_store_again");
}

#[test]
fn a_locked_keyring_is_told_at_once_and_the_store_goes_on_when_it_is_unlocked() {
    on_a_session_bus("a_locked_keyring_is_told_at_once_and_the_store_goes_on_when_it_is_unlocked");
}

#[test]
fn a_key_that_was_loaded_outlives_the_lock() {
    on_a_session_bus("a_key_that_was_loaded_outlives_the_lock");
}

#[test]
fn a_deleted_or_foreign_key_is_told_and_never_replaced() {
    on_a_session_bus("a_deleted_or_foreign_key_is_told_and_never_replaced");
}

#[test]
fn a_keyring_that_hangs_is_slow_for_all_callers_at_once_and_found_again() {
    on_a_session_bus("a_keyring_that_hangs_is_slow_for_all_callers_at_once_and_found_again");
}

#[test]
fn a_keyring_that_died_is_found_again_by_the_same_process() {
    on_a_session_bus("a_keyring_that_died_is_found_again_by_the_same_process");
}

#[test]
fn an_entry_for_another_program_is_what_libsecret_reads() {
    on_a_session_bus("an_entry_for_another_program_is_what_libsecret_reads");
}

#[test]
fn an_entry_that_keyfob_did_not_write_stays_and_its_own_goes() {
    on_a_session_bus("an_entry_that_keyfob_did_not_write_stays_and_its_own_goes");
}

#[test]
fn without_a_session_bus_the_answer_comes_at_once_and_nothing_is_written() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    run_inside(&mut command, "without_a_session_bus_the_answer_comes_at_once_and_nothing_is_written");
}

fn name(text: &str) -> ProfileName {
    ProfileName::parse(text).unwrap()
}

fn credential() -> Credential {
    Credential { given_client_secret: Some(ClientSecret::new("canary".into())), ..Credential::empty("m") }
}

fn home() -> PathBuf {
    std::env::var_os("HOME").unwrap().into()
}

fn paths() -> Paths {
    Paths::resolve(Some(home().join("keyfob"))).unwrap()
}

/// The store as a process that has just started sees it.
fn fresh_store() -> SealedStore {
    let keys = SealingKeySource::new(paths(), Choice::default(), None);
    SealedStore::new(paths(), Arc::new(keys))
}

fn sealed(profile: &str) -> Vec<u8> {
    std::fs::read(paths().sealed_record(&name(profile))).unwrap()
}

const PASSWORD: &[u8] = b"pass";

/// GNOME Keyring, ended when dropped.
struct Keyring(Child);

impl Keyring {
    fn start() -> Self {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        let child = with_password(&mut command);
        until("the keyring is there", || locked() == Some(false));
        Self(child)
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn entries() -> SystemKeyringEntries {
    SystemKeyringEntries::new(&paths())
}

fn with_password(command: &mut Command) -> Child {
    with_input(command, PASSWORD)
}

fn with_input(command: &mut Command, input: &[u8]) -> Child {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child
}

const SERVICE: &str = "org.freedesktop.secrets";
const FOLDER: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

fn bus() -> Connection {
    Connection::session().unwrap()
}

fn object(path: &str) -> ObjectPath<'_> {
    ObjectPath::try_from(path).unwrap()
}

fn lock() {
    let interface = Some("org.freedesktop.Secret.Service");
    bus().call_method(Some(SERVICE), FOLDER, interface, "Lock", &vec![object(LOGIN)]).unwrap();
    until("the keyring is locked", || locked() == Some(true));
}

/// By the interface that GNOME's own log-in uses: no person, no prompt.
fn unlock() {
    let bus = bus();
    let interface = Some("org.freedesktop.Secret.Service");
    let plain = ("plain", Value::from(""));
    let opened = bus.call_method(Some(SERVICE), FOLDER, interface, "OpenSession", &plain).unwrap();
    let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize().unwrap();
    let secret = (object(LOGIN), (session, Vec::<u8>::new(), PASSWORD.to_vec(), "text/plain"));
    let interface = Some("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface");
    bus.call_method(Some(SERVICE), FOLDER, interface, "UnlockWithMasterPassword", &secret).unwrap();
    until("the keyring is unlocked", || locked() == Some(false));
}

/// `None` while there is no keyring; asking it itself would make the bus start another one.
fn locked() -> Option<bool> {
    let bus = bus();
    let names = zbus::blocking::fdo::DBusProxy::new(&bus).unwrap();
    if !names.name_has_owner(SERVICE.try_into().unwrap()).unwrap() {
        return None;
    }
    let wanted = ("org.freedesktop.Secret.Collection", "Locked");
    let interface = Some("org.freedesktop.DBus.Properties");
    let answer = bus.call_method(Some(SERVICE), LOGIN, interface, "Get", &wanted).ok()?;
    answer.body().deserialize::<Value<'_>>().unwrap().downcast::<bool>().ok()
}

fn secret_tool(arguments: &[&str]) -> Output {
    Command::new("secret-tool").args(arguments).output().unwrap()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "never true: {what}");
        std::thread::yield_now();
    }
}

/// Every file below `folder` that holds `needle`.
fn files_with(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| {
        let hit = path.is_file() && std::fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle);
        files_with(&path, needle).into_iter().chain(hit.then_some(path))
    });
    found.collect()
}
