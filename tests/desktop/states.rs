//! What the real window says where not all is well: many portals, no connection, a server that is down, a locked keyring.

use std::path::Path;
use std::time::{Duration, Instant};

use keyfob_demo::{Endpoint, Fault};
use serde_json::json;

use crate::frozen_keeper::FrozenKeeper;
use crate::webdriver::Driver;
use crate::{
    App, app, browser, eventually, eventually_within, keyfob_in, output, portal, screenshot, status,
    the_window, windows,
};

/// Generous: a machine that builds beside this is slow; what was measured is printed.
const USABLE: Duration = Duration::from_secs(15);

/// The portals at the top of the list, by name.
const FIRST: &str =
    "return [...document.querySelectorAll('[data-testid=profile-card]')].map((card) => card.dataset.profile)";

/// A portal that is signed in, and one whose sign-in the server has ended.
async fn one_well_one_ended(home: &Path, url: &str, ended: &keyfob_demo::Portal) {
    for (name, url) in [("well", url), ("zz-ended", &ended.mcp_url())] {
        let added = keyfob_in(home, &["add", name, url, "--sign-in"]).await;
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    ended.end_sign_ins();
    assert_eq!(keyfob_in(home, &["refresh", "zz-ended"]).await.status.code(), Some(4));
}

/// Appends profiles that nobody has signed in to.
fn write_many(home: &Path, count: usize) {
    use std::fmt::Write;
    let file = home.join("profiles.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for number in 0..count {
        write!(text, "\n[profiles.team-{number:03}]\nurl = \"https://mcp{number}.example.com/mcp\"\n")
            .unwrap();
    }
    std::fs::write(&file, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_portals_are_listed_by_urgency_scrolled_and_found_by_keyboard() {
    let home = tempfile::tempdir().unwrap();
    let (well, ended) = (portal(Duration::from_mins(10)).await, portal(Duration::from_mins(10)).await);
    one_well_one_ended(home.path(), &well.mcp_url(), &ended).await;
    write_many(home.path(), 198);
    let began = Instant::now();
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-profile=team-197]").await;
    let with_the_driver = began.elapsed();
    driver.is_painted().await;
    screenshot("many.png").await;
    // Opening again, without the start of the app and its driver.
    driver.run("window.isOld = true; location.reload()").await;
    let opened = driver
        .run_until(
            "const cards = document.querySelectorAll('[data-testid=profile-card]').length; \
        return !window.isOld && cards === 200 && performance.now()",
        )
        .await;
    let shown = driver.run(FIRST).await;
    assert_eq!(shown[0], "zz-ended", "what needs somebody comes first");
    assert_eq!((shown[1].as_str(), shown[2].as_str()), (Some("well"), Some("team-000")));
    assert_eq!(shown.as_array().map(Vec::len), Some(200));
    let wide = driver
        .run(
            "const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth",
        )
        .await;
    assert_eq!(wide, 0, "nothing sticks out");
    driver.run("document.querySelector('[data-profile=team-197]').scrollIntoView()").await;
    eventually("the last one is in sight", async || {
        driver.run("const { top, bottom } = document.querySelector('[data-profile=team-197]').getBoundingClientRect(); \
            return top >= 0 && bottom <= innerHeight + 1").await == true
    })
    .await;
    driver.is_painted().await;
    screenshot("many-end.png").await;
    driver.keys("/").await;
    driver.keys("mcp42.").await;
    eventually("one is found", async || driver.run(FIRST).await == json!(["team-042"])).await;
    // Down into the list, and open it.
    driver.keys("\u{E015}").await;
    driver.keys("\u{E007}").await;
    driver.wait_for("[data-testid=profile-details][data-profile=team-042]").await;
    driver.is_painted().await;
    screenshot("many-found.png").await;
    eprintln!(
        "200 portals: {with_the_driver:?} from nothing with the driver, {opened} ms from opening to a whole list"
    );
    assert!(opened.as_f64().is_some_and(|ms| ms < USABLE.as_secs_f64() * 1_000.0), "{opened} ms");
    driver.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_a_server_in_trouble_a_pause_and_a_file_that_does_not_read_are_said_in_the_real_window()
{
    let home = tempfile::tempdir().unwrap();
    let (gone, troubled) = (portal(Duration::from_mins(10)).await, portal(Duration::from_mins(10)).await);
    for (name, portal) in [("gone", &gone), ("troubled", &troubled)] {
        let added = keyfob_in(home.path(), &["add", name, &portal.mcp_url(), "--sign-in"]).await;
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    let card = |name: &str, state: &str| {
        format!("[data-testid=profile-card][data-profile={name}][data-state={state}]")
    };
    driver.wait_for(&card("gone", "active")).await;
    drop(gone);
    troubled.faults().from_then_on(Endpoint::Refresh, Fault::empty(503));
    for name in ["gone", "troubled"] {
        driver.invoke("refresh", json!({ "name": name })).await;
        driver.wait_for(&card(name, "retrying")).await;
    }
    let said = driver.text(&card("gone", "retrying")).await;
    assert!(said.contains("Offline"), "{said}");
    let said = driver.text(&card("troubled", "retrying")).await;
    assert!(said.contains("Trying again"), "{said}");
    let troubled_card = format!("{} h2 button", card("troubled", "retrying"));
    driver.click_until(&troubled_card, "[data-testid=profile-details][data-profile=troubled]").await;
    let said = driver.text("[data-testid=profile-details]").await;
    assert!(said.contains("The server has trouble") && said.contains("503"), "{said}");
    driver.is_painted().await;
    screenshot("out-of-reach.png").await;
    driver.invoke("pause", json!({ "name": "troubled" })).await;
    driver.wait_for(&card("troubled", "paused")).await;
    std::fs::write(home.path().join("profiles.toml"), "[profiles.gone]\nurll = \"x\"\n").unwrap();
    eventually("the file's fault is said, and no portal is lost", async || {
        driver.text("main").await.contains("profiles.toml:2:1")
            && driver.has(&card("troubled", "paused")).await
    })
    .await;
    driver.is_painted().await;
    screenshot("unreadable-file.png").await;
    driver.end().await;
}

/// The desktop asks for its keyring's passphrase (that of scripts/desktop.sh) when somebody presses the button.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_said_and_unlocked_in_the_real_window() {
    let (portal, home) = (portal(Duration::from_mins(10)).await, tempfile::tempdir().unwrap());
    let added = keyfob_in(home.path(), &["add", "work", &portal.mcp_url(), "--sign-in"]).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let bus = [
        "call",
        "--session",
        "--dest",
        "org.freedesktop.secrets",
        "--object-path",
        "/org/freedesktop/secrets",
    ];
    let lock =
        ["--method", "org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/aliases/default']"];
    output("gdbus", &[&bus[..], &lock[..]].concat()).await;
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=profile-card][data-profile=work][data-state=locked]").await;
    driver.wait_for("[data-testid=unlock-keyring]").await;
    driver.is_painted().await;
    screenshot("keyring-locked.png").await;
    assert_eq!(status(home.path()).await["profiles"][0]["state"], "locked");
    driver.click("[data-testid=unlock-keyring]").await;
    let asks = async || output("xdotool", &["search", "--onlyvisible", "--class", "[Gg]cr"]).await;
    eventually("the desktop asks", async || !asks().await.is_empty()).await;
    screenshot("keyring-asks.png").await;
    eventually("the sign-in is back", async || {
        if let Some(prompt) = asks().await.lines().next() {
            output("xdotool", &["windowfocus", prompt, "key", "ctrl+a"]).await;
            output("xdotool", &["type", "desk"]).await;
            output("xdotool", &["key", "Return"]).await;
        }
        status(home.path()).await["profiles"][0]["state"] == "active"
    })
    .await;
    driver.wait_for("[data-testid=profile-card][data-profile=work][data-state=active]").await;
    assert!(!driver.has("[data-testid=unlock-keyring]").await);
    driver.end().await;
}

/// Another keyfob has the lease and does not make way: a frozen keeper, or one on another machine with the same folder.
#[tokio::test(flavor = "multi_thread")]
async fn where_another_keyfob_does_not_make_way_a_window_says_so_and_tries_again() {
    let home = tempfile::tempdir().unwrap();
    let other = FrozenKeeper::start(home.path()).await;
    let mut refused = App::spawn(home.path(), &["--hidden"]);
    // It waits for the other's last renewal first.
    eventually_within(Duration::from_mins(2), "a window is shown", async || windows().await.len() == 1).await;
    other.kill().await;
    let window = the_window().await;
    // The page says what its only button does; the keyboard reaches it by one step.
    eventually("it tries again", async || {
        screenshot("lease-held.png").await;
        output("xdotool", &["windowfocus", "--sync", &window, "key", "Tab", "Return"]).await;
        let ended = tokio::time::timeout(Duration::from_secs(3), refused.wait()).await;
        ended.is_ok()
    })
    .await;
    eventually("the app keeps now", async || status(home.path()).await["agent"]["kind"] == "app").await;
    let pid = status(home.path()).await["agent"]["pid"].to_string();
    output("kill", &["-TERM", &pid]).await;
    eventually("it has ended", async || status(home.path()).await["agent"]["running"] == false).await;
}
