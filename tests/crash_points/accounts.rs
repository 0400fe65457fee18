//! A store that this account may read and not write, and one that belongs to somebody else. Root ignores modes, so that root
//! drops to another account; any other account tries its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keyfob_demo::Endpoint;

use crate::session::{Backend, Session};
use crate::user::{NAME, User};

/// `nobody`.
const STRANGER: &str = "65534";

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Programs that the stranger may run, wherever the tests were built.
fn binary_for(user: &User) -> PathBuf {
    let built = PathBuf::from(user.keyfob.command(["--version"]).as_std().get_program());
    let folder = user.keyfob.path("for-all");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["keyfob", "keyfob-cli"] {
        std::fs::copy(built.with_file_name(name), folder.join(name)).expect("a copy of the program");
    }
    folder.join("keyfob")
}

/// Runs keyfob as the stranger, or as ourselves where we are nobody special.
fn run(user: &User, binary: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let command = user.keyfob.command(arguments);
    let mut dropped = if is_root() { Command::new("setpriv") } else { Command::new("env") };
    if is_root() {
        dropped.args(["--reuid", STRANGER, "--regid", STRANGER, "--clear-groups", "--"]);
    }
    let environment = command.as_std().get_envs().filter_map(|(name, value)| Some((name, value?)));
    dropped.arg(binary).args(arguments).env_clear().envs(environment);
    let Output { status, stdout, stderr } = dropped.output().expect("setpriv, of util-linux");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout).trim().to_owned(), text(stderr))
}

fn give_to_stranger(user: &User) {
    let whole = user.keyfob.path("");
    let given = Command::new("chown").args(["-R", &format!("{STRANGER}:{STRANGER}")]).arg(whole).status();
    assert!(given.expect("chown").success());
}

fn set_mode(user: &User, mode: u32) {
    for folder in ["data/credentials", "data/locks", "data"] {
        let path = user.keyfob.home().join(folder);
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("our folder");
    }
}

/// Fault 27: nothing can be written. The valid token is still served; what would have to write says 6 and the next step, and
/// the refresh token is not spent.
#[tokio::test]
async fn a_store_without_write_permission_serves_the_valid_token_and_spends_nothing() {
    let session = Session::with(Backend::KeyFile);
    let user = User::signed_in(&session).await;
    let token = user.keyfob.must(["token", NAME]).await;
    let binary = binary_for(&user);
    if is_root() {
        give_to_stranger(&user);
    }
    set_mode(&user, 0o500);
    let (code, stdout, stderr) = run(&user, &binary, &["token", NAME]);
    assert_eq!((code, &stdout), (Some(0), &token), "{stderr}");
    for arguments in [&["refresh", NAME][..], &["sign-out", NAME], &["sign-in", NAME, "--timeout", "5s"]] {
        let (code, _, stderr) = run(&user, &binary, arguments);
        assert!(code == Some(6) && stderr.contains("hint: "), "{arguments:?}: {code:?} {stderr}");
    }
    assert_eq!(user.portal.record().count(Endpoint::Refresh), 0);
    set_mode(&user, 0o700);
    let (code, _, stderr) = run(&user, &binary, &["refresh", NAME]);
    assert_eq!(code, Some(0), "{stderr}");
}

/// Fault 27, V17: somebody else's store is not used, whatever its modes allow.
#[tokio::test]
async fn a_store_of_another_account_is_refused() {
    if !is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI runs this as root");
        println!("SKIPPED: only root can give files to another account");
        return;
    }
    let session = Session::with(Backend::KeyFile);
    let user = User::signed_in(&session).await;
    give_to_stranger(&user);
    let output = user.keyfob.run(["token", NAME]).await;
    output.expect_code(6).says("belongs to another user").says("hint: ");
    assert_eq!(user.portal.record().count(Endpoint::Refresh), 0);
}
