//! A device and a machine at the certified oidc-provider.

use serde_json::json;

use crate::portal::Portal;
use crate::user::User;

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
