//! A store that is full or read-only: whatever must be written says 6, and a token that is valid is still handed out.
//! A file system of its own is mounted for each; where that is not allowed, a word says so, and CI does not let it pass.

use std::path::{Path, PathBuf};
use std::process::Command;

use keyfob_demo::Endpoint;
use keyfob_tests::{Keyfob, all_files, portal};

/// A mounted file system, taken away at the end.
struct Mount(PathBuf);

impl Mount {
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    fn tmpfs(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"])
            .arg(at)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount a tmpfs");
        println!("SKIPPED: this account may not mount a file system");
        None
    }

    fn remount(&self, how: &str) {
        let done =
            Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(
            std::thread::panicking() || gone.is_ok_and(|status| status.success()),
            "still mounted: {}",
            self.0.display()
        );
    }
}

/// Fault 27: read-only. The refresh token is not spent where its successor could not be kept.
#[tokio::test]
async fn a_read_only_store_serves_the_valid_token_and_spends_nothing() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let Some(mount) = Mount::tmpfs(&keyfob.home(), "4m") else { return };
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "a"]).await;
    mount.remount("ro");
    assert_eq!(keyfob.must(["token", "a"]).await, token);
    for arguments in [&["refresh", "a"][..], &["sign-in", "a", "--timeout", "5s"], &["sign-out", "a"]] {
        keyfob.run(arguments).await.expect_code(6).says("hint: ");
    }
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
    assert_eq!(keyfob.must(["token", "a"]).await, token);
    mount.remount("rw");
    keyfob.must(["refresh", "a"]).await;
}

/// Fault 25: full. The request is not sent.
#[tokio::test]
async fn a_full_store_serves_the_valid_token_and_spends_nothing() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let Some(_mount) = Mount::tmpfs(&keyfob.home(), "256k") else { return };
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "a"]).await;
    let filler = keyfob.home().join("filler");
    fill(&filler);
    assert_eq!(keyfob.must(["token", "a"]).await, token);
    keyfob.run(["refresh", "a"]).await.expect_code(6).says("hint: ");
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
    std::fs::remove_file(&filler).unwrap();
    keyfob.must(["refresh", "a"]).await;
    assert_ne!(keyfob.must(["token", "a"]).await, token);
}

/// Writes until there is no room for another byte.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// What cannot be read is not told as what cannot be written.
#[tokio::test]
async fn settings_that_cannot_be_read_are_told_as_such() {
    use std::os::unix::fs::PermissionsExt as _;
    let keyfob = Keyfob::new();
    keyfob.write_profiles_toml("");
    let keyfob = keyfob.as_nobody();
    std::fs::set_permissions(keyfob.profiles_toml(), std::fs::Permissions::from_mode(0o000)).unwrap();
    let told = keyfob.run(["token", "a"]).await.expect_code(6).says("cannot read: ").says("profiles.toml");
    assert!(!told.stderr.contains("writ"), "{}", told.stderr);
}

/// V29: the next step after a lost key is one that works, and speaks of no keyring where there never was one.
#[tokio::test]
async fn a_lost_key_file_leads_to_a_new_sign_in_of_the_same_profile() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    for key in all_files(&keyfob.home()).iter().filter(|path| path.extension().is_some_and(|e| e == "key")) {
        std::fs::remove_file(key).unwrap();
    }
    let told =
        keyfob.run(["token", "a"]).await.expect_code(6).says("a new `keyfob sign-in` begins each anew");
    assert!(!told.stderr.contains("keyring"), "{}", told.stderr);
    keyfob.must(["sign-in", "a"]).await;
    keyfob.must(["token", "a"]).await;
}
