//! The keeper as a service: units written and taken away, what systemd hears, and a process that keeps its memory to itself.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

use keyfob_tests::{Keyfob, is_root, mode, portal};
use tokio::net::UnixDatagram;

const UNIT: &str = ".config/systemd/user/keyfob.service";

/// A user whose `systemctl` writes down what it is told and ends with a code.
fn with_systemctl(code: i32) -> (Keyfob, PathBuf) {
    let keyfob = Keyfob::new();
    let (tools, heard) = (keyfob.path("tools"), keyfob.path("heard"));
    std::fs::create_dir(&tools).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}\n[ {code} = 0 ] || echo 'Failed to connect to bus' >&2\nexit {code}\n",
        heard.display()
    );
    std::fs::write(tools.join("systemctl"), script).unwrap();
    std::fs::set_permissions(tools.join("systemctl"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    (keyfob.with("PATH", path), heard)
}

fn said(heard: &PathBuf) -> Vec<String> {
    let text = std::fs::read_to_string(heard).unwrap_or_default();
    std::fs::remove_file(heard).unwrap_or_default();
    text.lines().map(|line| line.trim_start_matches("--user ").to_owned()).collect()
}

#[tokio::test]
async fn install_writes_shows_and_starts_a_user_service_and_uninstall_takes_it_away() {
    let (keyfob, heard) = with_systemctl(0);
    let first = keyfob.run(["agent", "--install", "--metrics", "127.0.0.1:9464"]).await.expect_code(0);
    let unit = std::fs::read_to_string(keyfob.path(UNIT)).unwrap();
    assert_eq!(first.stdout, unit, "what was written is shown");
    let command =
        format!("\"--home\" \"{}\" \"agent\" \"--metrics\" \"127.0.0.1:9464\"\n", keyfob.home().display());
    assert!(unit.contains(&command), "{unit}");
    assert!(unit.contains("Environment=\"KEYFOB_STORE=key-file\"\n"), "{unit}");
    assert_eq!(said(&heard), ["daemon-reload", "enable keyfob.service", "start keyfob.service"]);
    keyfob
        .run(["agent", "--install", "--metrics", "127.0.0.1:9464"])
        .await
        .expect_code(0)
        .says("nothing to change");
    said(&heard);
    keyfob.run(["agent", "--install"]).await.expect_code(0).says("changed");
    assert!(said(&heard).contains(&"try-restart keyfob.service".to_owned()));
    keyfob.run(["agent", "--uninstall"]).await.expect_code(0).says("removed");
    assert_eq!(said(&heard), ["disable --now keyfob.service", "daemon-reload"]);
    assert!(!keyfob.path(UNIT).exists());
    keyfob.run(["agent", "--uninstall"]).await.expect_code(0).says("nothing to take away");
}

#[tokio::test]
async fn without_a_service_manager_the_unit_is_written_and_the_next_command_is_told() {
    let (keyfob, _) = with_systemctl(1);
    let output = keyfob.run(["agent", "--install"]).await.expect_code(0);
    assert!(keyfob.path(UNIT).exists());
    let next = "systemctl --user daemon-reload && systemctl --user enable keyfob.service && systemctl --user start keyfob.service";
    output.says("Failed to connect to bus").says(next);
}

#[tokio::test]
async fn a_unit_of_somebody_else_is_kept() {
    let (keyfob, heard) = with_systemctl(0);
    std::fs::create_dir_all(keyfob.path(UNIT).parent().unwrap()).unwrap();
    std::fs::write(keyfob.path(UNIT), "[Unit]\n").unwrap();
    keyfob.run(["agent", "--install"]).await.expect_code(6).says("is not keyfob's");
    keyfob.run(["agent", "--uninstall"]).await.expect_code(6);
    assert_eq!(std::fs::read_to_string(keyfob.path(UNIT)).unwrap(), "[Unit]\n");
    drop(heard);
    keyfob.run(["agent", "--system"]).await.expect_code(2);
}

#[tokio::test]
async fn a_system_unit_is_printed_for_whoever_is_not_root_with_the_sealed_key_and_how_to_make_it() {
    let keyfob = Keyfob::new().with("KEYFOB_STORE", "systemd-creds").as_nobody();
    let output = keyfob.run(["agent", "--install", "--system"]).await.expect_code(0);
    let (unit, words) = (output.stdout, output.stderr);
    assert!(unit.contains(
        "\nLoadCredentialEncrypted=keyfob-sealing-key:/etc/credstore.encrypted/keyfob-sealing-key\n"
    ));
    assert!(
        unit.contains("Environment=\"KEYFOB_STORE=systemd-creds\"") && unit.contains("\nUser="),
        "{unit}"
    );
    assert!(words.contains("systemd-creds encrypt --name=keyfob-sealing-key"), "{words}");
    assert!(words.contains("sudo tee /etc/systemd/system/keyfob.service"), "{words}");
}

async fn heard(manager: &UnixDatagram) -> String {
    let mut message = [0; 512];
    let received = tokio::time::timeout(std::time::Duration::from_secs(20), manager.recv(&mut message)).await;
    String::from_utf8(message[..received.expect("a message in time").unwrap()].to_vec()).unwrap()
}

#[tokio::test]
async fn systemd_hears_when_the_keeper_is_ready_how_it_is_and_when_it_ends() {
    let keyfob = Keyfob::new();
    let keyfob = {
        let socket = keyfob.path("notify");
        keyfob.with("NOTIFY_SOCKET", socket)
    };
    let manager = UnixDatagram::bind(keyfob.path("notify")).unwrap();
    let portal = portal().await;
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let mut all = Vec::new();
    while !all.iter().any(|message| message == "STATUS=1 sign-in is kept alive") {
        all.push(heard(&manager).await);
    }
    assert!(all.contains(&"READY=1".to_owned()), "{all:?}");
    keyfob.must(["sign-out", "a"]).await;
    assert_eq!(heard(&manager).await, "STATUS=0 sign-ins are kept alive");
    keeper.terminate();
    assert_eq!(heard(&manager).await, "STOPPING=1");
    keeper.ended().await.expect_code(0);
}

/// V13: no core dump, and not even a process of the same user may look into the keeper.
#[tokio::test]
async fn the_keeper_leaves_no_core_and_lets_nobody_of_its_account_look_into_it() {
    let keyfob = Keyfob::new();
    std::fs::create_dir(keyfob.home()).unwrap();
    std::fs::set_permissions(keyfob.home(), PermissionsExt::from_mode(0o700)).unwrap();
    let keyfob = keyfob.as_nobody();
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let process = PathBuf::from(format!("/proc/{}", keeper.pid()));
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // What may be traced belongs to its own user; the kernel gives the rest to root.
    assert_eq!(std::fs::metadata(process.join("environ")).unwrap().uid(), 0);
    keyfob.must(["--version"]).await;
    let mut peek = Command::new("setpriv");
    peek.args(["--reuid=65534", "--regid=65534", "--clear-groups", "cat"]).arg(process.join("environ"));
    if is_root() {
        let peeked = peek.output().unwrap();
        assert!(!peeked.status.success() && peeked.stdout.is_empty(), "{peeked:?}");
    } else {
        assert!(std::fs::read(process.join("environ")).is_err());
    }
    assert_eq!(mode(&keyfob.home().join("state/run")), 0o700);
    keeper.kill().await;
}
