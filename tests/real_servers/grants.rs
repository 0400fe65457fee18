//! A device and a machine at the certified oidc-provider, and a device at Better Auth.

use std::time::Duration;

use serde_json::json;

use crate::portal::Portal;
use crate::user::User;
use crate::waiting::comes_true;

/// The machine client that the portal is set up with (`tests/parts/oidc-provider-settings.mjs`).
const MACHINE: (&str, &str) = ("machine", "m:a/c+h ine secret, 32 letters..");

/// H1, H4: no `interval` in the answer, a code that is confirmed on two pages, a refresh token with rotation.
#[test]
fn a_device_signs_in_and_is_renewed() {
    let portal = Portal::oidc_provider(&["--name", "strict"]);
    let user = User::new();
    let ended =
        user.run(["add", "tv", &portal.mcp_url, "--grant", "device", "--sign-in", "--timeout", "60s"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("enter"), "{}", ended.stderr);
    assert_eq!(user.whoami("tv")["user"], "ada@example.com");
    let before = user.must(["token", "tv"]);
    user.must(["refresh", "tv"]);
    assert_ne!(user.must(["token", "tv"]), before);
    assert_eq!(portal.renewals(), [200]);
}

/// C11, D3, H6: a secret with everything in it that must be form-encoded, and the resource, without which the MCP endpoint
/// refuses the token.
#[test]
fn a_machine_signs_in_and_asks_again() {
    let portal = Portal::oidc_provider(&["--name", "strict"]);
    let user = User::new();
    let secret = user.path("secret.txt");
    std::fs::write(&secret, MACHINE.1).expect("a secret in a file");
    let file = secret.to_str().expect("UTF-8");
    let grant = ["--grant", "client-credentials", "--client-id", MACHINE.0, "--client-secret-file", file];
    user.must(["add", "robot", &portal.mcp_url].into_iter().chain(grant));
    assert_eq!(user.whoami("robot")["client"], json!(MACHINE.0));
    let before = user.must(["token", "robot"]);
    user.must(["refresh", "robot"]);
    assert_ne!(user.must(["token", "robot"]), before);
    let asked: Vec<_> = portal.events().into_iter().filter_map(|event| event.grant_type).collect();
    assert_eq!(asked, ["client_credentials", "client_credentials"]);
}

const ADD_A_DEVICE: [&str; 7] =
    ["--grant", "device", "--client-id", "keyfob", "--sign-in", "--timeout", "60s"];

/// F5: Better Auth's device endpoints read no form, give a session that nobody can renew, and no refresh token: the profile is
/// kept, its end is the session's, and a new code renews it.
#[test]
fn a_device_signs_in_at_better_auth_by_json_and_its_session_ends_when_it_was_told() {
    let portal = Portal::better_auth(&["--name", "sessions", "--access-token-ttl", "604800"]);
    let user = User::new();
    let ended = user.run(["add", "tv", &portal.mcp_url].into_iter().chain(ADD_A_DEVICE));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot be renewed"), "{}", ended.stderr);
    assert!(ended.stderr.contains("then: keyfob sign-in tv"), "{}", ended.stderr);
    assert_eq!(portal.statuses_at("/api/auth/device/code"), [415, 200], "a form, once");
    let polls = portal.statuses_at("/api/auth/device/token");
    assert!(
        polls.last() == Some(&200) && polls.iter().all(|status| [200, 400].contains(status)),
        "{polls:?}"
    );
    assert_eq!(user.whoami("tv")["user"], "ada@example.com");
    let shown = user.status("tv");
    assert_eq!((&shown["state"], &shown["sign_in"]["known"]), (&json!("active"), &json!("server")));
    assert_eq!(shown["sign_in"]["ends_at"], shown["access_token"]["expires_at"]);

    let first = user.must(["token", "tv"]);
    assert_eq!(user.run(["refresh", "tv"]).code, Some(4));
    user.must(["sign-in", "tv", "--timeout", "60s"]);
    assert_ne!(user.must(["token", "tv"]), first);
    assert_eq!(user.whoami("tv")["portal"], "sessions");
}

/// A session that is used moves its end, and no answer says so: keyfob goes by the end it was told, and asks for a new code there.
#[test]
fn a_session_that_slides_with_use_is_taken_for_what_was_told() {
    let portal = Portal::better_auth(&["--access-token-ttl", "6"]);
    let user = User::new();
    user.must(["add", "tv", &portal.mcp_url].into_iter().chain(ADD_A_DEVICE));
    let told = user.status("tv")["sign_in"]["ends_at"].clone();
    let server = user.whoami("tv")["ends"].clone();
    let moves = || user.run(["call", "tv", "whoami"]).stdout.contains("\"ends\"");
    assert!(comes_true(Duration::from_secs(20), || !moves()), "it is used until keyfob takes it for over");
    assert_eq!(user.status("tv")["sign_in"]["ends_at"], told, "nobody told of another end than {server}");
    assert_eq!(user.run(["token", "tv"]).code, Some(4));
    assert_eq!(user.status("tv")["state"], "needs-sign-in");
}
