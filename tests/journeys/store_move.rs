//! `keyfob store move`: the sealing key changes its place while everything goes on.

use std::path::PathBuf;

use keyfob_tests::{Keyfob, all_files, mode, portal, sealed_files};

/// Somebody whose choice stands in `config.toml`, with a passphrase in a file.
fn user(backend: &str) -> Keyfob {
    let user = Keyfob::new();
    std::fs::write(user.path("passphrase"), "correct horse\n").unwrap();
    user.write_profiles_toml("");
    std::fs::write(user.home().join("config.toml"), format!("[store]\nbackend = \"{backend}\" # mine\n"))
        .unwrap();
    let passphrase = user.path("passphrase");
    user.with("KEYFOB_STORE", "").with("KEYFOB_PASSPHRASE_FILE", passphrase)
}

async fn store(user: &Keyfob) -> (String, String) {
    let store = user.run(["status", "--json"]).await.expect_code(0).json()["store"].clone();
    let text = |key: &str| store[key].as_str().unwrap().to_owned();
    (text("backend"), text("strength"))
}

fn key_files(user: &Keyfob) -> Vec<PathBuf> {
    let keys = all_files(&user.home()).into_iter();
    keys.filter(|path| path.extension().is_some_and(|e| e == "key" || e == "cred")).collect()
}

#[tokio::test]
async fn a_running_keeper_and_new_commands_go_on_after_the_key_has_moved() {
    let (user, portal) = (user("key-file"), portal().await);
    user.sign_in_to("a", &portal.mcp_url()).await;
    user.sign_in_to("b", &portal.mcp_url()).await;
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let before = user.must(["token", "a"]).await;
    assert_eq!((key_files(&user).len(), mode(&key_files(&user)[0])), (1, 0o600));
    let sealed = std::fs::read(&sealed_files(&user.home())[0]).unwrap();

    let moved = user.run(["store", "move", "passphrase"]).await.expect_code(0);
    moved.says("moved from `key-file` to `passphrase`: 2 records sealed anew");

    // The keeper has been told, and looks when it comes to it.
    user.all_becomes(|status| status["store"]["backend"] == "passphrase").await;
    assert_eq!(store(&user).await.1, "passphrase");
    assert_eq!(key_files(&user), Vec::<PathBuf>::new());
    assert_ne!(std::fs::read(&sealed_files(&user.home())[0]).unwrap(), sealed);
    let config = std::fs::read_to_string(user.home().join("config.toml")).unwrap();
    assert_eq!(config, "[store]\nbackend = \"passphrase\" # mine\n");
    assert_eq!(user.must(["token", "a"]).await, before, "from the keeper");
    user.must(["refresh", "a"]).await;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    assert_ne!(user.must(["token", "a"]).await, before, "without the keeper, with the passphrase");
    user.must(["refresh", "b"]).await;
    assert_eq!(portal.record().seen().refreshes.reused, 0);

    user.run(["store", "move", "key-file"]).await.expect_code(0).says("not this account");
    assert_eq!(store(&user).await, ("key-file".into(), "account-only".into()));
    user.must(["refresh", "a"]).await;
    user.run(["store", "move", "key-file"]).await.expect_code(0).says("lives in `key-file`");
}

/// V20: nothing is moved to a place that takes no key, and none is weakened by an environment that names another one.
#[tokio::test]
async fn a_move_that_cannot_be_done_leaves_everything_as_it_was() {
    let (user, portal) = (user("passphrase"), portal().await);
    user.sign_in_to("a", &portal.mcp_url()).await;
    let token = user.must(["token", "a"]).await;
    let refused = user.run(["store", "move", "keyring"]).await.expect_code(6);
    refused.says("never picks a weaker store").says("hint: ");
    user.run(["store", "move", "attic"]).await.expect_code(2).says("systemd-creds");
    assert_eq!(store(&user).await.0, "passphrase");
    assert_eq!(user.must(["token", "a"]).await, token);
    let user = user.with("KEYFOB_STORE", "key-file");
    user.run(["token", "a"]).await.expect_code(6).says("hint: keyfob store move key-file");
    assert_eq!(key_files(&user), Vec::<PathBuf>::new());
    // The key cannot be had: what cannot be opened cannot be sealed anew.
    let blind = user.with("KEYFOB_PASSPHRASE_FILE", "");
    blind.run(["store", "move", "key-file"]).await.expect_code(6).says("passphrase");
    assert_eq!(key_files(&blind), Vec::<PathBuf>::new());
}

