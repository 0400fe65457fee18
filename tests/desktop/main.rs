//! The real app in a whole desktop without a screen: window, panel, keyring, notification daemon. Run by
//! `scripts/desktop.sh`, one test at a time.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod doors;
mod first_minute;
mod frozen_keeper;
mod imports;
mod package;
mod rest;
mod settings;
mod states;
mod tray;
mod versions;
mod webdriver;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use keyfob_demo::{Portal, PortalOptions};
use serde_json::Value;
use tokio::process::{Child, Command};
use webdriver::Driver;

/// Longest wait for anything on this desktop.
const PATIENCE: Duration = Duration::from_secs(40);

/// Polls a condition until it holds.
async fn eventually(what: &str, holds: impl AsyncFnMut() -> bool) {
    eventually_within(PATIENCE, what, holds).await;
}

/// The same for what takes longer by itself.
async fn eventually_within(patience: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + patience;
    while !holds().await {
        if Instant::now() > until {
            screenshot("failed.png").await;
            panic!("in vain waited for: {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn from_environment(name: &str, usual: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    std::env::var(name).unwrap_or_else(|_| root.join(usual).to_string_lossy().into_owned())
}

fn app() -> String {
    from_environment("KEYFOB_APP_BIN", "target/debug/keyfob-app")
}

/// A stand-in for the browser that follows redirects.
fn browser() -> String {
    let node = from_environment("KEYFOB_NODE", "tests/parts/node_modules/.bin/node");
    let parts = from_environment("KEYFOB_PARTS", "tests/parts");
    format!("'{node}' '{parts}/follow-redirects.mjs'")
}

async fn output(program: &str, arguments: &[&str]) -> String {
    // Without a locale, programs that print letters beyond ASCII replace them.
    let mut command = Command::new(program);
    let output = command.args(arguments).env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).output().await;
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the command line sees of the app's keeper.
async fn status(home: &Path) -> Value {
    let keyfob = from_environment("KEYFOB_BIN", "target/debug/keyfob");
    let home = home.to_string_lossy();
    let text = output(&keyfob, &["--home", &home, "status", "--json"]).await;
    serde_json::from_str(&text).unwrap_or_default()
}

async fn screenshot(name: &str) {
    let folder = PathBuf::from(from_environment("KEYFOB_SCREENS", "target/screens"));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    output("import", &["-window", "root", &file.to_string_lossy()]).await;
}

async fn portal(access_token_lifetime: Duration) -> Portal {
    let options = PortalOptions {
        access_token_lifetime,
        scopes: vec!["openid".into(), "read".into()],
        sign_in_lifetime: Some(Duration::from_hours(30 * 24)),
        token_mark: "canary-window-".into(),
        ..PortalOptions::default()
    };
    Portal::start(options).await.unwrap()
}

/// The command line in a home.
async fn keyfob_in(home: &Path, arguments: &[&str]) -> std::process::Output {
    let keyfob = from_environment("KEYFOB_BIN", "target/debug/keyfob");
    let mut command = Command::new(keyfob);
    command.arg("--home").arg(home).args(arguments).env("BROWSER", browser()).stdin(Stdio::null());
    command.output().await.unwrap()
}

/// The app without a driver, ended by its process id.
struct App {
    child: Child,
    home: tempfile::TempDir,
}

impl App {
    async fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let child = Self::spawn(home.path(), arguments);
        let app = Self { child, home };
        eventually("the app's keeper answers", async || {
            status(app.home.path()).await["agent"]["kind"] == "app"
        })
        .await;
        app
    }

    fn spawn(home: &Path, arguments: &[&str]) -> Child {
        Command::new(app())
            .args(arguments)
            .env("KEYFOB_HOME", home)
            .env("BROWSER", browser())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("keyfob-app is built by scripts/test.sh desktop")
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("the app runs")
    }

    /// Names of the processes that the app has started.
    async fn processes(&self) -> Vec<String> {
        let of_it = output("ps", &["-o", "comm=", "--ppid", &self.pid().to_string()]).await;
        of_it.lines().map(str::to_owned).collect()
    }

    async fn keyfob(&self, arguments: &[&str]) -> std::process::Output {
        keyfob_in(self.home.path(), arguments).await
    }

    async fn end(mut self) {
        let pid = self.pid().to_string();
        output("kill", &["-TERM", &pid]).await;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the app ends").unwrap();
        assert!(status.success(), "{status}");
    }
}

async fn windows() -> Vec<String> {
    output("xdotool", &["search", "--onlyvisible", "--name", "^keyfob$"])
        .await
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The one visible window; a window manager may still be framing it.
async fn the_window() -> String {
    let mut found = None;
    eventually("the window is shown", async || {
        found = windows().await.pop();
        found.is_some()
    })
    .await;
    found.unwrap_or_default()
}

/// V15: no page of the window ever holds a token.
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_is_added_signed_in_and_kept_fresh_in_the_real_window() {
    let (portal, home) = (portal(Duration::from_secs(8)).await, tempfile::tempdir().unwrap());
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    driver.is_painted().await;
    screenshot("first-run.png").await;
    driver.click_until("[data-testid=add-portal]", "[data-testid=add-url]").await;
    driver.fill("[data-testid=add-url]", &portal.mcp_url()).await;
    driver.click("[data-testid=look-up]").await;
    driver.fill("[data-testid=add-name]", "readonly").await;
    driver.is_painted().await;
    screenshot("wizard-found.png").await;
    driver.click("[data-testid=add-submit]").await;
    driver.wait_for("[data-testid=wizard-done]").await;
    driver.is_painted().await;
    screenshot("wizard-ready.png").await;
    driver.click("[data-testid=wizard-close]").await;
    driver.wait_for("[data-testid=profile-card][data-profile=readonly][data-state=active]").await;
    driver.click_until("[data-testid=profile-card] button", "[data-testid=profile-details]").await;
    eventually("the details name the account", async || {
        driver.text("[data-testid=profile-details]").await.contains("ada@example.com")
    })
    .await;
    driver.is_painted().await;
    screenshot("window.png").await;
    driver.click_until("[data-testid=action-examine]", "[data-testid=examination]").await;
    driver.wait_for("[data-testid=verdict]").await;
    let walk = driver.text("[data-testid=examination]").await;
    for step in ["Resource metadata", "Token answer", "MCP with the token"] {
        assert!(walk.contains(step), "each step reached the page: {walk}");
    }
    driver.is_painted().await;
    screenshot("examination.png").await;

    let seen = status(home.path()).await;
    assert_eq!(seen["agent"]["kind"], "app");
    assert_eq!(seen["store"]["backend"], "secret-service");
    assert_eq!(seen["profiles"][0]["account"], "ada@example.com");

    let renewed = portal.record().wait_for(|seen| seen.refreshes.renewed >= 1, PATIENCE).await.unwrap();
    assert_eq!(renewed.refreshes.reused, 0);
    assert!(!driver.source().await.contains("canary-window-"));
    assert!(!driver.has("[data-testid=first-run]").await);
    driver.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_and_a_notification_say_that_a_sign_in_is_needed_and_its_button_signs_in() {
    let portal = portal(Duration::from_secs(6)).await;
    let app = App::start(&["--hidden"]).await;
    let added = app.keyfob(&["add", "readonly", &portal.mcp_url(), "--sign-in"]).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    eventually("the tray's menu has the profile", async || tray_menu().await.contains("readonly: fresh"))
        .await;

    portal.end_sign_ins();
    eventually("the state is told", async || {
        status(app.home.path()).await["profiles"][0]["state"] == "needs-sign-in"
    })
    .await;
    eventually("the tray says it", async || tray_menu().await.contains("readonly: sign in again")).await;
    let displayed = async || output("dunstctl", &["count", "displayed"]).await.trim().to_owned();
    eventually("a notification says it", async || displayed().await == "1").await;
    screenshot("sign-in-needed.png").await;
    output("dunstctl", &["context"]).await;
    eventually("its button signs in", async || {
        status(app.home.path()).await["profiles"][0]["state"] == "active"
    })
    .await;
    eventually("the notification is gone", async || displayed().await == "0").await;
    assert!(output("dunstctl", &["history"]).await.contains("readonly: sign in again"));
    app.end().await;
}

/// H4: the code is in the window and in a notification until it is typed, and one click asks for a new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_shows_its_code_in_the_window_and_in_a_notification() {
    let (portal, home) = (portal(Duration::from_mins(2)).await, tempfile::tempdir().unwrap());
    let driver = Driver::start(&app(), home.path(), "true").await;
    driver.wait_for("[data-testid=first-run]").await;
    driver.click_until("[data-testid=add-portal]", "[data-testid=add-url]").await;
    driver.fill("[data-testid=add-url]", &portal.mcp_url()).await;
    driver.click("[data-testid=look-up]").await;
    driver.wait_for("[data-testid=add-name]").await;
    driver.click("input[value=device]").await;
    driver.click("[data-testid=add-submit]").await;
    let panel = "[data-testid=wizard] [data-testid=device-panel]";
    driver.wait_for(&format!("{panel} [data-testid=qr-code]")).await;
    let code = driver.text(&format!("{panel} [data-testid=user-code]")).await;
    eventually("a notification has the code", async || {
        output("dunstctl", &["history"]).await.contains(&code)
            || output("dunstctl", &["count", "displayed"]).await.trim() == "1"
    })
    .await;
    driver.is_painted().await;
    screenshot("device.png").await;
    driver.click("[data-testid=wizard] [data-testid=cancel-sign-in]").await;
    eventually("the notification is gone", async || {
        output("dunstctl", &["count", "displayed"]).await.trim() == "0"
    })
    .await;
    assert!(output("dunstctl", &["history"]).await.contains(&code), "the notification had the code");
    driver.end().await;
}

/// The name on the bus of the app's tray icon, and the path of its menu.
async fn tray_item() -> Option<(String, String)> {
    let bus = ["call", "--session", "--dest"];
    let watcher = [
        "org.kde.StatusNotifierWatcher",
        "--object-path",
        "/StatusNotifierWatcher",
        "--method",
        "org.freedesktop.DBus.Properties.Get",
        "org.kde.StatusNotifierWatcher",
        "RegisteredStatusNotifierItems",
    ];
    let items = output("gdbus", &[&bus[..], &watcher[..]].concat()).await;
    let item = items.split('\'').find(|part| part.starts_with(':'))?;
    let (name, path) = item.split_at(item.find('/').unwrap_or(item.len()));
    Some((name.to_owned(), format!("{path}/Menu")))
}

/// The whole menu as the panel gets it.
async fn tray_menu() -> String {
    let Some((name, menu)) = tray_item().await else { return String::new() };
    let bus = ["call", "--session", "--dest"];
    let layout = [
        name.as_str(),
        "--object-path",
        &menu,
        "--method",
        "com.canonical.dbusmenu.GetLayout",
        "0",
        "--",
        "-1",
        "[]",
    ];
    output("gdbus", &[&bus[..], &layout[..]].concat()).await
}
