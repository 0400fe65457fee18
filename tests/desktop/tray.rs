//! The tray's menu over D-Bus, as a panel presses its entries: each leads where its words say.

use std::time::Duration;

use serde_json::json;

use crate::settings::press_in_tray;
use crate::webdriver::Driver;
use crate::{App, app, browser, eventually, keyfob_in, portal, screenshot, status, the_window, tray_menu};

#[tokio::test(flavor = "multi_thread")]
async fn the_trays_menu_leads_to_wizard_portal_and_programs_and_pauses_them_all() {
    let (portal, home) = (portal(Duration::from_mins(10)).await, tempfile::tempdir().unwrap());
    for name in ["home", "work"] {
        let added = keyfob_in(home.path(), &["add", name, &portal.mcp_url(), "--sign-in"]).await;
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=profile-card][data-profile=work][data-state=active]").await;
    eventually("the menu says how all are", async || tray_menu().await.contains("2 portals fresh")).await;
    assert!(press_in_tray("Add a portal…").await);
    driver.wait_for("[data-testid=wizard]").await;
    driver.is_painted().await;
    driver.keys("\u{E00C}").await;
    eventually("the wizard is closed", async || !driver.has("[data-testid=wizard]").await).await;
    // The first of these is the one of `home`.
    assert!(press_in_tray("Connect to…").await);
    driver.wait_for("[data-testid=profile-details][data-profile=home]").await;
    driver.wait_for("[data-testid=connect]").await;
    assert!(press_in_tray("Open").await);
    driver.wait_for("[data-testid=profile-details][data-profile=home]").await;

    let states = async || {
        let seen = status(home.path()).await;
        json!([seen["profiles"][0]["state"], seen["profiles"][1]["state"]])
    };
    assert!(press_in_tray("Pause all renewals").await);
    eventually("both are paused", async || states().await == json!(["paused", "paused"])).await;
    eventually("they can be resumed", async || press_in_tray("Resume all renewals").await).await;
    eventually("both are well", async || states().await == json!(["active", "active"])).await;
    driver.end().await;
}

/// The window that is made for it opens there at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_the_trays_menu_makes_opens_at_its_place() {
    let app = App::start(&["--hidden"]).await;
    eventually("the menu is there", async || press_in_tray("Add a portal…").await).await;
    let window = the_window().await;
    // The wizard has the keyboard: what is typed there is looked up.
    eventually("the wizard is there", async || {
        screenshot("tray-add.png").await;
        crate::output("xdotool", &["windowfocus", "--sync", &window]).await;
        crate::output("xdotool", &["key", "ctrl+a"]).await;
        crate::output("xdotool", &["type", "127.0.0.1:9/mcp"]).await;
        crate::output("xdotool", &["key", "ctrl+a", "ctrl+c"]).await;
        let copied = arboard::Clipboard::new().and_then(|mut clipboard| clipboard.get_text());
        copied.is_ok_and(|text| text == "127.0.0.1:9/mcp")
    })
    .await;
    app.end().await;
}
