//! The doors between web content and this program, as they are written down: a change to any of them is made here too.

use serde_json::{Value, json};

const CAPABILITY: &str = include_str!("../../capabilities/main.json");
const CONFIGURATION: &str = include_str!("../../tauri.conf.json");
const LOCK: &str = include_str!("../../../Cargo.lock");

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// V15: one capability, for one window, with no remote content.
#[test]
fn the_window_may_listen_to_events_and_nothing_else_of_tauris_own() {
    let mut capability = read(CAPABILITY);
    let members = capability.as_object_mut().unwrap();
    members.remove("$schema");
    members.remove("description");
    assert_eq!(
        capability,
        json!({
            "identifier": "main",
            "windows": ["main"],
            "permissions": ["core:event:allow-listen", "core:event:allow-unlisten"],
        })
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/capabilities");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
}

/// V15, G8: own files only, no inline script or style, no frames, no form targets, frozen prototypes.
#[test]
fn the_page_is_closed_to_everything_that_is_not_its_own() {
    let app = read(CONFIGURATION)["app"].take();
    assert_eq!(app["withGlobalTauri"], false);
    assert_eq!(app["windows"], json!([]));
    assert_eq!(app["security"]["freezePrototype"], true);
    let policy = app["security"]["csp"].as_str().unwrap();
    let directives: Vec<_> = policy.split("; ").collect();
    assert_eq!(
        directives,
        [
            "default-src 'self'",
            "img-src 'self' data:",
            "style-src 'self'",
            "font-src 'self'",
            "script-src 'self'",
            "connect-src ipc: http://ipc.localhost",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    );
}

/// The versions of a package in the lock file.
fn versions(name: &str) -> Vec<&'static str> {
    let head = format!("name = \"{name}\"\nversion = \"");
    LOCK.split(&head).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// V14, V15: no shell, opener, file, HTTP, deep-link or single-instance plugin, and a Tauri without the known holes.
#[test]
fn two_plugins_are_inside_and_tauri_is_new_enough() {
    let mut plugins: Vec<_> = LOCK
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"tauri-plugin-")?.strip_suffix('"'))
        .collect();
    plugins.sort_unstable();
    assert_eq!(plugins, ["autostart", "store"]);
    let tauri = versions("tauri");
    let numbers: Vec<u32> = tauri[0].split('.').map(|part| part.parse().unwrap()).collect();
    assert_eq!(tauri.len(), 1);
    assert!(numbers.as_slice() >= [2, 11, 1].as_slice(), "{numbers:?}");
}
