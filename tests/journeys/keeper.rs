//! The keeper without a screen: `keyfob agent`.

use std::time::Duration;

use keyfob_demo::{Endpoint, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Running, portal, visit};
use serde_json::json;
use url::Url;

use crate::token_files::eventually;

pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) async fn agent(keyfob: &Keyfob) -> Running {
    let mut running = keyfob.spawn(["agent"]);
    running.stderr_line("ready").await;
    running
}

#[tokio::test]
async fn a_keeper_says_ready_is_shown_by_status_and_ends_at_sigterm() {
    let keyfob = Keyfob::new();
    let keeper = agent(&keyfob).await;
    let shown = keyfob.run(["status", "--json"]).await.json()["agent"].clone();
    assert_eq!(shown, json!({ "running": true, "kind": "headless", "pid": keeper.pid() }));
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    assert_eq!(keyfob.run(["status", "--json"]).await.json()["agent"]["running"], false);
}

#[tokio::test]
async fn a_second_keeper_ends_with_5_and_the_first_goes_on() {
    let keyfob = Keyfob::new();
    let keeper = agent(&keyfob).await;
    let second = keyfob.run(["agent"]).await.expect_code(5);
    let second = second.says(&format!("error: a keeper runs already (pid {})\n", keeper.pid()));
    let second = second.says("hint: nothing is left to do").says(&format!("kill {}", keeper.pid()));
    assert!(!second.stderr.contains("keyfob refresh"), "{}", second.stderr);
    let shown = keyfob.run(["status", "--json"]).await.json()["agent"].clone();
    assert_eq!(shown["pid"], keeper.pid());
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// Fault 35: a keeper that was killed leaves a socket and a lease behind that stop nobody.
#[tokio::test]
async fn a_killed_keeper_is_followed_by_the_next() {
    let keyfob = Keyfob::new();
    agent(&keyfob).await.kill().await;
    let keeper = agent(&keyfob).await;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// Renewed before the end, again and again, with no client open.
#[tokio::test]
async fn a_keeper_renews_in_the_background() {
    let options = PortalOptions { access_token_lifetime: Duration::from_secs(4), ..PortalOptions::default() };
    let portal = Portal::start(options).await.unwrap();
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let keeper = agent(&keyfob).await;
    let seen = portal.record().wait_for(|seen| seen.refreshes.renewed >= 2, SOON).await.unwrap();
    assert_eq!((seen.refreshes.repeated, seen.refreshes.reused, seen.refreshes.refused), (0, 0, 0));
    keyfob.status_becomes("a", |status| status["refreshes"].as_u64() >= Some(2)).await;
    assert!(keyfob.status("a").await["next_refresh_at"].is_string());
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

#[tokio::test]
async fn a_keeper_hands_out_tokens_and_hears_of_sign_ins_and_sign_outs() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let keeper = agent(&keyfob).await;
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    keyfob.status_becomes("a", |status| status["state"] == "active").await;
    let before = keyfob.must(["token", "a"]).await;
    keyfob.must(["refresh", "a"]).await;
    let after = keyfob.must(["token", "a"]).await;
    assert_ne!(before, after);
    assert_eq!(
        keyfob.must(["token", "a", "--format", "header"]).await,
        format!("Authorization: Bearer {after}")
    );
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.reused), (1, 0));
    keyfob.must(["sign-out", "a"]).await;
    keyfob.status_becomes("a", |status| status["state"] == "signed-out").await;
    keyfob.run(["token", "a"]).await.expect_code(4);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// A paused profile is left alone, whatever its token's end.
#[tokio::test]
async fn a_keeper_leaves_a_paused_profile_alone() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let keeper = agent(&keyfob).await;
    keyfob.must(["pause", "a"]).await;
    let status = keyfob.status_becomes("a", |status| status["state"] == "paused").await;
    assert!(status["next_refresh_at"].is_null());
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// "Ready" means that every profile has been read: whoever asks next waits for nothing.
#[tokio::test]
async fn whoever_hears_ready_finds_every_profile_as_it_is() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("signed-in", &portal.mcp_url()).await;
    let one = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    let many = (0..200).map(|n| one.replace("[profiles.signed-in]", &format!("[profiles.other-{n}]")));
    keyfob.write_profiles_toml(&format!("{one}\n{}", many.collect::<Vec<_>>().join("\n")));
    let keeper = agent(&keyfob).await;
    let whole = keyfob.run(["status", "--json"]).await.expect_code(0).json();
    assert_eq!(whole["agent"]["running"], true);
    let states: Vec<_> = whole["profiles"].as_array().unwrap().iter().map(|p| p["state"].clone()).collect();
    let count = |word: &str| states.iter().filter(|state| *state == word).count();
    assert_eq!((count("active"), count("signed-out"), states.len()), (1, 200, 201));
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// Far less than the half minute after which a keeper looks without being told.
const AT_ONCE: Duration = Duration::from_secs(10);

/// In place, as a shell writes, and by a rename, as editors write.
#[tokio::test]
async fn edits_of_profiles_toml_are_picked_up() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let keeper = agent(&keyfob).await;
    // The keeper has read the good one.
    keyfob.status_becomes("a", |status| status["name"] == "a").await;
    let good = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    keyfob.write_profiles_toml(&good.replace("[profiles.a]", "[profiles.a]\nlabel = \"Mine\""));
    let seen = keyfob.status_becomes("a", |status| status["label"] == "Mine");
    tokio::time::timeout(AT_ONCE, seen).await.expect("an edit in place is seen at once");
    let beside = keyfob.path("keyfob/.profiles.toml.swp");
    std::fs::write(&beside, good.replace("[profiles.a]", "[profiles.a]\nlabel = \"Renamed\"")).unwrap();
    std::fs::rename(&beside, keyfob.profiles_toml()).unwrap();
    let seen = keyfob.status_becomes("a", |status| status["label"] == "Renamed");
    tokio::time::timeout(AT_ONCE, seen).await.expect("a rename is seen at once");
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

#[tokio::test]
async fn a_typo_in_profiles_toml_keeps_the_last_good_one_in_force_and_is_told() {
    let (keyfob, portal) = (Keyfob::new().with("KEYFOB_LOG", "warn"), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let keeper = agent(&keyfob).await;
    // The keeper has read the good one.
    keyfob.status_becomes("a", |status| status["name"] == "a").await;
    let good = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    keyfob.write_profiles_toml(&good.replace("[profiles.a]", "[profiles.a]\nlable = \"Mine\""));
    let told = keyfob.all_becomes(|whole| whole["settings_problem"].is_string());
    let whole = tokio::time::timeout(AT_ONCE, told).await.expect("told at once");
    assert!(whole["settings_problem"].as_str().unwrap().contains(":2:"), "{whole}");
    assert_eq!(whole["profiles"][0]["name"], "a");
    keyfob.write_profiles_toml(&good);
    let mended = keyfob.all_becomes(|whole| whole["settings_problem"].is_null());
    tokio::time::timeout(AT_ONCE, mended).await.expect("mended at once");
    keeper.terminate();
    let said = keeper.ended().await.expect_code(0).stderr.clone();
    assert!(said.contains("profiles.toml:2:") && said.contains("the last good one stays in force"), "{said}");
}

/// There is no last good one then, and nobody is told that the profiles are gone.
#[tokio::test]
async fn a_keeper_that_begins_with_a_broken_profiles_toml_says_so_everywhere_and_takes_up_the_mended_one() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "a"]).await;
    let good = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    keyfob.write_profiles_toml(&format!("{good}\n[[profiles.tf.deliver]]\nfile = \"/tmp/never\"\n"));
    let alone = keyfob.run(["token", "a"]).await.expect_code(2).says("profiles.toml:");
    let cause = alone.stderr.lines().next().unwrap().strip_prefix("error: ").unwrap();
    let mut keeper = keyfob.spawn(["agent", "--metrics", "127.0.0.1:0"]);
    let metrics = keeper.stderr_line("metrics at http://").await;
    let warned = keeper.stderr_line("warning: ").await;
    assert!(warned.contains(cause) && warned.contains("no sign-in is kept alive"), "{warned}");
    keeper.stderr_line("hint: mend it there").await;
    keeper.stderr_line("ready").await;
    for asked in [&["token", "a"][..], &["token", "a", "--min-validity", "1s"], &["status", "a"]] {
        assert_eq!(keyfob.run(asked).await.expect_code(2).stderr, alone.stderr, "{asked:?}");
    }
    let status = keyfob.run(["status"]).await.expect_code(0).stdout;
    assert!(status.contains(&format!("profiles.toml cannot be read, and no profile is known: {cause}")));
    assert!(!status.contains("No profiles yet") && !status.contains("last good"), "{status}");
    let health = Url::parse(metrics.split_once("metrics at ").unwrap().1).unwrap().join("/health").unwrap();
    let ill = visit(&health).await;
    assert_eq!(ill.status, 503, "{}", ill.body);
    assert!(
        ill.body.contains("\"profiles.toml cannot be read, so no sign-in is kept alive\""),
        "{}",
        ill.body
    );
    keyfob.write_profiles_toml(&good);
    let mended = keyfob.status_becomes("a", |status| status["state"] == "active");
    tokio::time::timeout(AT_ONCE, mended).await.expect("mended at once");
    assert_eq!(keyfob.must(["token", "a"]).await, token);
    assert_eq!(visit(&health).await.status, 200);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// A server that grants less than a minute is told of once, at the sign-in and by the doctor, and not with every token.