/// The hint's own command is the way out, and a variable that still says otherwise is told.
#[tokio::test]
async fn the_variable_of_another_choice_is_told_to_be_in_the_way() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("a", &portal.mcp_url()).await;
    std::fs::write(user.path("passphrase"), "correct horse\n").unwrap();
    let passphrase = user.path("passphrase");
    let user = user.with("KEYFOB_PASSPHRASE_FILE", passphrase);
    let moved = user.run(["store", "move", "passphrase"]).await.expect_code(0);
    moved.says("warning: KEYFOB_STORE=key-file is set here");
    let refused = user.run(["token", "a"]).await.expect_code(6).says("hint: keyfob store move key-file");
    refused.says("to stay with passphrase: unset KEYFOB_STORE");
    let shown = user.must(["status"]).await;
    assert!(shown.contains("sealing key: passphrase (passphrase)"), "the recorded place: {shown}");
    assert!(shown.contains("to stay with passphrase: unset KEYFOB_STORE"), "{shown}");
    user.with("KEYFOB_STORE", "passphrase").must(["refresh", "a"]).await;
}

/// V29: a record that does not open is named, and the key it may need is kept.
#[tokio::test]
async fn a_record_that_does_not_open_keeps_its_key() {
    let (user, portal) = (user("key-file"), portal().await);
    user.sign_in_to("a", &portal.mcp_url()).await;
    user.sign_in_to("b", &portal.mcp_url()).await;
    let path = user.home().join("data/credentials/b.sealed");
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    user.run(["store", "move", "passphrase"]).await.expect_code(6).says("b; what is known of the former key");
    assert_eq!(key_files(&user).len(), 1);
    user.must(["refresh", "a"]).await;
    std::fs::write(&path, good).unwrap();
    user.must(["refresh", "b"]).await;
    user.must(["store", "move", "passphrase"]).await;
    assert_eq!(key_files(&user), Vec::<PathBuf>::new());
}

/// The tool itself, as far as this machine's systemd seals anything for this account.
#[tokio::test]
async fn systemd_seals_the_key_to_this_machine_and_a_service_gets_it_as_a_credential() {
    let sealed = std::process::Command::new("systemd-creds").args(["encrypt", "/dev/null", "-"]).output();
    if !sealed.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: systemd-creds seals nothing for this account");
        return;
    }
    let (user, portal) = (user("key-file"), portal().await);
    user.sign_in_to("a", &portal.mcp_url()).await;
    user.must(["store", "move", "systemd-creds"]).await;
    assert_eq!(store(&user).await, ("systemd-creds".into(), "machine".into()));
    let [file] = &key_files(&user)[..] else { unreachable!("one sealed key") };
    assert_eq!(mode(file), 0o600);
    user.must(["refresh", "a"]).await;

    // As a service without the tool: systemd has opened the same file.
    let opened = std::process::Command::new("systemd-creds")
        .args(["decrypt", "--name=keyfob-sealing-key"])
        .args([file.as_os_str(), "-".as_ref()])
        .output()
        .unwrap();
    assert_eq!(opened.stdout.len(), 32);
    let folder = user.path("credentials");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("keyfob-sealing-key"), &opened.stdout).unwrap();
    let service = user.with("PATH", "/nowhere").with("CREDENTIALS_DIRECTORY", &folder);
    service.must(["refresh", "a"]).await;
    std::fs::write(folder.join("keyfob-sealing-key"), [7; 32]).unwrap();
    service.run(["refresh", "a"]).await.expect_code(6).says("another key is there now");
    std::fs::remove_file(folder.join("keyfob-sealing-key")).unwrap();
    service.run(["refresh", "a"]).await.expect_code(6).says("systemd-creds").says("hint: ");
}
