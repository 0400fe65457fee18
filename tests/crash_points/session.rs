//! Where the sealing key lives during a test: in a file, in a passphrase, or in a keyring on a session bus of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyfob_tests::Keyfob;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

/// A bus that starts no program by itself.
const BUS: &str = include_str!("../kit/session_bus.conf");

/// Where the sealing key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    KeyFile,
    Keyring,
    Passphrase,
}

impl Backend {
    fn name(self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
        }
    }
}

/// What must be there for a backend, for as many users as like.
pub(crate) struct Session {
    backend: Backend,
    folder: TempDir,
    keyring: Option<KeyringOnABus>,
}

impl Session {
    pub(crate) fn with(backend: Backend) -> Self {
        let folder = TempDir::new().expect("a folder for the session");
        std::fs::write(folder.path().join("passphrase"), "correct horse\n").expect("a passphrase");
        let keyring = (backend == Backend::Keyring).then(|| KeyringOnABus::start(folder.path()));
        Self { backend, folder, keyring }
    }

    /// The backend's name.
    pub(crate) fn backend(&self) -> &'static str {
        self.backend.name()
    }

    /// A user whose key lives here.
    pub(crate) fn user(&self) -> Keyfob {
        let user = Keyfob::new().with("KEYFOB_STORE", self.backend.name());
        let user = user.with("KEYFOB_PASSPHRASE_FILE", self.folder.path().join("passphrase"));
        match &self.keyring {
            Some(keyring) => user.with("DBUS_SESSION_BUS_ADDRESS", keyring.address.clone()),
            None => user,
        }
    }
}

/// A session bus with GNOME Keyring, unlocked. Both end when dropped.
struct KeyringOnABus {
    address: String,
    bus: Child,
    keyring: Child,
}

impl KeyringOnABus {
    fn start(home: &Path) -> Self {
        let settings = home.join("bus.conf");
        std::fs::write(&settings, BUS.replace("FOLDER", &home.to_string_lossy()))
            .expect("the bus's settings");
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(settings).args(["--nofork", "--print-address"]);
        let mut bus = command.stdout(Stdio::piped()).spawn().expect("dbus-daemon is installed");
        let mut address = String::new();
        let first = BufReader::new(bus.stdout.take().expect("its output")).read_line(&mut address);
        first.expect("the bus's address");
        let address = address.trim().to_owned();
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("DBUS_SESSION_BUS_ADDRESS", &address);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = command.spawn().expect("gnome-keyring-daemon is installed");
        keyring.stdin.take().expect("its input").write_all(b"pass").expect("the password is read");
        let here = Self { address, bus, keyring };
        let until = Instant::now() + DEADLINE;
        while !here.is_unlocked() {
            assert!(Instant::now() < until, "no unlocked keyring after {DEADLINE:?}");
            std::thread::yield_now();
        }
        here
    }

    fn is_unlocked(&self) -> bool {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply=literal", "--dest=org.freedesktop.secrets"]);
        command.args(["/org/freedesktop/secrets/collection/login", "org.freedesktop.DBus.Properties.Get"]);
        command.args(["string:org.freedesktop.Secret.Collection", "string:Locked"]);
        let answer = command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).output().expect("dbus-send");
        String::from_utf8_lossy(&answer.stdout).contains("boolean false")
    }
}

impl Drop for KeyringOnABus {
    fn drop(&mut self) {
        for child in [&mut self.keyring, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
