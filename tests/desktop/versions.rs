//! The real window beside another keyfob: one of another version, an update of its own program, one that is frozen.

use std::path::Path;
use std::time::{Duration, Instant};

use keyfob_agent::control::wire::{Hello, PROTOCOL, read_hello, write_frame};
use serde_json::Value;
use tokio::net::UnixStream;

use crate::frozen_keeper::FrozenKeeper;
use crate::webdriver::Driver;
use crate::{app, browser, eventually, from_environment, output, screenshot, status, the_window};

/// How long a window may be silent beside a frozen keeper, with the start of the driver, on a machine that builds beside this.
/// Without a window that says it, it took 45 s.
const SILENCE: Duration = Duration::from_secs(20);

/// A copy of the app beside a copy of the command line, as a package installs them; it can be replaced while it runs.
fn installed(folder: &Path) -> String {
    let own = folder.join("keyfob-app");
    std::fs::copy(app(), &own).unwrap();
    std::fs::copy(from_environment("KEYFOB_BIN", "target/debug/keyfob"), folder.join("keyfob")).unwrap();
    own.to_string_lossy().into_owned()
}

/// Speaks at the control socket as another version does.
async fn speak_as(home: &Path, version: &str) {
    let mut stream = UnixStream::connect(home.join("state/run/keeper.sock")).await.unwrap();
    write_frame(&mut stream, &Hello { protocol: PROTOCOL, version: version.into() }).await.unwrap();
    assert!(read_hello(&mut stream).await.unwrap().is_some());
}

/// The process that keeps now, another one than `not`.
async fn keeper_but(home: &Path, not: &Value) -> String {
    let mut pid = Value::Null;
    eventually("another app keeps", async || {
        let seen = status(home).await;
        pid = seen["agent"]["pid"].clone();
        seen["agent"]["kind"] == "app" && pid.is_number() && pid != *not
    })
    .await;
    pid.to_string()
}

async fn end(home: &Path, pid: &str) {
    output("kill", &["-TERM", pid]).await;
    eventually("it has ended", async || status(home).await["agent"]["running"] == false).await;
}

/// fault 34: what runs is not what is installed: both are said, and one press puts it right.
#[tokio::test(flavor = "multi_thread")]
async fn another_version_beside_the_app_is_told_and_an_update_runs_after_a_restart_from_the_window() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(
        home.path().join("profiles.toml"),
        "[profiles.work]\nurl = \"https://mcp.example.com/mcp\"\n",
    )
    .unwrap();
    let own = installed(folder.path());
    let driver = Driver::start(&own, home.path(), &browser()).await;
    driver.wait_for("[data-testid=profile-card][data-profile=work]").await;
    assert!(!driver.text("main").await.contains("is used on this computer too"));
    speak_as(home.path(), "0.0.9").await;
    eventually("an older one is told", async || driver.text("main").await.contains("keyfob 0.0.9")).await;
    speak_as(home.path(), "99.0.0").await;
    eventually("a newer one is told", async || {
        driver.text("main").await.contains("Update the app to the same version")
    })
    .await;
    assert!(!driver.has("[data-testid=restart]").await, "a restart would run the same again");

    // As a package does it: a new file takes the place of the one that runs.
    std::fs::copy(&own, folder.path().join("new")).unwrap();
    std::fs::rename(folder.path().join("new"), &own).unwrap();
    let window = the_window().await;
    eventually("whoever looks again is told", async || {
        output("xdotool", &["windowminimize", "--sync", &window]).await;
        output("xdotool", &["windowactivate", "--sync", &window]).await;
        driver.has("[data-testid=restart]").await
    })
    .await;
    driver.is_painted().await;
    screenshot("updated.png").await;
    let before = status(home.path()).await["agent"]["pid"].clone();
    // The app may be gone before it has answered the driver; what comes of the click is seen below.
    let _ = tokio::time::timeout(Duration::from_secs(3), driver.click("[data-testid=restart]")).await;
    let pid = keeper_but(home.path(), &before).await;
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/exe")).unwrap(), Path::new(&own), "the new file runs");
    the_window().await;
    end(home.path(), &pid).await;
}

/// Fault 8's keeper again, at the window: it says whom it waits for, and goes on by itself once that one is gone.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_frozen_keeper_a_window_soon_says_whom_it_waits_for_and_goes_on_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let frozen = FrozenKeeper::start(home.path()).await;
    let began = Instant::now();
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=waiting]").await;
    let took = began.elapsed();
    eprintln!("{took:?} from the start, with the driver, to a window that says what it waits for");
    let said = driver.text("[data-testid=waiting]").await;
    assert!(said.contains(&format!("end process {}", frozen.pid)), "{said}");
    assert!(took < SILENCE, "{took:?}");
    driver.is_painted().await;
    screenshot("waiting.png").await;
    frozen.kill().await;
    let pid = keeper_but(home.path(), &Value::Null).await;
    the_window().await;
    // The one that waited may have kept for a moment.
    let settled = status(home.path()).await["agent"]["pid"].to_string();
    end(home.path(), if settled == "null" { &pid } else { &settled }).await;
}
