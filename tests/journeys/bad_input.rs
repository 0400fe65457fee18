//! What a person types or a server publishes can be wrong: a clear error, the next step, the contract's exit code, and no
//! browser opened.

use keyfob_demo::oddities::{
    AuthorizationServers, MetadataForm, Oddities, Override, Pkce, Refusal, RegistrationAnswer, ResourceClaim,
    ResourceMetadataPlace, Service,
};
use keyfob_demo::{Endpoint, Fault, GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, portal, portal_with};
use serde_json::json;

/// Tries to add and sign in; whatever goes wrong, no profile is made and nobody is sent to a browser.
async fn add_in_vain(portal: &Portal, code: i32) -> Output {
    let keyfob = Keyfob::new();
    let output =
        keyfob.run(["add", "a", &portal.mcp_url(), "--sign-in", "--timeout", "5s"]).await.expect_code(code);
    assert!(output.stdout.is_empty(), "only data goes to standard output: {}", output.stdout);
    assert_eq!(keyfob.run(["status", "--json"]).await.json()["profiles"], json!([]));
    let seen = portal.record().seen();
    assert_eq!((seen.count(Endpoint::Authorize), seen.count(Endpoint::Token)), (0, 0));
    output
}

async fn refused(change: impl FnOnce(&mut Oddities)) -> Output {
    add_in_vain(&portal_with(change).await, 7).await
}

#[tokio::test]
async fn what_is_no_url_or_plain_http_to_a_foreign_host_is_a_usage_error() {
    let keyfob = Keyfob::new();
    for url in [
        "not a url",
        "",
        "ftp://a.example/mcp",
        "javascript:alert(1)",
        "http://a.example/mcp",
        "http://127.0.0.1.a.example/",
    ] {
        let output = keyfob.run(["add", "a", url]).await.expect_code(2);
        assert!(output.stderr.starts_with("error: "), "{url}: {}", output.stderr);
    }
    for name in ["Upper", "-a", "a_b", "", "a/b", &"a".repeat(64)] {
        keyfob.run(["add", "--", name, "https://a.example/mcp"]).await.expect_code(2);
    }
    assert!(!keyfob.profiles_toml().exists());
}

/// A server in trouble, or one of several hosts that cannot be reached, is no reason to check the URL: it is tried again, and the cause
/// names which host it was.
#[tokio::test]
async fn a_server_in_trouble_at_the_look_up_is_temporary_and_the_host_out_of_reach_is_named() {
    for status in [429, 500, 503] {
        let portal = portal().await;
        portal.faults().from_then_on(Endpoint::Mcp, Fault::empty(status));
        portal.faults().from_then_on(Endpoint::ProtectedResource, Fault::empty(404));
        let said = add_in_vain(&portal, 5).await;
        said.says(&format!("it answers with status {status}")).says("hint: no profile was made: try again");
        let bridged = Keyfob::new().run(["connect", &portal.mcp_url()]).await.expect_code(5);
        bridged.says("hint: nothing here was changed: try again");
    }
    let nobody = "127.0.0.1:9";
    let away = portal_with(|o| {
        o.discovery.authorization_servers = AuthorizationServers::Others(vec![format!("http://{nobody}")]);
    });
    add_in_vain(&away.await, 5).await.says(&format!("offline: {nobody}: connection refused"));
}

/// The next step is a command that can be pasted, or a line to be written.
#[tokio::test]
async fn what_a_server_lacks_leads_to_the_doctor_and_a_private_address_to_the_switch() {
    let portal = portal_with(|o| o.discovery.authorization_servers = AuthorizationServers::Absent).await;
    add_in_vain(&portal, 7).await.says(&format!("keyfob doctor {} says exactly", portal.mcp_url()));
    let keyfob = Keyfob::new();
    let private = ["add", "a", "https://10.0.0.1/mcp"];
    keyfob.run(private).await.expect_code(7).says("keyfob add a https://10.0.0.1/mcp --private-network");
    keyfob.must(private.into_iter().chain(["--offline"])).await;
    let refused = keyfob.run(["sign-in", "a"]).await.expect_code(7);
    refused.says("write `private_network = true` below [profiles.a]").says("then: keyfob sign-in a");
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_usage_error_and_the_first_profile_stays() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let before = std::fs::read(keyfob.profiles_toml()).unwrap();
    keyfob
        .run(["add", "a", "https://b.example/mcp", "--offline"])
        .await
        .expect_code(2)
        .says("keyfob sign-in a");
    assert_eq!(std::fs::read(keyfob.profiles_toml()).unwrap(), before);
}

