//! Token files in every format, several of one profile, as the programs that read them find them.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal};
use serde_json::{Value, json};

fn deliveries(user: &Keyfob, tables: &[String]) {
    let before = std::fs::read_to_string(user.profiles_toml()).expect("profiles.toml");
    let heading = "\n[[profiles.work.deliver]]\nkind = \"token-file\"\n";
    let tables: String = tables.iter().flat_map(|table| [heading, table.as_str(), "\n"]).collect();
    std::fs::write(user.profiles_toml(), before + &tables).expect("profiles.toml");
}

/// V16: every format is written for its reader, for its owner alone, beside the others; an existing `.env` keeps every other
/// byte; all of it goes with the sign-out.
#[tokio::test]
async fn every_format_is_written_with_one_sign_in_and_goes_with_it() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.must(["add", "work", &portal.mcp_url()]).await;
    let path = |name: &str| user.path(name).display().to_string();
    std::fs::write(path(".env"), "A=1\r\nexport APP_JWT_TOKEN=old\r\n# ü\nB=2").expect("a file");
    std::fs::write(path("template"), "token: {{json access_token}}\nends: {{expires_at_ms}}\n")
        .expect("a file");
    let extra = [
        ("own", "format = \"keyfob\"".to_owned()),
        ("tokens", "format = \"mcp-tokens\"\ntime_zone = \"utc\"".to_owned()),
        ("credentials", "format = \"credentials\"".to_owned()),
        ("bare", "format = \"bare\"".to_owned()),
        (".env", "format = \"env\"\nkey = \"APP_JWT_TOKEN\"".to_owned()),
        ("filled", format!("format = \"template\"\ntemplate = \"{}\"", path("template"))),
    ];
    deliveries(&user, &extra.clone().map(|(name, rest)| format!("path = \"{}\"\n{rest}", path(name))));
    user.must(["sign-in", "work"]).await;
    let token = user.must(["token", "work"]).await;
    let read = |name: &str| std::fs::read_to_string(path(name)).expect(name);
    let ends: chrono::DateTime<chrono::Utc> = user.status("work").await["access_token"]["expires_at"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("an end");
    let parsed = |name: &str| serde_json::from_str::<Value>(&read(name)).expect("JSON");
    assert_eq!(
        (&parsed("own")["access_token"], &parsed("own")["token_type"]),
        (&json!(token), &json!("Bearer"))
    );
    let tokens = parsed("tokens");
    assert_eq!(tokens["expires_at"], ends.format("%Y-%m-%dT%H:%M:%S").to_string());
    assert_eq!((&tokens["access_token"], &tokens["refresh_token"]), (&json!(token), &json!("")));
    let credentials = parsed("credentials");
    let milliseconds = credentials["expires_at"].as_i64().expect("a number");
    assert_eq!((milliseconds / 1000, &credentials["refresh_token"]), (ends.timestamp(), &json!("")));
    assert_eq!(read("bare"), format!("{token}\n"));
    assert_eq!(read(".env"), format!("A=1\r\nAPP_JWT_TOKEN={token}\r\n# ü\nB=2"));
    assert_eq!(read("filled"), format!("token: \"{token}\"\nends: {milliseconds}\n"));
    for (name, _) in &extra {
        let mode = std::fs::metadata(path(name)).expect(name).permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    user.must(["sign-out", "work"]).await;
    assert_eq!(read(".env"), "A=1\r\n# ü\nB=2");
    for (name, _) in extra.iter().filter(|(name, _)| *name != ".env") {
        assert!(!user.path(name).exists(), "{name} is still there");
    }
    assert!(user.path("template").exists());
}

/// Places that were named after the last token came hold what their owner put there: a sign-out leaves it and says so.
#[tokio::test]
async fn a_sign_out_leaves_what_keyfob_never_wrote() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.must(["add", "work", &portal.mcp_url()]).await;
    user.must(["sign-in", "work"]).await;
    let path = |name: &str| user.path(name).display().to_string();
    let (env, own) = ("OTHER=1\nAPP_JWT_TOKEN=abc # x\n", "{\"access_token\": \"mine\"}");
    std::fs::write(path(".env2"), env).expect("a file");
    std::fs::write(path("own.json"), own).expect("a file");
    let line = format!("path = \"{}\"\nformat = \"env\"\nkey = \"APP_JWT_TOKEN\"", path(".env2"));
    deliveries(&user, &[line, format!("path = \"{}\"\nformat = \"keyfob\"", path("own.json"))]);
    user.must(["sign-out", "work"]).await;
    let read = |name: &str| std::fs::read_to_string(path(name)).expect(name);
    assert_eq!((read(".env2").as_str(), read("own.json").as_str()), (env, own));
    let log = user.must(["log", "work"]).await;
    let told = log.lines().filter(|line| line.contains("keyfob did not write")).count();
    assert_eq!(told, 2, "{log}");
}

