//! `keyfob client-metadata`: printed to be hosted, and checked where it is hosted.

use axum::Router;
use axum::http::header;
use keyfob_tests::{Keyfob, TlsDoor};
use serde_json::{Value, json};

/// A web host on loopback that serves `body` at `/client.json`, behind a certificate that `keyfob` trusts; its URL.
async fn hosted(keyfob: &Keyfob, body: impl Fn(&str) -> String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let door = TlsDoor::before(&listener.local_addr().unwrap().to_string(), "127.0.0.1").await;
    let url = format!("https://127.0.0.1:{}/client.json", door.port);
    let body = body(&url);
    let page = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    let site = Router::new().route("/client.json", axum::routing::get(page));
    tokio::spawn(async move { axum::serve(listener, site).await });
    let authority = keyfob.path("office.pem");
    std::fs::write(&authority, &door.authority).unwrap();
    keyfob.write_profiles_toml("");
    let config = format!("[network]\nca_file = {:?}\n", authority.display().to_string());
    std::fs::write(keyfob.home().join("config.toml"), config).unwrap();
    url
}

async fn check(keyfob: &Keyfob, url: &str) -> keyfob_tests::Output {
    keyfob.run(["client-metadata", "--url", url, "--check", "--private-network"]).await
}

/// C3: what is printed is data alone, and passes its own check where it is hosted as it stands.
#[tokio::test]
async fn the_document_that_is_printed_passes_the_check_where_it_is_hosted() {
    let keyfob = Keyfob::new();
    let printed = |url: &str| {
        let keyfob = keyfob.blocking_command(["client-metadata", "--url", url]).output().unwrap();
        assert!(keyfob.status.success());
        String::from_utf8(keyfob.stdout).unwrap()
    };
    let url = hosted(&keyfob, printed).await;
    let document: Value = serde_json::from_str(&printed(&url)).unwrap();
    assert_eq!((&document["client_id"], &document["client_name"]), (&json!(url), &json!("keyfob")));
    let checked = check(&keyfob, &url).await.expect_code(0).says("will do");
    assert_eq!(checked.stdout, "");
}

/// C3: each fault on a line of its own, and exit 7 where servers refuse the document.
#[tokio::test]
async fn what_is_wrong_with_a_hosted_document_is_said_field_by_field() {
    let keyfob = Keyfob::new();
    let url = hosted(&keyfob, |url| {
        json!({"client_id": format!("{url}/"), "redirect_uris": ["http://127.0.0.1/callback"]}).to_string()
    })
    .await;
    let checked = check(&keyfob, &url).await.expect_code(7).says("hint: keyfob client-metadata --url ");
    let fields: Vec<_> = checked.stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(
        fields,
        [
            "client_id",
            "client_name",
            "redirect_uris",
            "redirect_uris",
            "grant_types",
            "token_endpoint_auth_method"
        ],
        "{}",
        checked.stdout
    );
}

/// Without a pinned redirect of any profile, and with one: the profiles that use the document decide.
#[tokio::test]
async fn the_redirects_of_the_profiles_that_use_the_document_are_in_it() {
    let (keyfob, url) = (Keyfob::new(), "https://keyfob.example/client.json");
    let arguments = ["add", "a", "https://a.example/mcp", "--offline", "--client-metadata-url", url];
    keyfob.must(arguments.into_iter().chain(["--redirect", "localhost:7777/own"])).await;
    let document = keyfob.run(["client-metadata", "--url", url]).await.expect_code(0).json();
    let redirects = document["redirect_uris"].as_array().unwrap();
    assert!(redirects.contains(&json!("http://localhost:7777/own")), "{document}");
    assert!(redirects.contains(&json!("http://127.0.0.1/callback")), "{document}");
    let one = ["client-metadata", "--url", "https://keyfob.example/other.json", "--redirect", "127.0.0.1/x"];
    let document = keyfob.run(one).await.expect_code(0).json();
    assert_eq!(document["redirect_uris"], json!(["http://127.0.0.1/x"]));
}

/// C2: a URL that can be no client id is a usage error; a host that does not answer is temporary.
#[tokio::test]
async fn a_url_that_can_be_no_client_id_is_2_and_a_silent_host_is_5() {
    let keyfob = Keyfob::new();
    for bad in ["http://keyfob.example/c.json", "https://keyfob.example", "c.json"] {
        for check in [None, Some("--check")] {
            let arguments = ["client-metadata", "--url", bad].into_iter().chain(check);
            keyfob.run(arguments).await.expect_code(2).says("error: ");
        }
    }
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&keyfob, &format!("https://{gone}/c.json")).await.expect_code(5).says("serve the document there");
}
