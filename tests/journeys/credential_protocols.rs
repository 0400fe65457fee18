//! `keyfob token` as the helper of other programs: git itself, and the protocols of Docker, Bazel and kubectl as their
//! documents describe them, in the environments those programs give.

use std::process::Stdio;

use keyfob_tests::{Keyfob, Output, portal};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

/// A user who is signed in as `work`, and the host of that portal.
async fn signed_in() -> (Keyfob, keyfob_demo::Portal, String) {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let url = url::Url::parse(&portal.mcp_url()).expect("a URL");
    let host = format!("127.0.0.1:{}", url.port().expect("a port"));
    (user, portal, host)
}

fn binary() -> String {
    std::env::var("KEYFOB_BIN").unwrap_or_else(|_| {
        let here = std::env::current_exe().expect("this test's path");
        here.parent()
            .and_then(std::path::Path::parent)
            .expect("a folder")
            .join("keyfob")
            .display()
            .to_string()
    })
}

/// Runs git's own side of the protocol with keyfob as its only helper.
async fn git(user: &Keyfob, operation: &str, input: &str) -> Output {
    let ours = format!("credential.helper=!'{}' token work --format git", binary());
    let mut child = tokio::process::Command::new("git")
        .args(["-c", "credential.helper=", "-c", &ours, "credential", operation])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("HOME", user.path("")), ("KEYFOB_HOME", user.home())])
        .envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git starts");
    child.stdin.take().expect("input").write_all(input.as_bytes()).await.expect("git reads");
    let output = child.wait_with_output().await.expect("git ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn has_line(output: &Output, line: &str) -> bool {
    output.stdout.lines().any(|l| l == line)
}

/// G1: git that takes a bearer token gets one; older ones get a user name and a password with its end.
#[tokio::test]
async fn git_fills_a_credential_for_the_portals_host() {
    let (user, _portal, host) = signed_in().await;
    let token = user.must(["token", "work"]).await;
    let asked = format!("protocol=http\nhost={host}\n");
    let filled = git(&user, "fill", &format!("{asked}\n")).await.expect_code(0);
    assert!(
        has_line(&filled, "username=oauth2") && has_line(&filled, &format!("password={token}")),
        "{filled:?}"
    );
    // An older git passes on only what it knows; so what keyfob says is read where git reads it.
    let said = ask(&user, "git", "get", &format!("{asked}\n")).await.expect_code(0);
    assert!(said.stdout.contains("password_expiry_utc="), "{said:?}");
    let bearer = format!("capability[]=authtype\n{asked}\n");
    let mut answers = vec![ask(&user, "git", "get", &bearer).await.expect_code(0)];
    if git_knows_bearer_tokens() {
        answers.push(git(&user, "fill", &bearer).await.expect_code(0));
    } else {
        println!("NOT PROVEN with git itself: bearer tokens, which it takes from 2.46 on");
    }
    for answer in &answers {
        for line in ["authtype=Bearer", "ephemeral=1", &format!("credential={token}")] {
            assert!(has_line(answer, line), "no {line} in {answer:?}");
        }
    }
    // What git tells its helpers afterwards is kept nowhere and hurts nothing.
    git(&user, "approve", &format!("{asked}username=oauth2\npassword={token}\n\n")).await.expect_code(0);
    assert_eq!(user.must(["token", "work"]).await, token);
}

/// From 2.46 on git asks its helpers for other schemes than a password.
fn git_knows_bearer_tokens() -> bool {
    let said = std::process::Command::new("git").arg("version").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let mut numbers = said.split([' ', '.']).filter_map(|part| part.trim().parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(46))
}

/// G2: another host, scheme or port, or a path outside, gets nothing, whoever asks.
#[tokio::test]
async fn git_gets_nothing_for_another_server() {
    let (user, _portal, host) = signed_in().await;
    let token = user.must(["token", "work"]).await;
    for foreign in [
        "protocol=https\nhost=github.com\n".to_owned(),
        format!("protocol=https\nhost={host}\n"),
        "protocol=http\nhost=127.0.0.1\n".to_owned(),
        format!("protocol=http\nhost={host}.evil.example\n"),
    ] {
        let filled = git(&user, "fill", &format!("{foreign}\n")).await;
        assert_ne!(filled.code, Some(0), "{foreign}");
        assert!(!filled.stdout.contains(&token), "{foreign}");
    }
    // With `credential.useHttpPath` git names the path too.
    for (path, is_given) in [("mcp/x.git", true), ("elsewhere/x.git", false), ("mcp/../x.git", false)] {
        let question = format!("protocol=http\nhost={host}\npath={path}\n\n");
        let answer = ask(&user, "git", "get", &question).await.expect_code(0);
        assert_eq!(answer.stdout.contains(&token), is_given, "{path}");
    }
}

