//! Commands that get each new token: allowed by a person, bounded, on record, and without a word of a server in them.

use std::path::Path;

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal};
use serde_json::Value;

/// A program of the user's: `script` run by sh.
fn program(user: &Keyfob, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = user.path(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a program that runs");
    path.display().to_string()
}

/// Adds a command to the profile, as a user does with an editor.
fn add_command(user: &Keyfob, lines: &str) {
    let before = std::fs::read_to_string(user.profiles_toml()).expect("profiles.toml");
    let text = format!("{before}\n[[profiles.work.deliver]]\nkind = \"command\"\n{lines}\n");
    std::fs::write(user.profiles_toml(), text).expect("profiles.toml");
}

async fn log(user: &Keyfob, event: &str) -> Vec<Value> {
    let log = user.run(["log", "work", "--json"]).await.expect_code(0);
    let lines = log.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|entry| entry["event"] == event).collect()
}

/// Waits for a line of the journal about a command.
async fn logged(user: &Keyfob, event: &str, words: &str) -> Value {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let entries = log(user, event).await;
        if let Some(entry) = entries.iter().find(|e| e["detail"].as_str().is_some_and(|d| d.contains(words)))
        {
            return entry.clone();
        }
        assert!(tokio::time::Instant::now() < until, "no {event} with `{words}`: {entries:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The hash that the hint of `keyfob approve` names.
async fn hash(user: &Keyfob) -> String {
    let told = user.run(["approve", "work"]).await.expect_code(8);
    let (_, after) = told.stderr.split_once("keyfob approve work --exactly ").expect("the next command");
    after.split_whitespace().next().expect("a hash").to_owned()
}

async fn allow(user: &Keyfob) {
    let hash = hash(user).await;
    user.must(["approve", "work", "--exactly", &hash]).await;
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// V9, G11: nothing runs before its owner has seen it whole and allowed it; one byte changed, and it is asked again.
#[tokio::test]
async fn a_command_runs_once_it_is_allowed_and_is_asked_about_again_when_a_byte_changes() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let push = program(&user, "push", "cat >> \"$1\"");
    let (one, two) = (user.path("one"), user.path("two"));
    add_command(&user, &format!("command = [\"{push}\", \"{}\", \"{}\"]", one.display(), "x".repeat(3_000)));
    user.must(["refresh", "work"]).await;
    logged(&user, "delivery-failed", "keyfob approve work").await;
    assert!(!one.exists());
    let asked = user.run(["approve", "work"]).await.expect_code(8).says("it gets the token");
    assert!(
        asked.stderr.contains("a terminal is needed") && !asked.stderr.contains("declined"),
        "nobody was asked"
    );
    assert!(asked.stderr.contains(&"x".repeat(3_000)), "the whole command is shown");
    assert!(asked.stdout.is_empty() && !one.exists());
    user.run(["approve", "work", "--exactly", &"0".repeat(64)]).await.expect_code(2);
    allow(&user).await;
    logged(&user, "delivered", "push").await;
    let token = user.must(["token", "work"]).await;
    assert_eq!(read(&one), format!("{token}\n"), "the token that is held goes out at once");
    user.must(["refresh", "work"]).await;
    let text = std::fs::read_to_string(user.profiles_toml()).expect("profiles.toml");
    std::fs::write(user.profiles_toml(), text.replace("/one\"", "/two\"")).expect("profiles.toml");
    user.must(["refresh", "work"]).await;
    user.run(["approve", "work"]).await.expect_code(8).says("/two");
    assert!(!two.exists());
}

/// V28: the token reaches the command in each way the user can choose, and neither arguments nor environment hold anything
/// else that a server said.
#[tokio::test]
async fn the_token_comes_by_standard_input_or_one_variable_and_nothing_of_a_server_comes_with_it() {
    let mut options =
        PortalOptions { name: "--evil".into(), account: "evil;$(id)".into(), ..Default::default() };
    options.scopes = vec!["--evil=$(id)`id`".into()];
    let (user, portal) = (Keyfob::new(), Portal::start(options).await.expect("a portal"));
    user.sign_in_to("work", &portal.mcp_url()).await;
    let look = "{ cat; echo \"count=$#\"; tr '\\0' ' ' </proc/$$/cmdline; echo; env; } > \"$1.part\"; mv \"$1.part\" \"$1\"";
    let look = program(&user, "look", look);
    for (name, settings) in [
        ("bare", ""),
        ("pair", "format = \"env\"\nkey = \"APP_JWT_TOKEN\""),
        ("json", "format = \"json\""),
        ("variable", "variable = \"PUSHED\""),
    ] {
        add_command(&user, &format!("command = [\"{look}\", \"{}\"]\n{settings}", user.path(name).display()));
        allow(&user).await;
    }
    let seen = async |name: &str| {
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while !user.path(name).exists() {
            assert!(tokio::time::Instant::now() < until, "{name} never ran");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        read(&user.path(name))
    };
    let token = user.must(["token", "work"]).await;
    for name in ["bare", "pair", "json", "variable"] {
        let seen = seen(name).await;
        let (_, around) = seen.split_once("count=1\n").expect("one argument");
        assert!(!around.contains("evil"), "{name}: {seen}");
        let environment = seen.lines().find(|line| line.contains(&token) && line.starts_with("PUSHED="));
        assert_eq!(environment.is_some(), name == "variable", "{name}");
        match name {
            "bare" => assert!(seen.starts_with(&format!("{token}\n"))),
            "pair" => assert!(seen.starts_with(&format!("APP_JWT_TOKEN={token}\n"))),
            "json" => {
                let (json, _) = seen.split_once("count=").expect("JSON before");
                assert_eq!(serde_json::from_str::<Value>(json).expect("JSON")["access_token"], token);
            }
            _ => assert!(seen.starts_with("count=1")),
        }
        assert_eq!(seen.matches(&token).count(), 1, "{name}: once");
    }
}

/// fault 38: commands that fail, die, flood, hang and fork hurt no renewal, keep nobody waiting and leave nothing behind.
#[tokio::test]
async fn whatever_a_command_does_the_renewal_stands_and_its_group_is_ended() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let pids = user.path("pids");
    let hang = format!("sleep 300 & echo $! >> {0}; echo $$ >> {0}; wait", pids.display());
    for (name, script) in [
        ("fails", "echo no such host >&2; exit 3"),
        ("dies", "kill -9 $$"),
        ("floods", "head -c 20000000 /dev/zero >&2; head -c 20000000 /dev/zero"),
        ("hangs", hang.as_str()),
    ] {
        let path = program(&user, name, script);
        add_command(&user, &format!("command = [\"{path}\"]"));
    }
    add_command(&user, "command = [\"/not/there\"]");
    // Each `approve` tells the hash of the next one that waits; allowed together, they run once, after this renewal.
    for _ in 0..5 {
        allow(&user).await;
    }
    let began = std::time::Instant::now();
    let before = user.must(["token", "work"]).await;
    let after = user.must(["token", "work", "--fresh"]).await;
    assert_ne!(before, after);
    assert!(
        began.elapsed() < std::time::Duration::from_secs(8),
        "a hanging command kept its caller: {:?}",
        began.elapsed()
    );
    for (name, words) in [
        ("fails", "no such host"),
        ("dies", "signal: 9"),
        ("hangs", "ended after 10 s"),
        ("not/there", "No such file"),
    ] {
        let entry = logged(&user, "delivery-failed", name).await;
        assert!(entry["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{entry}");
    }
    logged(&user, "delivered", "floods").await;
    for pid in read(&pids).lines() {
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(15);
        let alive = |pid: &str| {
            std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
        };
        while alive(pid) {
            assert!(tokio::time::Instant::now() < until, "{pid} lives on");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    assert_eq!(user.status("work").await["state"], "active");
}

/// fault 38: a keeper hands tokens out while a command hangs, and tells of it.
#[tokio::test]
async fn a_keeper_runs_commands_beside_its_work() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let (hang, push) = (program(&user, "hang", "sleep 300"), program(&user, "push", "cat >> \"$1\""));
    let pushed = user.path("pushed");
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    add_command(&user, &format!("command = [\"{hang}\"]"));
    add_command(&user, &format!("command = [\"{push}\", \"{}\"]", pushed.display()));
    allow(&user).await;
    allow(&user).await;
    let began = std::time::Instant::now();
    let token = user.must(["token", "work", "--fresh"]).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    logged(&user, "delivery-failed", "ended after 10 s").await;
    logged(&user, "delivered", "push").await;
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while !read(&pushed).contains(&token) {
        assert!(tokio::time::Instant::now() < until, "{}", read(&pushed));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A keeper's start gives each command the token it has not had, and none a second time: whoever carried the first run out.
#[tokio::test]
async fn a_keepers_start_begins_a_command_with_the_token_it_has_not_had_and_with_no_other() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let pushed = user.path("pushed");
    let push = program(&user, "push", "cat >> \"$1\"");
    add_command(&user, &format!("command = [\"{push}\", \"{}\"]", pushed.display()));
    let has = async |tokens: &[String]| {
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
        // The last one has come to its end when it is told.
        while log(&user, "delivered").await.len() < tokens.len() {
            assert!(tokio::time::Instant::now() < until, "{}", read(&pushed));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(read(&pushed).lines().collect::<Vec<_>>(), tokens);
    };
    allow(&user).await;
    let mut tokens = vec![user.must(["token", "work"]).await];
    has(&tokens).await;
    for _ in 0..2 {
        let mut keeper = user.spawn(["agent"]);
        keeper.stderr_line("ready").await;
        tokens.push(user.must(["token", "work", "--fresh"]).await);
        has(&tokens).await;
        keeper.terminate();
        keeper.ended().await.expect_code(0);
    }
    // As a keeper leaves it that was killed before its command had come to its end.
    std::fs::remove_file(user.home().join("state/commands/work")).expect("a file of marks");
    tokens.push(tokens[2].clone());
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    has(&tokens).await;
    user.must(["sign-out", "work"]).await;
    assert!(!user.home().join("state/commands/work").exists());
    keeper.terminate();
}

/// A person at a terminal, who types this once they are asked; what they saw, and how it ended.
async fn answered_on_a_terminal(user: &Keyfob, typed: &str) -> keyfob_tests::Output {
    let mut command = user.program(Path::new("script"));
    let keyfob = user.command(["approve", "work"]);
    let words = [keyfob.as_std().get_program()].into_iter().chain(keyfob.as_std().get_args());
    let line: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    command.args(["-qefc", &line.join(" "), "/dev/null"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut terminal = keyfob_tests::Running::start(command);
    terminal.stdout_line("Type yes to allow it").await;
    terminal.write_line(typed).await;
    terminal.ended().await
}

/// G11: on a terminal the command is shown whole with its danger, and only a typed yes allows it.
#[tokio::test]
async fn on_a_terminal_a_typed_yes_allows_a_command_and_nothing_else_does() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", &portal.mcp_url()).await;
    let push = program(&user, "push", "cat > \"$1\"");
    let target = user.path("pushed");
    add_command(&user, &format!("command = [\"{push}\", \"{}\"]", target.display()));
    for no in ["", "y", "YES please"] {
        let refused = answered_on_a_terminal(&user, no).await.expect_code(8);
        assert!(refused.stdout.contains("nothing was allowed, and none of this runs"), "{}", refused.stdout);
    }
    let allowed = answered_on_a_terminal(&user, "yes").await.expect_code(0);
    let seen = allowed.stdout.replace("\r\n", "\n");
    for words in [push.as_str(), &target.display().to_string(), "it gets the token", "allowed "] {
        assert!(seen.contains(words), "no `{words}` in: {seen}");
    }
    logged(&user, "delivered", "push").await;
    assert_eq!(read(&target).trim(), user.must(["token", "work"]).await);
}
