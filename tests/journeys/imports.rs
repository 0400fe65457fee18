//! `keyfob import`: a sign-in that another program made is taken over, and its store stays as it was to the byte.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use keyfob_demo::{Endpoint, Portal};
use keyfob_tests::{Keyfob, Output, mode, portal};
use serde_json::{Value, json};

/// A sign-in that somebody else made.
struct Theirs {
    url: String,
    client_id: String,
    access: String,
    refresh: String,
    /// When the access token ends, in milliseconds since 1970.
    ends_ms: i64,
}

/// The other program: a client of the portal with a home of its own, which wrote everything it has into a file.
async fn signed_in_elsewhere(portal: &Portal) -> Theirs {
    let (other, url) = (Keyfob::new(), portal.mcp_url());
    other.must(["add", "theirs", &url, "--offline"]).await;
    let file = other.path("all.json");
    let settings = std::fs::read_to_string(other.profiles_toml()).unwrap();
    let deliver = format!(
        "\n[[profiles.theirs.deliver]]\nkind = \"token-file\"\npath = {:?}\nformat = \"credentials\"\n\
         include_refresh_token = true\n",
        file.display().to_string()
    );
    std::fs::write(other.profiles_toml(), settings + &deliver).unwrap();
    other.must(["sign-in", "theirs"]).await;
    let tokens: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    Theirs {
        url,
        client_id: portal.record().seen().registrations[0].client_id.clone(),
        access: text("access_token"),
        refresh: text("refresh_token"),
        ends_ms: tokens["expires_at"].as_i64().unwrap(),
    }
}

/// What must not change about a file that is only read.
fn trace(file: &Path) -> (Vec<u8>, SystemTime, u32) {
    (std::fs::read(file).unwrap(), std::fs::metadata(file).unwrap().modified().unwrap(), mode(file))
}

/// Writes a store of another program, in the user's home, as those programs do.
fn store(keyfob: &Keyfob, at: &str, content: &Value) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = keyfob.path(at);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, content.to_string()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    file
}

/// Each program's store with this sign-in in it, and what its program calls the server.
fn stores(keyfob: &Keyfob, theirs: &Theirs) -> Vec<(&'static str, PathBuf)> {
    let Theirs { url, client_id, access, refresh, ends_ms } = theirs;
    let claude = json!({"claudeAiOauth": {"accessToken": "own"}, "mcpOAuth": {"portal|0": {
        "serverName": "portal", "serverUrl": url, "clientId": client_id, "accessToken": access,
        "refreshToken": refresh, "expiresAt": ends_ms, "scope": "",
    }}});
    let codex = json!({"portal|0": {
        "server_name": "portal", "server_url": url, "client_id": client_id, "access_token": access,
        "refresh_token": refresh, "expires_at": ends_ms, "scopes": [],
    }});
    let opencode = json!({"portal": {
        "tokens": {"accessToken": access, "refreshToken": refresh, "expiresAt": ends_ms / 1000},
        "clientInfo": {"clientId": client_id}, "serverUrl": url,
    }});
    let gemini = json!([{
        "serverName": "portal", "mcpServerUrl": url, "clientId": client_id, "updatedAt": 1,
        "token": {"accessToken": access, "refreshToken": refresh, "expiresAt": ends_ms, "tokenType": "Bearer"},
    }]);
    let remote = json!({
        "access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 60, "expires_at": ends_ms,
    });
    let folder = ".mcp-auth/mcp-remote-v1";
    let digest = keyfob_core::import::mcp_remote_file_name(url);
    let client = json!({"client_id": client_id, "redirect_uris": ["http://127.0.0.1:3335/oauth/callback"]});
    store(keyfob, &format!("{folder}/{digest}_client_info.json"), &client);
    vec![
        ("claude-code", store(keyfob, ".claude/.credentials.json", &claude)),
        ("codex", store(keyfob, ".codex/.credentials.json", &codex)),
        ("opencode", store(keyfob, ".local/share/opencode/mcp-auth.json", &opencode)),
        ("gemini", store(keyfob, ".gemini/mcp-oauth-tokens.json", &gemini)),
        ("mcp-remote", store(keyfob, &format!("{folder}/{digest}_tokens.json"), &remote)),
    ]
}

