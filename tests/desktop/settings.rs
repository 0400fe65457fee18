//! The settings in the real window, and what the tray does beside them: what is switched holds on this desktop.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::webdriver::Driver;
use crate::{App, app, browser, eventually, output, portal, screenshot, status, tray_item, tray_menu};

/// What the desktop starts at login: the one entry of keyfob's.
fn started_at_login() -> Option<String> {
    let folder = PathBuf::from(std::env::var("HOME").unwrap()).join(".config/autostart");
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    let ours = entries.find(|entry| entry.file_name().to_string_lossy().starts_with("keyfob"))?;
    std::fs::read_to_string(ours.path()).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_start_at_login_and_the_keys_place_are_changed_in_the_real_window() {
    let (portal, home) = (portal(Duration::from_mins(2)).await, tempfile::tempdir().unwrap());
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    signed_in(&driver, &portal.mcp_url()).await;
    driver.click_until("[data-testid=open-settings]", "[data-testid=settings]").await;
    driver.click("input[value=dark]").await;
    eventually("the page is dark", async || {
        driver.run("return document.documentElement.dataset.theme").await == "dark"
    })
    .await;
    driver.click("[data-testid=start-at-login]").await;
    let named = format!("--hidden --home {}", home.path().display());
    eventually("the desktop starts it, in this home", async || {
        started_at_login().is_some_and(|entry| entry.contains(&named))
    })
    .await;
    eventually("the page says so", async || {
        driver.has("[data-testid=start-at-login][aria-checked=true]").await
    })
    .await;
    driver.wait_for("[data-testid=files-kept]").await;
    driver.is_painted().await;
    screenshot("settings-dark.png").await;
    driver.click_until("[data-testid=store-move]", "input[value=key-file]").await;
    driver.click("input[value=key-file]").await;
    driver.is_painted().await;
    screenshot("settings-move.png").await;
    driver.click("[data-testid=store-move-now]").await;
    eventually("the key has moved", async || status(home.path()).await["store"]["backend"] == "key-file")
        .await;
    assert_eq!(status(home.path()).await["profiles"][0]["state"], "active");
    driver.click("input[value=system]").await;
    driver.click("[data-testid=start-at-login]").await;
    eventually("the desktop starts it no more", async || started_at_login().is_none()).await;
    driver.end().await;
}

/// V15: the token goes to the clipboard and nowhere else; the journal says that it went.
#[tokio::test(flavor = "multi_thread")]
async fn the_tray_copies_a_token_and_takes_it_out_of_the_clipboard_again() {
    let portal = portal(Duration::from_mins(10)).await;
    let app = App::start(&["--hidden"]).await;
    let added = app.keyfob(&["add", "work", &portal.mcp_url(), "--sign-in"]).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    eventually("the menu offers it", async || press_in_tray("Copy token for 30 seconds").await).await;
    let mut clipboard = arboard::Clipboard::new().unwrap();
    eventually("the token is there", async || {
        clipboard.get_text().is_ok_and(|text| text.starts_with("canary-window-"))
    })
    .await;
    let journal = std::fs::read_dir(app.home.path().join("state/journal")).unwrap();
    let journal: String =
        journal.flatten().filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
    assert!(journal.contains(r#""event":"handed-out""#) && journal.contains(r#""clipboard""#), "{journal}");
    assert!(!journal.contains("canary-window-"), "{journal}");
    eventually("it is taken out again", async || clipboard.get_text().is_err()).await;
    app.end().await;
}

/// Presses an entry of the tray's menu by its words; false while there is none.
pub(crate) async fn press_in_tray(words: &str) -> bool {
    let Some((name, menu)) = tray_item().await else { return false };
    let layout = tray_menu().await;
    let Some((before, _)) = layout.split_once(&format!("'{words}'")) else { return false };
    let Some(id) = before.rsplit("<(").next().and_then(|entry| entry.split(',').next()) else { return false };
    let call = ["call", "--session", "--dest", &name, "--object-path", &menu, "--method"];
    let event = ["com.canonical.dbusmenu.Event", id, "clicked", "<0>", "0"];
    output("gdbus", &[&call[..], &event[..]].concat()).await;
    true
}

/// V27: a store sealed with a passphrase waits for it in the window after each start, and a wrong one changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_a_passphrase_is_unlocked_in_the_window_after_a_restart() {
    let (portal, home) = (portal(Duration::from_mins(10)).await, tempfile::tempdir().unwrap());
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    signed_in(&driver, &portal.mcp_url()).await;
    let moved = json!({ "to": "passphrase", "passphrase": "correct horse" });
    assert!(driver.invoke("move_store", moved).await.get("value").is_some());
    assert_eq!(status(home.path()).await["profiles"][0]["state"], "active");
    driver.end().await;
    eventually("the first app has ended", async || status(home.path()).await["agent"]["running"] == false)
        .await;

    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.click_until("[data-testid=unlock]", "[data-testid=passphrase]").await;
    driver.is_painted().await;
    screenshot("settings-unlock.png").await;
    driver.fill("[data-testid=passphrase]", "correct house").await;
    driver.click("[data-testid=unlock-now]").await;
    driver.wait_for("[data-testid=passphrase][aria-invalid=true]").await;
    assert_eq!(status(home.path()).await["profiles"][0]["state"], "locked");
    driver.fill("[data-testid=passphrase]", "correct horse").await;
    driver.click("[data-testid=unlock-now]").await;
    eventually("the sign-in is back", async || status(home.path()).await["profiles"][0]["state"] == "active")
        .await;
    driver.end().await;
}

/// A profile `work` that is signed in.
async fn signed_in(driver: &Driver, url: &str) {
    let profile = json!({
        "name": "work", "url": url, "label": null, "access": null, "grant": "authorization-code",
        "client_id": null, "client_secret": null, "private_key": null,
    });
    driver.invoke("add_profile", json!({ "profile": profile })).await;
    assert_eq!(driver.invoke("sign_in", json!({ "name": "work" })).await, json!({ "value": true }));
}