#[tokio::test]
async fn every_command_about_a_profile_that_is_not_there_ends_with_3() {
    let keyfob = Keyfob::new();
    for command in [
        "sign-in", "sign-out", "remove", "status", "token", "headers", "refresh", "connect", "tools",
        "pause", "resume", "config",
    ] {
        keyfob.run([command, "nobody"]).await.expect_code(3).says("hint: ");
    }
    keyfob.run(["call", "nobody", "whoami"]).await.expect_code(3);
    keyfob.run(["log", "nobody"]).await.expect_code(3);
    keyfob.run(["no-such-command"]).await.expect_code(2);
}

/// Which words are the command's is not guessed.
#[tokio::test]
async fn a_command_to_run_without_its_dashes_is_told_how_to_write_it() {
    for words in [&["exec", "work", "ls"][..], &["exec", "work"], &["exec", "work", "ls", "-l"]] {
        let refused = Keyfob::new().run(words).await.expect_code(2);
        refused.says("hint: put -- before the command: keyfob exec NAME -- CMD");
    }
    let other = Keyfob::new().run(["token"]).await.expect_code(2);
    assert!(!other.stderr.contains("hint:"), "{}", other.stderr);
}

#[tokio::test]
async fn a_profile_that_was_never_signed_in_wants_a_sign_in_and_opens_no_browser() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    for command in ["token", "headers", "refresh", "tools"] {
        keyfob.run([command, "a"]).await.expect_code(4).says("hint: keyfob sign-in a");
    }
    assert_eq!(portal.record().count(Endpoint::Authorize), 0);
}