/// git saw the token refused: its next question is answered with a new one.
#[tokio::test]
async fn a_token_that_git_saw_refused_is_renewed() {
    let (user, _portal, host) = signed_in().await;
    let token = user.must(["token", "work"]).await;
    let rejected =
        |secret: &str| format!("protocol=http\nhost={host}\nusername=oauth2\npassword={secret}\n\n");
    git(&user, "reject", &rejected("another-password")).await.expect_code(0);
    assert_eq!(user.must(["token", "work"]).await, token);
    git(&user, "reject", &rejected(&token)).await.expect_code(0);
    assert_ne!(user.must(["token", "work"]).await, token);
}

async fn ask(user: &Keyfob, format: &str, operation: &str, input: &str) -> Output {
    user.run_with_input(["token", "work", "--format", format, operation], input).await
}

/// G2: Docker's helper protocol: `get` for this host alone, a list, and no password of others is kept.
#[tokio::test]
async fn docker_gets_a_secret_for_the_portals_host_and_its_own_word_for_none() {
    let (user, _portal, host) = signed_in().await;
    let token = user.must(["token", "work"]).await;
    for address in [host.clone(), format!("http://{host}"), format!("http://{host}/v2/")] {
        let got = ask(&user, "docker", "get", &format!("{address}\n")).await.expect_code(0);
        assert_eq!(got.json(), json!({ "ServerURL": address, "Username": "oauth2", "Secret": token }));
    }
    for foreign in ["https://index.docker.io/v1/", "127.0.0.1:1", ""] {
        let got = ask(&user, "docker", "get", foreign).await;
        if !foreign.is_empty() {
            let got = got.expect_code(1);
            assert_eq!(got.stdout, "credentials not found in native keychain\n");
        }
    }
    let list = ask(&user, "docker", "list", "").await.expect_code(0);
    assert_eq!(list.json(), json!({ format!("http://{host}"): "oauth2" }));
    ask(&user, "docker", "erase", &host).await.expect_code(0);
    let typed = json!({ "ServerURL": host, "Username": "me", "Secret": "mine" }).to_string();
    let stored = ask(&user, "docker", "store", &typed).await.expect_code(2);
    assert!(stored.stdout.contains("keyfob sign-in work"), "Docker shows standard output: {stored:?}");
    user.must(["sign-out", "work"]).await;
    let ended = ask(&user, "docker", "get", &host).await.expect_code(4);
    assert!(ended.stdout.contains("sign"), "Docker shows standard output: {ended:?}");
}

/// G2: Bazel asks for a whole URI: the token is for the portal's path and what lies below it.
#[tokio::test]
async fn bazel_gets_headers_for_uris_below_the_portal_and_none_for_others() {
    let (user, portal, host) = signed_in().await;
    let token = user.must(["token", "work"]).await;
    let question = |uri: String| json!({ "uri": uri }).to_string();
    let got =
        ask(&user, "bazel", "get", &question(format!("{}/cas/blob", portal.mcp_url()))).await.expect_code(0);
    assert_eq!(got.json()["headers"], json!({ "Authorization": [format!("Bearer {token}")] }));
    let expires = got.json()["expires"].as_str().map(str::parse::<chrono::DateTime<chrono::Utc>>);
    assert!(expires.is_some_and(|at| at.is_ok_and(|at| at > chrono::Utc::now())), "{got:?}");
    for foreign in [
        format!("http://{host}/elsewhere"),
        format!("{}/../elsewhere", portal.mcp_url()),
        "https://storage.example/x".to_owned(),
    ] {
        let none = ask(&user, "bazel", "get", &question(foreign)).await.expect_code(0);
        assert_eq!(none.json(), json!({ "headers": {} }));
    }
    for broken in ["", "{}", "[1]"] {
        ask(&user, "bazel", "get", broken).await.expect_code(2);
    }
}

