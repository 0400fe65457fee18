//! The real app without its window: it leaves nothing of the window behind, and loses nothing by that.

use std::time::Duration;

use crate::{App, eventually, output, portal, status, the_window, tray_menu, windows};

/// Of what it took before its first window. Pages of libraries are counted by how many programs have them, which differs a little.
const MORE_MEMORY: f64 = 1.2;

/// PSS in KiB.
fn memory(app: &App) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", app.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn began_anew(app: &App) -> bool {
    let arguments = std::fs::read(format!("/proc/{}/cmdline", app.pid())).unwrap();
    String::from_utf8_lossy(&arguments).contains("--after-rest")
}

async fn open_and_close_the_window(app: &App) {
    let second = App::spawn(app.home.path(), &[]).wait().await.unwrap();
    assert!(second.success(), "{second}");
    eventually("the window is there", async || windows().await.len() == 1).await;
    eventually("web processes draw it", async || app.processes().await.len() == 2).await;
    output("xdotool", &["windowclose", &the_window().await]).await;
    eventually("no web process is left", async || app.processes().await.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_leaves_a_tray_as_small_as_before_it_and_a_second_start_brings_the_window_back() {
    let app = App::start(&["--hidden"]).await;
    eventually("the tray is there", async || !tray_menu().await.is_empty()).await;
    let before = memory(&app);
    open_and_close_the_window(&app).await;
    eventually("it begins anew, as the same process", async || began_anew(&app)).await;
    eventually("the tray is back", async || !tray_menu().await.is_empty()).await;
    let kept = status(app.home.path()).await["agent"].clone();
    assert_eq!((&kept["kind"], &kept["pid"]), (&"app".into(), &app.pid().into()));
    let after = memory(&app);
    eprintln!("{before} KiB before the first window, {after} KiB after it");
    assert!(after < before * MORE_MEMORY, "{before} KiB before the window, {after} KiB after it");
    assert!(windows().await.is_empty());
    open_and_close_the_window(&app).await;
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_a_notification_stands_its_buttons_work_though_the_window_was_closed() {
    let portal = portal(Duration::from_secs(6)).await;
    let app = App::start(&["--hidden"]).await;
    let added = app.keyfob(&["add", "readonly", &portal.mcp_url(), "--sign-in"]).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    portal.end_sign_ins();
    let displayed = async || output("dunstctl", &["count", "displayed"]).await.trim().to_owned();
    eventually("a notification says it", async || displayed().await == "1").await;
    // With its processes it would go itself.
    open_and_close_the_window(&app).await;
    assert!(!began_anew(&app));
    output("dunstctl", &["context"]).await;
    eventually("its button signs in", async || {
        status(app.home.path()).await["profiles"][0]["state"] == "active"
    })
    .await;
    eventually("the notification is gone", async || displayed().await == "0").await;
    assert!(!began_anew(&app));
    app.end().await;
}