#[tokio::test]
async fn a_server_without_oauth_is_told_as_such() {
    refused(|o| o.mcp.service = Service::OpenMcp).await.says("wants no sign-in").says("hint: ");
    refused(|o| o.mcp.service = Service::Nothing).await.says("404");
    refused(|o| {
        o.discovery.resource_metadata = ResourceMetadataPlace::Nowhere;
        o.discovery.metadata = MetadataForm::Nowhere;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_temporary() {
    let portal = portal().await;
    let url = portal.mcp_url();
    portal.stop().await;
    let keyfob = Keyfob::new();
    keyfob.run(["add", "a", &url]).await.expect_code(5).says("hint: no profile was made").says("--offline");
    keyfob.must(["add", "a", &url, "--offline"]).await;
    keyfob.run(["sign-in", "a"]).await.expect_code(5);
}

#[tokio::test]
async fn without_a_command_the_help_is_shown() {
    let no_command: [&str; 0] = [];
    Keyfob::new().run(no_command).await.expect_code(2).says("Start with: keyfob demo").says("sign-out");
}

/// The profile stays, and the next step names the command that finds it.
#[tokio::test]
async fn a_first_sign_in_without_a_keyring_says_how_to_go_on() {
    let (keyfob, portal) = (Keyfob::new().with("KEYFOB_STORE", "keyring"), portal().await);
    let said = keyfob.run(["add", "a", &portal.mcp_url(), "--sign-in"]).await.expect_code(6);
    said.says("KEYFOB_STORE=key-file").says("then: keyfob sign-in a");
    keyfob.with("KEYFOB_STORE", "key-file").must(["sign-in", "a"]).await;
}

/// C1, C5
#[tokio::test]
async fn without_a_registration_the_hint_asks_for_a_client_id() {
    let portal = portal_with(|o| o.sign_in.registration = RegistrationAnswer::NoEndpoint).await;
    let output = add_in_vain(&portal, 7).await;
    output.says(&format!("then: keyfob add a {} --client-id ID", portal.mcp_url()));
}

/// C5: the profile is there by now, so the way on leads through it; the hint is followed to its end.
#[tokio::test]
async fn a_refused_registration_is_made_good_by_a_client_id_in_profiles_toml() {
    let given = GivenClient {
        client_id: "given".into(),
        client_secret: None,
        redirect_uris: vec!["http://127.0.0.1:1/callback".into()],
    };
    let mut options = PortalOptions { clients: vec![given], ..PortalOptions::default() };
    options.oddities.sign_in.registration =
        RegistrationAnswer::Refused(Refusal::error(400, "invalid_redirect_uri"));
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    let added = keyfob.run(["add", "a", &portal.mcp_url(), "--sign-in"]).await.expect_code(7);
    added.says("invalid_redirect_uri").says("`client_id = \"ID\"` below [profiles.a]");
    let text = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    std::fs::write(
        keyfob.profiles_toml(),
        format!("{text}client_id = \"given\"\nredirect = \"127.0.0.1/callback\"\n"),
    )
    .unwrap();
    keyfob.must(["sign-in", "a", "--timeout", "20s"]).await;
}

/// A4
#[tokio::test]
async fn resource_metadata_that_speaks_for_another_resource_is_refused() {
    let other = "https://other.example/mcp".to_owned();
    refused(|o| o.discovery.resource = ResourceClaim::Other(other)).await.says("https://other.example/mcp");
}

/// A6
#[tokio::test]
async fn resource_metadata_without_an_authorization_server_is_refused() {
    refused(|o| o.discovery.authorization_servers = AuthorizationServers::Empty).await;
    refused(|o| o.discovery.authorization_servers = AuthorizationServers::Absent).await;
}

/// B2: byte for byte, so a slash, a case or a port makes another issuer.
#[tokio::test]
async fn an_issuer_that_is_not_the_one_asked_is_refused() {
    let portal = portal().await;
    let forms = [
        format!("{}/", portal.origin()),
        portal.origin().replace("http", "HTTP"),
        "https://evil.example".to_owned(),
    ];
    for published in forms {
        portal.change(|o| {
            o.discovery.authorization_server_overrides = vec![Override::with("issuer", published.as_str())];
        });
        add_in_vain(&portal, 7).await;
    }
}

/// B3
#[tokio::test]
async fn an_issuer_with_query_or_fragment_or_without_tls_is_refused() {
    for issuer in [
        "http://as.example",
        "https://as.example/?a=b",
        "https://as.example/#f",
        "javascript:1",
        "as.example",
    ] {
        refused(|o| {
            o.discovery.authorization_servers = AuthorizationServers::Others(vec![issuer.to_owned()]);
        })
        .await;
    }
}

/// B4, D9, D10: no endpoint without TLS, and no scheme that a browser would run.
#[tokio::test]
async fn hostile_endpoints_are_refused_before_anything_is_opened() {
    let urls = [
        "http://as.example/authorize",
        "javascript:alert(1)//",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "custom-app://x",
        "/relative",
        "",
    ];
    for endpoint in ["authorization_endpoint", "token_endpoint", "registration_endpoint"] {
        for url in urls {
            let lie = Override::with(endpoint, url);
            refused(|o| o.discovery.authorization_server_overrides = vec![lie]).await;
        }
    }
}

/// B5
#[tokio::test]
async fn a_server_that_does_not_promise_s256_is_refused() {
    refused(|o| o.discovery.pkce = Pkce::Unstated).await.says("S256");
    refused(|o| o.discovery.pkce = Pkce::PlainOnly).await.says("S256");
}

#[tokio::test]
async fn a_typo_in_profiles_toml_is_told_with_line_and_column_and_nothing_is_rewritten() {
    let keyfob = Keyfob::new();
    for (text, place) in [
        ("[profiles.a]\nurl = \"https://a.example/mcp\"\nacces = \"read\"\n", "profiles.toml:3:"),
        ("[profiles.a]\nurl = \"https://a.example/mcp\"\naccess = \"reed\"\n", "profiles.toml:3:"),
        ("[profiles.a]\nurl = https\n", "profiles.toml:2:"),
        ("[profiles.a]\nlabel = \"no url\"\n", "profiles.toml:1:"),
    ] {
        keyfob.write_profiles_toml(text);
        for arguments in [&["token", "a"][..], &["add", "b", "https://b.example/mcp", "--offline"]] {
            keyfob.run(arguments).await.expect_code(2).says(place);
        }
        assert_eq!(std::fs::read_to_string(keyfob.profiles_toml()).unwrap(), text);
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_written_is_refused_before_the_browser() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let missing = keyfob.path("no/such/folder/token.json");
    let folder = keyfob.path("folder.json");
    std::fs::create_dir(&folder).unwrap();
    for path in [missing, folder] {
        let deliver = format!("token-file:{}", path.display());
        keyfob.run(["add", "a", &portal.mcp_url(), "--deliver", &deliver, "--sign-in"]).await.expect_code(2);
    }
    let twice = format!("token-file:{}", keyfob.path("t.json").display());
    let arguments = ["add", "a", &portal.mcp_url(), "--deliver", &twice, "--deliver", &twice];
    keyfob.run(arguments).await.expect_code(2).says("twice");
    keyfob.run(["add", "a", &portal.mcp_url(), "--deliver", "command:rm"]).await.expect_code(2);
    assert_eq!(portal.record().count(Endpoint::Authorize), 0);
}