/// kubectl asks in its environment, in one of two versions, and is answered in the same.
#[tokio::test]
async fn kubectl_is_answered_in_the_version_it_speaks() {
    let (user, portal, _host) = signed_in().await;
    let token = user.must(["token", "work"]).await;
    let arguments = ["token", "work", "--format", "exec-credential"];
    let question = |version: &str, server: &str| {
        let api = format!("client.authentication.k8s.io/{version}");
        json!({ "kind": "ExecCredential", "apiVersion": api,
            "spec": { "interactive": false, "cluster": { "server": server } } })
        .to_string()
    };
    let user = user.with("KUBERNETES_EXEC_INFO", question("v1beta1", &portal.mcp_url()));
    let answer = user.run(arguments).await.expect_code(0).json();
    assert_eq!(answer["apiVersion"], "client.authentication.k8s.io/v1beta1");
    assert_eq!((&answer["kind"], &answer["status"]["token"]), (&json!("ExecCredential"), &json!(token)));
    assert!(answer["status"]["expirationTimestamp"].is_string(), "{answer}");
    let user = user.with("KUBERNETES_EXEC_INFO", question("v1", "https://other.example"));
    let foreign = user.run(arguments).await.expect_code(2).says("other.example");
    assert_eq!(foreign.stdout, "");
    let user = user.with("KUBERNETES_EXEC_INFO", question("v9", &portal.mcp_url()));
    user.run(arguments).await.expect_code(2).says("v9");
}

/// V12: a line end or another control character inside a name is no part of a host.
#[tokio::test]
async fn a_host_with_a_control_character_is_no_host() {
    let (user, _portal, host) = signed_in().await;
    for smuggled in [format!("protocol=http\nhost={host}\r\n\n"), format!("protocol=http\nhost={host}\t\n\n")]
    {
        let answer = ask(&user, "git", "get", &smuggled).await.expect_code(0);
        if smuggled.contains('\t') {
            assert_eq!(answer.stdout, "");
        }
    }
    let docker = ask(&user, "docker", "get", &format!("{host}\r\nhttps://evil.example")).await.expect_code(1);
    assert!(!docker.stdout.contains("Secret"), "{docker:?}");
    let bazel = json!({ "uri": format!("http://{host}/mcp\n/x") }).to_string();
    assert_eq!(ask(&user, "bazel", "get", &bazel).await.json(), json!({ "headers": {} }));
}

/// Codex runs helpers with these variables alone: no bus, no folders, no terminal. The answer comes within a client's ten
/// seconds, with a keeper and without one.
#[tokio::test]
async fn a_stripped_environment_is_enough_with_and_without_a_keeper() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let bare = |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(binary());
        command.args(arguments).env_clear().env("HOME", user.path("")).env("LANG", "C.UTF-8");
        command
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    };
    let mut signing_in = user.command(["add", "work", &portal.mcp_url(), "--sign-in", "--timeout", "20s"]);
    let ended = signing_in.env_remove("KEYFOB_HOME").output().await.expect("keyfob runs");
    assert!(ended.status.success(), "{ended:?}");
    let answers = async || {
        for arguments in [
            &["headers", "work"][..],
            &["token", "work"],
            &["exec", "work", "--", "printenv", "KEYFOB_ACCESS_TOKEN"],
        ] {
            let limit = std::time::Duration::from_secs(10);
            let output =
                tokio::time::timeout(limit, bare(arguments).output()).await.expect("in time").expect("runs");
            assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
        }
        let headers = bare(&["headers", "work"]).output().await.expect("runs");
        let headers: Value = serde_json::from_slice(&headers.stdout).expect("JSON");
        assert!(headers["Authorization"].as_str().is_some_and(|h| h.starts_with("Bearer ")), "{headers}");
        assert_eq!(headers.as_object().map(serde_json::Map::len), Some(1), "one flat object");
    };
    answers().await;
    let mut keeper = user.command(["agent"]);
    keeper.env_remove("KEYFOB_HOME").env_remove("KEYFOB_STORE");
    let mut keeper = keyfob_tests::Running::start(keeper);
    keeper.stderr_line("ready").await;
    answers().await;
}
