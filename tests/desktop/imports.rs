//! A sign-in that another program made, taken over in the real window.

use std::path::Path;
use std::time::Duration;

use keyfob_demo::Portal;
use serde_json::{Value, json};

use crate::webdriver::Driver;
use crate::{app, browser, eventually, keyfob_in, portal, screenshot, status};

/// Signs in as another client of the portal would, and leaves Codex's store in this desktop's home.
async fn codex_has_signed_in(portal: &Portal, folder: &Path) {
    let (home, file) = (folder.join("other"), folder.join("all.json"));
    let added = keyfob_in(&home, &["add", "theirs", &portal.mcp_url(), "--offline"]).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let settings = std::fs::read_to_string(home.join("profiles.toml")).unwrap();
    let deliver = format!(
        "\n[[profiles.theirs.deliver]]\nkind = \"token-file\"\npath = {:?}\nformat = \"credentials\"\n\
         include_refresh_token = true\n",
        file.display().to_string()
    );
    std::fs::write(home.join("profiles.toml"), settings + &deliver).unwrap();
    let signed_in = keyfob_in(&home, &["sign-in", "theirs"]).await;
    assert!(signed_in.status.success(), "{}", String::from_utf8_lossy(&signed_in.stderr));
    let tokens: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let store = json!({"portal|0": {
        "server_name": "portal", "server_url": portal.mcp_url(),
        "client_id": portal.record().seen().registrations[0].client_id,
        "access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"],
        "expires_at": tokens["expires_at"], "scopes": [],
    }});
    let codex = Path::new(&std::env::var("HOME").unwrap()).join(".codex");
    std::fs::create_dir_all(&codex).unwrap();
    std::fs::write(codex.join(".credentials.json"), store.to_string()).unwrap();
}

/// V15: what can be taken over is listed without a token in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_of_another_program_is_taken_over_in_the_wizard_without_a_browser() {
    let (portal, folder) = (portal(Duration::from_mins(10)).await, tempfile::tempdir().unwrap());
    codex_has_signed_in(&portal, folder.path()).await;
    let home = folder.path().join("keyfob");
    let driver = Driver::start(&app(), &home, &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    driver.click_until("[data-testid=add-portal]", "[data-testid=importable]").await;
    let listed = driver.invoke("importable", json!({})).await;
    assert_eq!(listed["value"][0]["program"], "Codex");
    assert!(!listed.to_string().contains("canary-window-"), "{listed}");
    let before = portal.record().seen().registrations.len();
    driver.click("[data-testid=importable] button").await;
    driver.wait_for("[data-testid=wizard-done]").await;
    driver.is_painted().await;
    screenshot("wizard-imported.png").await;
    assert!(driver.text("[data-testid=wizard]").await.contains("codex mcp remove"));
    eventually("it is kept", async || status(&home).await["profiles"][0]["state"] == "active").await;
    let name = status(&home).await["profiles"][0]["name"].as_str().unwrap_or_default().to_owned();
    driver.invoke("refresh", json!({ "name": name })).await;
    let seen = portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.registrations.len()), (1, before), "renewed by the same client");
    driver.end().await;
}
