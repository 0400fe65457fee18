//! Better Auth's plugin for MCP servers: the code flow, from a URL to a sign-out.

use serde_json::json;

use crate::portal::Portal;
use crate::user::User;

const REGISTER: &str = "/api/auth/mcp/register";

/// A5, D7, oddities 11, 13: the resource is the bare origin, the challenge's scopes come from the metadata alone, a refresh token
/// from `offline_access` alone; the redirect is matched with its port, and `bearer` in the answer is sent as `Bearer`.
#[test]
fn a_portal_on_better_auth_is_signed_in_to_renewed_and_signed_out_of() {
    let portal = Portal::better_auth_mcp(&["--name", "plugin"]);
    let user = User::new();
    user.sign_in_to("work", &portal.mcp_url);
    let told = user.whoami("work");
    assert_eq!((&told["portal"], &told["user"]), (&json!("plugin"), &json!("ada@example.com")));
    let shown = user.status("work");
    assert_eq!((&shown["state"], &shown["account"]), (&json!("active"), &json!("ada@example.com")));
    assert_eq!(shown["scopes"], json!(["openid", "profile", "email", "offline_access"]));

    let mut tokens = vec![user.must(["token", "work"])];
    for _ in 0..2 {
        user.must(["refresh", "work"]);
        tokens.push(user.must(["token", "work"]));
        assert_eq!(user.whoami("work")["client"], told["client"]);
    }
    assert_eq!(portal.renewals(), [200, 200]);
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "it was renewed");

    user.must(["sign-in", "work", "--timeout", "60s"]);
    assert_eq!(user.whoami("work")["client"], told["client"], "the port it registered is bound again");
    assert_eq!(portal.statuses_at(REGISTER), [201]);

    let signed_out = user.run(["sign-out", "work"]);
    assert_eq!(signed_out.code, Some(0), "{}", signed_out.stderr);
    assert!(signed_out.stderr.contains("offers no revocation"), "{}", signed_out.stderr);
    assert_eq!(user.run(["token", "work"]).code, Some(4));
    assert_eq!(user.status("work")["state"], "signed-out");
}

/// Oddity 1, trust rule 7: a refresh token at its end is refused with 401 `invalid_grant`, which speaks of the grant and not of the client:
/// the record is kept, its token is given as long as it is good, and the next sign-in is the same client's.
#[test]
fn the_end_of_a_sign_in_at_better_auth_is_told_as_such() {
    let portal = Portal::better_auth_mcp(&["--sign-in-ttl", "0"]);
    let user = User::new();
    user.sign_in_to("work", &portal.mcp_url);
    let client = user.whoami("work")["client"].clone();
    let held = user.must(["token", "work"]);
    assert_eq!(user.run(["refresh", "work"]).code, Some(4));
    assert_eq!(portal.renewals(), [401]);
    assert_eq!(user.status("work")["state"], "needs-sign-in");
    assert_eq!(user.must(["token", "work"]), held);
    assert_eq!(user.whoami("work")["client"], client);
    user.must(["sign-in", "work", "--timeout", "60s"]);
    assert_eq!(
        (user.status("work")["state"].clone(), user.whoami("work")["client"].clone()),
        (json!("active"), client)
    );
    assert_eq!(portal.statuses_at(REGISTER), [201]);
}