/// V17: a link in the place of a token file is neither followed nor replaced, and the renewal stands; a template with a
/// mistyped name leaves the file as it was and says which.
#[tokio::test]
async fn a_link_is_refused_and_a_mistyped_template_is_told() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.must(["add", "work", &portal.mcp_url()]).await;
    let path = |name: &str| user.path(name).display().to_string();
    std::fs::write(path("other"), "mine").expect("a file");
    symlink(path("other"), path("link")).expect("a link");
    std::fs::write(path("template"), "\n{{acess_token}}").expect("a file");
    let template =
        format!("path = \"{}\"\nformat = \"template\"\ntemplate = \"{}\"", path("filled"), path("template"));
    deliveries(&user, &[format!("path = \"{}\"", path("link")), template]);
    user.must(["sign-in", "work"]).await;
    let renewed = user.run(["refresh", "work"]).await.expect_code(0);
    let renewed = renewed.says("renewed work").says(&format!("warning: {} was not written", path("link")));
    renewed.says(&format!("warning: {} was not written: line 2 of the template", path("filled")));
    assert_eq!(std::fs::read_to_string(path("other")).expect("the file"), "mine");
    assert!(
        std::fs::symlink_metadata(path("link")).expect("the link").is_symlink()
            && !user.path("filled").exists()
    );
    let log = user.must(["log", "work", "--json"]).await;
    let failed: Vec<_> = log.lines().filter(|line| line.contains("delivery-failed")).collect();
    assert!(failed.len() == 4 && failed[0].contains("link"), "{failed:?}");
    assert!(failed[1].contains("line 2 of the template: there is no `acess_token`"), "{failed:?}");
}

/// While a keeper runs, a file that somebody overwrote, emptied, opened to others or deleted is right again within moments, at no
/// renewal's cost; what is not keyfob's stays, and what a sign-out took away stays away.
#[tokio::test]
async fn a_file_that_somebody_changed_is_put_right_at_once() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let path = |name: &str| user.path(name).display().to_string();
    user.must(["add", "work", &portal.mcp_url()]).await;
    let env = format!("path = \"{}\"\nformat = \"env\"\nkey = \"T\"", path(".env"));
    deliveries(&user, &[format!("path = \"{}\"\nformat = \"bare\"", path("bare")), env]);
    user.must(["sign-in", "work"]).await;
    let token = user.must(["token", "work"]).await;
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let has = |name: &str, text: &str| std::fs::read_to_string(path(name)).is_ok_and(|found| found == text);
    let (bare, line) = (format!("{token}\n"), format!("A=1\nT={token}\n"));
    std::fs::write(path("bare"), "somebody's").expect("overwritten");
    std::fs::write(path(".env"), "A=1\n").expect("the line taken out");
    eventually(|| has("bare", &bare) && has(".env", &line)).await;
    std::fs::remove_file(path("bare")).expect("deleted");
    eventually(|| has("bare", &bare)).await;
    std::fs::set_permissions(path("bare"), std::fs::Permissions::from_mode(0o644)).expect("opened to others");
    eventually(|| keyfob_tests::mode(path("bare").as_ref()) == 0o600).await;
    assert_eq!(portal.record().seen().refreshes.renewed, 0);
    let journal = user.must(["log", "work"]).await;
    assert!(journal.contains("somebody else had changed"), "{journal}");
    user.must(["sign-out", "work"]).await;
    eventually(|| !user.path("bare").exists()).await;
    std::fs::write(path("bare"), "mine now").expect("a file");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    assert!(has("bare", "mine now"));
}

/// Waits for longer than the pause that keyfob makes between two repairs.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds() {
        assert!(tokio::time::Instant::now() < until, "waited in vain");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A sign-in that ended takes its files along once the token itself is over; until then the token is good, and stays.
#[tokio::test]
async fn a_file_goes_when_its_token_is_over_and_nobody_can_renew_it() {
    let access_token_lifetime = Duration::from_secs(4);
    let portal = Portal::start(PortalOptions { access_token_lifetime, ..PortalOptions::default() }).await;
    let (portal, user) = (portal.expect("a portal"), Keyfob::new());
    let file = user.path("token.json");
    let deliver = format!("token-file:{}", file.display());
    user.must(["add", "work", &portal.mcp_url(), "--deliver", &deliver, "--sign-in"]).await;
    portal.end_sign_ins();
    user.run(["refresh", "work"]).await.expect_code(4);
    let had_file = file.exists();
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    let good = user.run(["token", "work", "--min-validity", "0s"]).await.code == Some(0);
    assert!(had_file || !good, "a good token is not taken away");
    while user.run(["token", "work", "--min-validity", "0s"]).await.code == Some(0) {
        assert!(tokio::time::Instant::now() < until, "a token of 4 s is still good");
    }
    assert!(!file.exists(), "the file of a dead token is still there");
    user.run(["token", "work"]).await.expect_code(4);
}