#[tokio::test]
async fn tokens_that_are_always_short_are_told_of_at_the_sign_in_and_not_with_each_of_them() {
    let access_token_lifetime = Duration::from_secs(50);
    let portal =
        Portal::start(PortalOptions { access_token_lifetime, ..PortalOptions::default() }).await.unwrap();
    let keyfob = Keyfob::new();
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    keyfob.run(["sign-in", "a"]).await.expect_code(0).says("the server grants 50 s at a time");
    for command in [&["token", "a"][..], &["headers", "a"], &["exec", "a", "--", "true"]] {
        assert_eq!(keyfob.run(command).await.expect_code(0).stderr, "", "{command:?}");
    }
    let asked = keyfob.run(["token", "a", "--min-validity", "5m"]).await.expect_code(0);
    asked.says("warning: the server grants 50 s at a time; 300 s were asked for");
    let doctor = keyfob.run(["doctor", "a", "--json"]).await.json();
    assert!(doctor.to_string().contains("so short a life wants a new one for every use"), "{doctor}");
}

/// More than the server ever grants: no renewal helps, and whoever asked is told, with a keeper and without one.
#[tokio::test]
async fn a_held_token_that_is_shorter_than_asked_for_comes_with_a_warning() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = None;
    for _ in ["without a keeper", "with one"] {
        let enough = keyfob.run(["token", "a"]).await.expect_code(0);
        assert_eq!(enough.stderr, "");
        let short = keyfob.run(["token", "a", "--min-validity", "1h"]).await.expect_code(0);
        let short = short.says("warning: the server grants 120 s at a time; 3600 s were asked for");
        assert_eq!(short.stdout, enough.stdout);
        if keeper.is_none() {
            keeper = Some(agent(&keyfob).await);
        }
    }
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
    let keeper = keeper.unwrap();
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// What a keeper ran only to begin is not counted as its memory for weeks.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_keeper_that_has_begun_takes_less_memory_than_its_beginning_did() {
    let keyfob = Keyfob::new();
    let keeper = agent(&keyfob).await;
    let status = format!("/proc/{}/status", keeper.pid());
    let kib = |field: &str| {
        let text = std::fs::read_to_string(&status).expect("procfs");
        let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number")
    };
    eventually(|| kib("VmRSS:") + 1_024 < kib("VmHWM:")).await;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}
