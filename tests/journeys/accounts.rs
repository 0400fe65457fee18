//! Two people, or two of one person's accounts, at one server: they stay apart, and nobody slips into the other's place unasked.

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::Keyfob;
use serde_json::{Value, json};

/// A server that tells who signed in.
async fn telling() -> Portal {
    let scopes = ["openid", "read"].map(str::to_owned).to_vec();
    Portal::start(PortalOptions { scopes, ..PortalOptions::default() }).await.unwrap()
}

/// The next sign-ins of this profile are by this account.
fn signs_in_as(keyfob: &Keyfob, account: &str) {
    let settings = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    let kept: Vec<_> = settings.lines().filter(|line| !line.starts_with("extra_params")).collect();
    let kept = kept.join("\n");
    std::fs::write(
        keyfob.profiles_toml(),
        format!("{kept}\nextra_params = {{ login_hint = \"{account}\" }}\n"),
    )
    .unwrap();
}

async fn signed_in(portal: &Portal) -> Keyfob {
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("work", &portal.mcp_url()).await;
    assert_eq!(keyfob.status("work").await["account"], "ada@example.com");
    keyfob
}

/// Without a terminal nobody can be asked: what is held stays and works, and the tokens of the other account are given back.
#[tokio::test]
async fn another_account_than_before_is_not_taken_unasked_and_its_tokens_are_given_back() {
    let portal = telling().await;
    let keyfob = signed_in(&portal).await;
    let token = keyfob.must(["token", "work"]).await;
    signs_in_as(&keyfob, "bob@example.com");
    let told = keyfob.run(["sign-in", "work"]).await.expect_code(8);
    for words in ["signed in as bob@example.com", "signed in as ada@example.com", "keyfob sign-out work"] {
        assert!(told.stderr.contains(words), "{}", told.stderr);
    }
    assert_eq!(keyfob.must(["token", "work"]).await, token);
    keyfob.must(["refresh", "work"]).await;
    assert_eq!(portal.record().seen().revoked.len(), 2, "refresh and access token of the other");
    let status = keyfob.status("work").await;
    assert_eq!((&status["state"], &status["account"]), (&json!("active"), &json!("ada@example.com")));
    // Said, or signed out before, it is as good as any.
    keyfob.must(["sign-in", "work", "--other-account"]).await;
    assert_eq!(keyfob.status("work").await["account"], "bob@example.com");
    keyfob.must(["sign-out", "work"]).await;
    signs_in_as(&keyfob, "eve@example.com");
    keyfob.must(["sign-in", "work"]).await;
    assert_eq!(keyfob.status("work").await["account"], "eve@example.com");
}

/// The same account again is no question, nor is a server that tells no accounts.
#[tokio::test]
async fn the_same_account_or_none_at_all_is_no_question() {
    let portal = telling().await;
    let keyfob = signed_in(&portal).await;
    keyfob.must(["sign-in", "work"]).await;
    let silent = keyfob_tests::portal().await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("work", &silent.mcp_url()).await;
    signs_in_as(&keyfob, "bob@example.com");
    keyfob.must(["sign-in", "work"]).await;
    assert_eq!(keyfob.status("work").await["account"], Value::Null);
}

/// Two profiles on one server are two clients and two people.
#[tokio::test]
async fn two_accounts_on_one_server_are_two_profiles() {
    let portal = telling().await;
    let keyfob = signed_in(&portal).await;
    keyfob.must(["add", "home", &portal.mcp_url()]).await;
    signs_in_as(&keyfob, "bob@example.com");
    keyfob.must(["sign-in", "home"]).await;
    assert_eq!(keyfob.status("work").await["account"], "ada@example.com");
    assert_eq!(keyfob.status("home").await["account"], "bob@example.com");
    keyfob.must(["refresh", "work"]).await;
    assert_eq!(portal.record().seen().registrations.len(), 2);
}
