//! A sign-in that another client made there, taken over with that client's id: both servers renew it.

use serde_json::json;

use crate::portal::Portal;
use crate::user::User;

/// oidc-provider binds a refresh token to its client and its resource, Cloudflare to its client and its newest two generations.
#[test]
fn a_sign_in_of_another_client_is_taken_over_and_renewed_there() {
    for (name, portal) in
        [("cloudflare", Portal::cloudflare(&[])), ("oidc-provider", Portal::oidc_provider(&[]))]
    {
        let (other, user) = (User::new(), User::new());
        other.must(["add", "theirs", &portal.mcp_url]);
        let (settings, file) = (other.path("keyfob/profiles.toml"), other.path("all.json"));
        let deliver = format!(
            "\n[[profiles.theirs.deliver]]\nkind = \"token-file\"\npath = {:?}\nformat = \"credentials\"\n\
             include_refresh_token = true\n",
            file.display().to_string()
        );
        std::fs::write(&settings, crate::read(&settings) + &deliver).expect("profiles.toml");
        other.must(["sign-in", "theirs", "--timeout", "60s"]);
        let tokens: serde_json::Value = serde_json::from_str(&crate::read(&file)).expect("JSON");
        let client = other.whoami("theirs")["client"].clone();
        let entry = json!({"portal": {
            "tokens": {"accessToken": tokens["access_token"], "refreshToken": tokens["refresh_token"]},
            "clientInfo": {"clientId": client}, "serverUrl": portal.mcp_url,
        }});
        let store = user.path(".local/share/opencode/mcp-auth.json");
        std::fs::create_dir_all(store.parent().expect("a folder")).expect("a folder");
        std::fs::write(&store, entry.to_string()).expect("a store");
        user.must(["import", "opencode", "mine"]);
        user.must(["refresh", "mine"]);
        let told = user.whoami("mine");
        assert_eq!((&told["client"], &told["user"]), (&client, &json!("ada@example.com")), "{name}");
        assert_eq!(portal.renewals(), [200], "{name}");
        assert_eq!(crate::read(&store), entry.to_string(), "{name}");
    }
}