/// The imported sign-in works: the token it came with, a tool, and a renewal at the same grant, by the same client.
async fn works(keyfob: &Keyfob, portal: &Portal, name: &str, theirs: &Theirs) {
    assert_eq!(keyfob.must(["token", name]).await, theirs.access);
    assert!(keyfob.must(["tools", name]).await.contains("whoami"));
    let before = portal.record().seen();
    keyfob.must(["refresh", name]).await;
    let after = portal.record().seen();
    assert_eq!(after.refreshes.renewed, before.refreshes.renewed + 1);
    let renewal = after.at(Endpoint::Refresh).last().unwrap();
    assert_eq!(
        (renewal.parameter("client_id"), renewal.parameter("resource"), renewal.parameter("refresh_token")),
        (Some(&*theirs.client_id), Some(&*theirs.url), Some(&*theirs.refresh))
    );
    assert_ne!(keyfob.must(["token", name]).await, theirs.access);
    assert_eq!(keyfob.status(name).await["state"], "active");
}

/// Every store: discovery is run, the client is kept, renewals work, nobody is registered or sent to a browser, and the source keeps
/// its bytes, its time and its mode.
#[tokio::test]
async fn a_sign_in_of_each_client_is_taken_over_and_its_store_is_only_read() {
    for index in 0..5 {
        let portal = portal().await;
        let theirs = signed_in_elsewhere(&portal).await;
        let keyfob = Keyfob::new().with("BROWSER", "/bin/false");
        let (source, file) = stores(&keyfob, &theirs).swap_remove(index);
        let before = trace(&file);
        // Nothing of mcp-remote's says which server it is.
        let url = (source == "mcp-remote").then_some(["--url", &theirs.url]);
        let arguments = ["import", source, "mine"].into_iter().chain(url.into_iter().flatten());
        let told = keyfob.run(arguments).await.expect_code(0).says("took mine over from");
        assert_eq!(told.stdout, "", "only data goes to standard output");
        assert!(told.stderr.contains("keyfob link mine"), "{}", told.stderr);
        assert!(told.stderr.contains("when both renew it, the server may end it"), "{}", told.stderr);
        works(&keyfob, &portal, "mine", &theirs).await;
        assert_eq!(trace(&file), before, "{source}");
        assert_eq!(portal.record().seen().registrations.len(), 1, "{source}: the other program's");
        for token in [&theirs.access, &theirs.refresh] {
            assert!(!told.stderr.contains(token.as_str()));
        }
    }
}

/// Alone it shows what there is, without a token in it; a server that mcp-remote is configured for is recognised.
#[tokio::test]
async fn what_there_is_on_this_machine_is_listed_without_a_secret() {
    let portal = portal().await;
    let theirs = signed_in_elsewhere(&portal).await;
    let keyfob = Keyfob::new();
    assert_eq!(keyfob.run(["import", "--json"]).await.expect_code(0).json(), json!([]));
    stores(&keyfob, &theirs);
    let cursor = json!({"mcpServers": {"p": {"command": "npx", "args": ["mcp-remote", theirs.url]}}});
    store(&keyfob, ".cursor/mcp.json", &cursor);
    let listed = keyfob.run(["import", "--json"]).await.expect_code(0);
    let entries = listed.json();
    let of = |source: &str| {
        entries.as_array().unwrap().iter().find(|entry| entry["source"] == source).unwrap().clone()
    };
    for source in ["claude-code", "codex", "opencode", "gemini", "mcp-remote"] {
        assert_eq!(
            (&of(source)["url"], &of(source)["renews"]),
            (&json!(theirs.url), &json!(true)),
            "{source}"
        );
    }
    assert_eq!(of("claude-code")["server"], "portal");
    let table = keyfob.run(["import"]).await.expect_code(0).says("hint: keyfob import");
    assert_eq!(table.stdout.lines().count(), 6, "{}", table.stdout);
    for text in [listed.stdout, listed.stderr, table.stdout, table.stderr] {
        assert!(!text.contains(&theirs.access) && !text.contains(&theirs.refresh));
    }
    assert!(!keyfob.profiles_toml().exists(), "nothing was taken over");
}

async fn paste(keyfob: &Keyfob, arguments: &[&str], text: &str) -> Output {
    keyfob.run_with_input(["import", "-"].iter().chain(arguments), text).await
}

