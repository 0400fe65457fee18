//! The Debian package on this machine: apt installs it, its desktop entry starts the app, and apt takes all of it away.
//! It changes the machine, so it runs where `scripts/test.sh package` names a package, which CI does.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::{eventually, output, tray_menu, windows};

/// apt as root; a plain user's way is sudo without a question.
async fn apt(arguments: &[&str]) {
    let is_root = output("id", &["-u"]).await.trim() == "0";
    let as_root: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
    let words =
        [as_root, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"], arguments].concat();
    let done = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output().await.unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Every file of the installed package; folders are shared with others.
async fn installed_files() -> Vec<PathBuf> {
    let listed = output("dpkg-query", &["--listfiles", "keyfob"]).await;
    listed.lines().map(PathBuf::from).filter(|path| !path.is_dir()).collect()
}

/// The packaged command line, in the home that this desktop gives to what is started on it.
async fn installed_keyfob(arguments: &[&str]) -> String {
    output("/usr/bin/keyfob", arguments).await
}

/// What is started this way outlives the launcher and keeps its streams, so it is given none.
async fn start_from_the_desktop_entry() {
    let mut gio = Command::new("gio");
    gio.args(["launch", "/usr/share/applications/keyfob.desktop"]);
    let ended = gio.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    assert!(ended.unwrap().success(), "gio launch");
}

async fn end_the_app(pid: u64) {
    output("kill", &["-TERM", &pid.to_string()]).await;
    let process = PathBuf::from(format!("/proc/{pid}"));
    eventually("the app ends", async || !process.exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_installs_starts_from_its_desktop_entry_and_leaves_nothing() {
    let package = std::env::var("KEYFOB_DEB").expect("run by: scripts/test.sh package");
    apt(&["install", "--no-install-recommends", "--allow-downgrades", "--reinstall", &package]).await;
    let files = installed_files().await;
    for wanted in [
        "/usr/bin/keyfob",
        "/usr/bin/keyfob-cli",
        "/usr/bin/keyfob-app",
        "/usr/lib/systemd/user/keyfob.service",
        "/usr/share/applications/keyfob.desktop",
        "/usr/share/bash-completion/completions/keyfob",
        "/usr/share/fish/vendor_completions.d/keyfob.fish",
        "/usr/share/icons/hicolor/scalable/apps/keyfob-app.svg",
        "/usr/share/man/man1/keyfob.1.gz",
        "/usr/share/man/man1/keyfob-app.1.gz",
        "/usr/share/man/man1/keyfob-sign-in.1.gz",
        "/usr/share/zsh/vendor-completions/_keyfob",
    ] {
        assert!(files.iter().any(|file| file == Path::new(wanted)), "{wanted} is not in the package");
    }
    assert!(installed_keyfob(&["--version"]).await.contains(env!("CARGO_PKG_VERSION")));

    start_from_the_desktop_entry().await;
    let mut seen = Value::Null;
    eventually("the app's keeper answers the packaged command line", async || {
        seen = serde_json::from_str(&installed_keyfob(&["status", "--json"]).await).unwrap_or_default();
        seen["agent"]["kind"] == "app"
    })
    .await;
    eventually("the panel shows it", async || tray_menu().await.contains("Quit")).await;
    eventually("its window is there", async || windows().await.len() == 1).await;
    end_the_app(seen["agent"]["pid"].as_u64().expect("the keeper's process id")).await;

    apt(&["purge", "keyfob"]).await;
    let left: Vec<_> = files.iter().filter(|file| file.exists()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
