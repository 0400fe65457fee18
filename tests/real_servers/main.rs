//! keyfob's command line against authorization servers that others wrote: Cloudflare's OAuth library as it runs in
//! production, the certified oidc-provider, and Better Auth. Needs `tests/parts` installed; `scripts/test.sh real` does that.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "the steps of a test stop it; no caller could go on")]

mod better_auth;
mod doctor;
mod grants;
mod imports;
mod old_sse;
mod portal;
mod user;
mod waiting;

use std::path::Path;
use std::time::Duration;

use portal::Portal;
use serde_json::json;
use user::User;
use waiting::comes_true;

/// From a URL to a tool that answers, at two portals of one product and at another product.
#[test]
fn each_portal_is_signed_in_to_and_its_tools_answer() {
    let readonly = Portal::cloudflare(&["--name", "readonly", "--scopes", "read"]);
    let admin = Portal::cloudflare(&["--name", "admin", "--scopes", "read write"]);
    let strict = Portal::oidc_provider(&["--name", "strict"]);
    let user = User::new();
    for (name, portal, scope) in
        [("readonly", &readonly, "read"), ("admin", &admin, "read write"), ("strict", &strict, "read write")]
    {
        user.sign_in_to(name, &portal.mcp_url);
        let told = user.whoami(name);
        assert_eq!((&told["portal"], &told["user"]), (&json!(name), &json!("ada@example.com")));
        let granted = told["scope"].as_str().expect("a scope").to_owned();
        assert!(scope.split(' ').all(|one| granted.split(' ').any(|other| other == one)), "{granted}");
        let refused = portal.mcp_requests().into_iter().filter(|status| *status >= 400).collect::<Vec<_>>();
        // Looked up before the profile was made and before the browser opened; never refused with a token.
        assert!(refused.iter().all(|status| *status == 401) && refused.len() <= 2, "{refused:?}");
    }
    assert_eq!(user.whoami("readonly")["scope"].as_str().map(|scope| scope.contains("write")), Some(false));
}

/// Each renewal spends the newest refresh token. oidc-provider ends the grant when an older one comes, Cloudflare
/// refuses one two generations old.
#[test]
fn renewals_rotate_and_no_refresh_token_is_spent_twice() {
    let user = User::new();
    for (name, portal) in
        [("cloudflare", Portal::cloudflare(&[])), ("oidc-provider", Portal::oidc_provider(&[]))]
    {
        user.sign_in_to(name, &portal.mcp_url);
        let mut tokens = vec![user.must(["token", name])];
        for _ in 0..3 {
            user.must(["refresh", name]);
            tokens.push(user.must(["token", name]));
        }
        assert_eq!(portal.renewals(), [200, 200, 200], "{name}");
        let whole = tokens.len();
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), whole, "{name} gave one token twice");
        assert_eq!(user.whoami(name)["user"], "ada@example.com");
    }
}

/// Asking costs no request while the token is good; `--fresh` costs one renewal.
#[test]
fn a_valid_token_is_handed_out_again_until_a_fresh_one_is_wanted() {
    let portal = Portal::cloudflare(&["--access-token-ttl", "120"]);
    let user = User::new();
    user.sign_in_to("portal", &portal.mcp_url);
    let first = user.must(["token", "portal"]);
    assert_eq!(user.must(["token", "portal"]), first);
    assert!(portal.renewals().is_empty());
    let fresh = user.must(["token", "portal", "--fresh"]);
    assert_ne!(fresh, first);
    assert_eq!(portal.renewals(), [200]);
}

/// Cloudflare ends an earlier sign-in when the same client signs in again: two profiles must be two clients.
#[test]
fn two_profiles_on_one_portal_stay_apart() {
    let portal = Portal::cloudflare(&["--name", "shared"]);
    let user = User::new();
    user.sign_in_to("mine", &portal.mcp_url);
    user.sign_in_to("theirs", &portal.mcp_url);
    let clients = ["mine", "theirs"].map(|name| user.whoami(name)["client"].clone());
    assert_ne!(clients[0], clients[1]);
    let held = user.must(["token", "theirs"]);
    assert_ne!(user.must(["token", "mine"]), held);
    user.must(["refresh", "mine"]);
    user.must(["sign-out", "mine"]);
    assert_eq!(user.must(["token", "theirs"]), held);
    assert_eq!(user.whoami("theirs")["client"], clients[1]);
    user.must(["refresh", "theirs"]);
    assert_eq!(portal.renewals(), [200, 200]);
    assert_eq!(user.run(["token", "mine"]).code, Some(4));
}

/// Signing out ends the tokens at the server and everywhere they were written to.
#[test]
fn signing_out_revokes_and_leaves_no_token_behind() {
    for portal in [Portal::cloudflare(&[]), Portal::oidc_provider(&[])] {
        let user = User::new();
        let file = user.path("token.json");
        let deliver = format!("token-file:{}", file.display());
        user.must(["add", "portal", &portal.mcp_url, "--deliver", &deliver, "--sign-in", "--timeout", "60s"]);
        let token = user.must(["token", "portal"]);
        assert!(read(&file).contains(&token), "the token file holds the token");

        user.must(["sign-out", "portal"]);
        assert!(!file.exists(), "the token file is gone");
        let revoked = portal.revocations();
        assert!(!revoked.is_empty() && revoked.iter().all(|status| *status == 200), "{revoked:?}");
        assert_eq!(user.run(["token", "portal"]).code, Some(4));
        assert!(!anywhere(&user.path("keyfob"), &token), "the token stands nowhere in the clear");

        user.must(["remove", "portal"]);
        assert_eq!(user.run(["token", "portal"]).code, Some(3));
        assert_eq!(portal.revocations(), revoked, "nothing was left to revoke");
    }
}

/// E8: what a person sees at the end of a sign-in, in a real browser, after a consent page of the server's own.
#[test]
fn a_real_browser_ends_on_a_page_that_says_signed_in() {
    let portal = Portal::cloudflare(&["--name", "browsed", "--consent-page"]);
    let screens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screens");
    std::fs::create_dir_all(&screens).expect("a folder for pictures");
    let left = tempfile::tempdir().expect("a folder");
    let (picture, text) = (screens.join("landing.png"), left.path().join("landing.txt"));
    // An earlier run's picture proves nothing.
    let _ = std::fs::remove_file(&picture);
    let user = User::with_chromium(picture.clone(), text.clone());
    user.sign_in_to("browsed", &portal.mcp_url);
    assert_eq!(user.whoami("browsed")["portal"], "browsed");
    // The browser takes its picture and closes after keyfob is done.
    assert!(comes_true(Duration::from_secs(20), || text.exists()), "the browser left no text");
    assert!(read(&text).contains("Signed in"), "{}", read(&text));
    assert!(picture.exists());
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether any file below `folder` holds `needle`.
fn anywhere(folder: &Path, needle: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return anywhere(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}
