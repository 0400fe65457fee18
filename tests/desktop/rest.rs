//! The real app without its window: it leaves nothing of the window behind, and loses nothing by that.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::first_minute::configured_address;
use crate::{
    App, eventually, eventually_within, keyfob_in, output, portal, status, the_window, tray_menu, windows,
};

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

/// Whether the window shows more than one colour.
async fn is_drawn() -> bool {
    let window = the_window().await;
    let colours = output("import", &["-window", &window, "-format", "%k", "info:-"]).await;
    colours.trim().parse::<u32>().is_ok_and(|count| count > 16)
}

async fn open_the_window(app: &App) {
    let second = App::spawn(app.home.path(), &[]).wait().await.unwrap();
    assert!(second.success(), "{second}");
    eventually("the window is there", async || windows().await.len() == 1).await;
    eventually("web processes draw it", async || {
        let processes = app.processes().await;
        ["WebKitNetworkPr", "WebKitWebProces"].iter().all(|one| processes.iter().any(|name| name == one))
    })
    .await;
    // A window whose page has not been shown yet is not one that anybody closes.
    eventually("its page is drawn", async || is_drawn().await).await;
}

async fn open_and_close_the_window(app: &App) {
    open_the_window(app).await;
    output("xdotool", &["windowclose", &the_window().await]).await;
    eventually("no web process is left", async || app.processes().await.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_leaves_a_tray_as_small_as_before_it_and_a_second_start_brings_the_window_back() {
    let app = App::start(&["--hidden"]).await;
    eventually("the tray is there", async || !tray_menu().await.is_empty()).await;
    let before = memory(&app);
    open_and_close_the_window(&app).await;
    // Where the machine is slow, it looks again later.
    eventually_within(Duration::from_mins(2), "it begins anew, as the same process", async || {
        began_anew(&app)
    })
    .await;
    eventually("the tray is back", async || !tray_menu().await.is_empty()).await;
    let kept = status(app.home.path()).await["agent"].clone();
    assert_eq!((&kept["kind"], &kept["pid"]), (&"app".into(), &app.pid().into()));
    let after = memory(&app);
    eprintln!("{before} KiB before the first window, {after} KiB after it");
    assert!(after < before * MORE_MEMORY, "{before} KiB before the window, {after} KiB after it");
    assert!(windows().await.is_empty());
    let journal = keyfob_in(app.home.path(), &["log", "--json"]).await;
    let journal = String::from_utf8_lossy(&journal.stdout).into_owned();
    assert_eq!(journal.matches("keeper-").count(), 1, "its start alone: {journal}");
    open_the_window(&app).await;
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

/// A client's call may take long, and its connection is its session.
#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_a_client_is_connected_a_closed_window_cuts_nothing_off() {
    let portal = portal(Duration::from_mins(10)).await;
    let app = App::start(&["--hidden"]).await;
    let added = app.keyfob(&["add", "readonly", &portal.mcp_url(), "--sign-in"]).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let linked = app.keyfob(&["link", "readonly", "cursor", "--via", "proxy"]).await;
    assert!(linked.status.success(), "{}", String::from_utf8_lossy(&linked.stderr));
    let address = configured_address();
    let place = address.split('/').nth(2).unwrap();
    let mut client = None;
    eventually("the proxy answers", async || {
        client = TcpStream::connect(place).await.ok();
        client.is_some()
    })
    .await;
    let mut client = client.unwrap();
    open_and_close_the_window(&app).await;
    // By now it would have begun anew: its processes are ended by the same look.
    client.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(!began_anew(&app));
    app.end().await;
}