/// Pasted from an inspector, as JSON or as two lines, with a client id: as good as any sign-in.
#[tokio::test]
async fn pasted_tokens_with_a_client_id_are_renewed() {
    for as_json in [true, false] {
        let portal = portal().await;
        let theirs = signed_in_elsewhere(&portal).await;
        let keyfob = Keyfob::new().with("BROWSER", "/bin/false");
        let text = if as_json {
            json!({"access_token": theirs.access, "refresh_token": theirs.refresh, "expires_in": 60,
                "client_id": theirs.client_id, "url": theirs.url})
            .to_string()
        } else {
            format!("{}\n{}\n", theirs.access, theirs.refresh)
        };
        let given = ["mine", "--url", &theirs.url, "--client-id", &theirs.client_id];
        let arguments = if as_json { &given[..1] } else { &given[..] };
        paste(&keyfob, arguments, &text).await.expect_code(0).says("took mine over");
        if as_json {
            works(&keyfob, &portal, "mine", &theirs).await;
        } else {
            // Nobody knows how old it is: it is renewed before it is handed out.
            assert_ne!(keyfob.must(["token", "mine"]).await, theirs.access);
            assert_eq!(portal.record().seen().refreshes.renewed, 1);
        }
        let settings = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
        assert!(!settings.contains(&theirs.access) && !settings.contains(&theirs.refresh), "{settings}");
    }
}

/// Without a client id a refresh token is of no use: the access token alone is kept, and it is said; the sign-out of such a
/// sign-in asks nobody anything.
#[tokio::test]
async fn without_a_client_id_the_access_token_alone_is_kept_and_it_is_said() {
    let portal = portal().await;
    let theirs = signed_in_elsewhere(&portal).await;
    let keyfob = Keyfob::new();
    let text =
        json!({"access_token": theirs.access, "refresh_token": theirs.refresh, "expires_in": 60}).to_string();
    paste(&keyfob, &["mine", "--url", &theirs.url], &text)
        .await
        .expect_code(0)
        .says("the access token alone was kept");
    assert_eq!(keyfob.must(["token", "mine"]).await, theirs.access);
    keyfob.run(["refresh", "mine"]).await.expect_code(4);
    assert_eq!(portal.record().seen().count(Endpoint::Refresh), 0);
    keyfob.must(["sign-out", "mine"]).await;
    assert_eq!(portal.record().seen().revoked, Vec::<String>::new());
    // The next sign-in is by a client of keyfob's own.
    keyfob.must(["sign-in", "mine"]).await;
    assert_eq!(portal.record().seen().registrations.len(), 2);
}

/// F3, fault 47: nobody said when the pasted token ends; no door tells a date as if somebody had, and nobody is asked for one.
#[tokio::test]
async fn a_pasted_token_whose_end_nobody_says_is_shown_without_one() {
    let portal = portal().await;
    let theirs = signed_in_elsewhere(&portal).await;
    let keyfob = Keyfob::new();
    paste(&keyfob, &["mine", "--url", &theirs.url], &theirs.access).await.expect_code(0);
    let shown = keyfob.status("mine").await;
    assert_eq!(
        (&shown["access_token"]["assumed"], &shown["sign_in"]["known"], &shown["sign_in"]["ends_at"]),
        (&json!(true), &json!("unknown"), &Value::Null)
    );
    assert_eq!((&shown["state"], &shown["hint"]), (&json!("active"), &Value::Null));
    let table = keyfob.must(["status"]).await;
    assert!(table.contains("end unknown") && !table.contains("(server)"), "{table}");
    let doctor = keyfob.run(["doctor", "mine", "--json"]).await.expect_code(0).json();
    let token = doctor["steps"].as_array().unwrap().iter().find(|step| step["id"] == "token").unwrap();
    assert!(token["finding"].to_string().contains("whose end nobody says"), "{token}");

    // With its end told, it is told.
    let told = json!({"access_token": theirs.access, "expires_in": 60}).to_string();
    paste(&keyfob, &["told", "--url", &theirs.url], &told).await.expect_code(0);
    let shown = keyfob.status("told").await;
    assert_eq!(
        (&shown["access_token"]["assumed"], &shown["sign_in"]["known"]),
        (&json!(false), &json!("server"))
    );
}

