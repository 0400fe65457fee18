//! What web content could reach from the window: nowhere else, no frame, no script of its own, no token.

use std::collections::BTreeSet;
use std::time::Duration;

use keyfob_demo::Endpoint;
use keyfob_tests::ProcessWatch;
use serde_json::{Value, json};

use crate::webdriver::Driver;
use crate::{app, browser, eventually, portal, status, windows};

/// The mark of every secret the portal of these tests gives.
const MARK: &str = "canary-window-";

/// A client id bears the mark too, stands in the address the browser is given, and is no secret.
const CLIENT_ID: &str = "canary-window--client-";

/// V15, G8, D11: whatever a script in the page tries, the window stays on its own files, and nothing else is asked for anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_go_nowhere_frame_nothing_and_run_no_inline_script() {
    let (portal, home) = (portal(Duration::from_mins(2)).await, tempfile::tempdir().unwrap());
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    let own = driver.url().await;
    let foreign = portal.mcp_url();
    driver
        .run(
            "window.refused = []; \
             document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.effectiveDirective));",
        )
        .await;
    let tries = format!(
        "const add = (tag, set) => {{ const made = document.createElement(tag); set(made); document.body.append(made); }}; \
         add('script', (it) => {{ it.textContent = 'window.ranInline = true'; }}); \
         add('iframe', (it) => {{ it.src = '{foreign}'; }}); \
         add('img', (it) => {{ it.src = '{foreign}'; }}); \
         fetch('{foreign}').catch(() => {{}}); \
         window.open('{foreign}'); \
         location.href = '{foreign}';"
    );
    driver.run(&tries).await;
    let mut refused = BTreeSet::new();
    eventually("the policy refuses script, frame, picture and request", async || {
        let told = driver.run("return window.refused").await;
        refused =
            told.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        ["connect-src", "frame-src", "img-src", "script-src-elem"]
            .iter()
            .all(|wanted| refused.contains(*wanted))
    })
    .await;
    // The app answers after all of that was decided.
    assert!(driver.invoke("snapshot", json!({})).await["value"]["profiles"].is_array());
    assert_eq!(driver.url().await, own);
    assert_eq!(driver.run("return window.ranInline === undefined").await, true);
    assert_eq!(driver.run("return Object.isFrozen(Object.prototype)").await, true);
    assert_eq!(windows().await.len(), 1);
    assert_eq!(portal.record().seen().connections, 0, "nobody spoke to the foreign server");
    driver.end().await;
}

/// V14, V15, D11: the person's own browser is opened, and no token is in an answer, an argument or an environment.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_called_and_none_gives_a_token() {
    let (portal, home) = (portal(Duration::from_mins(2)).await, tempfile::tempdir().unwrap());
    let watch = ProcessWatch::start();
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    eventually("the page can ask", async || {
        driver.invoke("snapshot", json!({})).await.get("value").is_some()
    })
    .await;
    let own = driver.url().await;
    let url = portal.mcp_url();
    let mut answers = Vec::new();
    for (command, arguments) in commands(&url) {
        let answer = driver.invoke(command, arguments).await;
        assert!(answer.get("value").is_some(), "{command}: {answer}");
        answers.push(answer.to_string());
    }
    let elsewhere = driver.invoke("open_folder", json!({ "path": "/etc" })).await;
    assert!(elsewhere["refused"]["message"].as_str().is_some_and(|why| why.contains("no file of keyfob's")));
    let signed_in = &answers[5];
    assert!(signed_in.contains("ada@example.com"), "{signed_in}");
    assert!(!answers.concat().contains(MARK));
    let seen = portal.record().seen();
    assert!(seen.refreshes.renewed >= 1, "the portal gave marked tokens");
    let visitor = seen.last(Endpoint::Authorize).unwrap().header("user-agent").unwrap_or_default().to_owned();
    assert!(!visitor.contains("WebKit"), "the browser is another program than the window: {visitor}");
    assert_eq!(driver.url().await, own);
    let shown = watch.end();
    assert!(shown.ran("keyfob-app"), "the watch was on");
    assert_eq!(shown.places(|text| text.replace(CLIENT_ID, "").contains(MARK)), []);
    driver.end().await;
}

/// Every command there is for a portal at `url`, from its making to its end.
fn commands(url: &str) -> Vec<(&'static str, Value)> {
    let named = || json!({ "name": "readonly" });
    let profile = json!({
        "name": "readonly", "url": url, "label": null, "access": null, "grant": "authorization-code",
        "client_id": null, "client_secret": null, "private_key": null,
    });
    // As the page's own channels are written; nobody listens to this one.
    let heard = "__CHANNEL__:0";
    let passphrase = format!("{MARK}passphrase");
    vec![
        ("servers_here", json!({})),
        ("importable", json!({})),
        ("look_up", json!({ "url": url, "heard": heard })),
        ("add_profile", json!({ "profile": profile })),
        ("sign_in", named()),
        ("snapshot", json!({})),
        ("refresh", named()),
        ("pause", named()),
        ("resume", named()),
        ("cancel_sign_in", named()),
        ("answer_account", json!({ "name": "readonly", "takes": false })),
        ("decline_more", named()),
        ("doctor", json!({ "target": "readonly", "heard": heard })),
        ("journal", named()),
        ("links", json!({})),
        ("clients", named()),
        ("set_sign_in_lifetime", json!({ "name": "readonly", "lifetime": "30d" })),
        ("set_reminders", json!({ "name": "readonly", "marks": ["14d", "3d"] })),
        ("offer_start_at_login", json!({ "proxied": true })),
        ("preferences", json!({})),
        ("set_theme", json!({ "theme": "dark" })),
        ("set_start_at_login", json!({ "on": false })),
        ("settings", json!({})),
        ("move_store", json!({ "to": "passphrase", "passphrase": passphrase })),
        ("unlock_store", json!({ "passphrase": passphrase })),
        ("move_store", json!({ "to": "keyring", "passphrase": null })),
        ("change_proxy_port", json!({ "port": 24_117 })),
        ("snapshot", json!({})),
        ("sign_out", named()),
        ("remove", named()),
    ]
}

/// V15: Tauri's own commands and those of the plugins inside are closed to the page.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_may_ask_for_nothing_but_the_apps_own_commands() {
    let home = tempfile::tempdir().unwrap();
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.wait_for("[data-testid=first-run]").await;
    for command in [
        "plugin:event|emit",
        "plugin:window|create",
        "plugin:webview|create_webview_window",
        "plugin:app|version",
        "plugin:path|resolve_directory",
        "plugin:resources|close",
        "plugin:menu|new",
        "plugin:tray|new",
        "plugin:store|load",
        "plugin:autostart|enable",
        "plugin:shell|open",
        "plugin:fs|read_text_file",
        "plugin:opener|open_url",
        "no_such_command",
    ] {
        let answer =
            driver.invoke(command, json!({ "url": "https://a.example", "path": "/etc/passwd" })).await;
        assert!(answer.get("refused").is_some(), "{command}: {answer}");
    }
    eventually("the app is still there", async || status(home.path()).await["agent"]["kind"] == "app").await;
    driver.end().await;
}