/// A token file in each shape, into a profile that is there already or a new one.
#[tokio::test]
async fn a_token_file_is_taken_over_into_a_profile_that_knows_the_rest() {
    let portal = portal().await;
    let theirs = signed_in_elsewhere(&portal).await;
    let keyfob = Keyfob::new();
    let end = chrono::DateTime::from_timestamp_millis(theirs.ends_ms).unwrap().with_timezone(&chrono::Local);
    let tokens = json!({"access_token": theirs.access, "refresh_token": theirs.refresh,
        "expires_at": end.format("%Y-%m-%dT%H:%M:%S").to_string(), "created_at": "2025-11-02T12:00:00"});
    let file = store(&keyfob, "site/.mcp_tokens_readonly.json", &tokens);
    let before = trace(&file);
    let path = file.display().to_string();
    keyfob.run(["import", &path, "mine"]).await.expect_code(2).says("--url");
    keyfob.must(["add", "mine", &theirs.url, "--client-id", &theirs.client_id]).await;
    keyfob
        .run(["import", "~/site/.mcp_tokens_readonly.json", "mine"])
        .await
        .expect_code(0)
        .says("must stop doing so");
    works(&keyfob, &portal, "mine", &theirs).await;
    assert_eq!(trace(&file), before);
    keyfob.run(["import", &path, "mine"]).await.expect_code(2).says("signed in already");
    std::fs::write(keyfob.path(".env"), format!("A=1\nAPP_JWT_TOKEN={}\n", theirs.access)).unwrap();
    let env = keyfob.path(".env").display().to_string();
    keyfob.must(["import", &env, "env", "--url", &theirs.url, "--key", "APP_JWT_TOKEN"]).await;
    assert_eq!(keyfob.must(["token", "env"]).await, theirs.access);
}

/// B8: tokens of another authorization server are not sent to the one that the server names now; what cannot be taken over leaves no
/// profile behind.
#[tokio::test]
async fn what_cannot_be_taken_over_leaves_no_profile() {
    let portal = portal().await;
    let theirs = signed_in_elsewhere(&portal).await;
    let keyfob = Keyfob::new();
    let Theirs { url, client_id, access, refresh, .. } = &theirs;
    let moved = json!([{
        "serverName": "portal", "mcpServerUrl": url, "clientId": client_id, "updatedAt": 1,
        "token": {"accessToken": access, "refreshToken": refresh}, "tokenUrl": "https://old.example/token",
    }]);
    store(&keyfob, ".gemini/mcp-oauth-tokens.json", &moved);
    keyfob.run(["import", "gemini", "mine"]).await.expect_code(2).says("https://old.example/token");
    keyfob.run(["import", "codex", "mine"]).await.expect_code(2).says("no sign-in of Codex was found");
    keyfob.run(["import", "nonsense", "mine"]).await.expect_code(2).says("import takes mcp-remote");
    paste(&keyfob, &["mine", "--url", url], "two words").await.expect_code(2).says("no token");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = format!("http://{gone}/mcp");
    paste(&keyfob, &["mine", "--url", &nowhere], access).await.expect_code(5);
    store(&keyfob, ".claude/.credentials.json", &json!([]));
    keyfob.run(["import", "claude-code"]).await.expect_code(2).says("not understood");
    assert_eq!(keyfob.run(["status", "--json"]).await.json()["profiles"], json!([]));
    assert_eq!(portal.record().seen().count(Endpoint::Refresh), 0);
}

/// Several servers in one store: which one is said, by its name, its URL, or by naming the profile so.
#[tokio::test]
async fn of_several_servers_the_one_that_is_named_is_taken_over() {
    let portal = portal().await;
    let theirs = signed_in_elsewhere(&portal).await;
    let entry = |name: &str, url: &str| {
        json!({"server_name": name, "server_url": url, "client_id": theirs.client_id, "access_token": theirs.access,
            "refresh_token": theirs.refresh, "expires_at": theirs.ends_ms})
    };
    let both =
        json!({"a|0": entry("other", "https://other.example/mcp"), "b|0": entry("portal", &theirs.url)});
    for which in [&["--server", "portal"][..], &["mine", "--server", &theirs.url], &["portal"]] {
        let keyfob = Keyfob::new();
        store(&keyfob, ".codex/.credentials.json", &both);
        keyfob.run(["import", "codex"]).await.expect_code(2).says("other, portal; say which with --server");
        keyfob.must(["import", "codex"].iter().chain(which)).await;
        let name = if which[0] == "mine" { "mine" } else { "portal" };
        assert_eq!(keyfob.must(["token", name]).await, theirs.access);
    }
}

/// What another program sealed stays there: it is said, with what to do in its place.
#[tokio::test]
async fn a_store_that_keyfob_cannot_read_is_named_with_the_next_step() {
    let user = Keyfob::new();
    let codex = user.run(["import", "codex"]).await.expect_code(2);
    codex
        .says("another program's keyring entries")
        .says("codex mcp login")
        .says("keyfob add NAME URL --sign-in");
    let gemini = user.run(["import", "gemini"]).await.expect_code(2);
    gemini.says("encrypt their tokens").says("keyfob add NAME URL --sign-in");
}
