//! Records that do not open: damaged, sealed with a key that is gone, or written by a later keyfob. The first two can be
//! given up by their owner and are kept aside; the last is left untouched.

use std::path::PathBuf;

use keyfob_demo::Portal;
use keyfob_tests::{Keyfob, all_files, portal};

async fn signed_in() -> (Keyfob, Portal) {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    (keyfob, portal)
}

fn record(keyfob: &Keyfob, profile: &str) -> PathBuf {
    keyfob.home().join(format!("data/credentials/{profile}.sealed"))
}

fn damage(keyfob: &Keyfob, profile: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(record(keyfob, profile)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(record(keyfob, profile), &bytes).unwrap();
    bytes
}

fn set_aside(keyfob: &Keyfob) -> Vec<Vec<u8>> {
    let aside = all_files(&keyfob.home()).into_iter();
    let aside = aside.filter(|path| path.to_string_lossy().contains("a.sealed.set-aside-"));
    aside.map(|path| std::fs::read(path).unwrap()).collect()
}

fn take_key_away(keyfob: &Keyfob) -> (PathBuf, Vec<u8>) {
    let keys = all_files(&keyfob.home()).into_iter();
    let keys: Vec<_> = keys.filter(|path| path.extension().is_some_and(|e| e == "key")).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let bytes = std::fs::read(&keys[0]).unwrap();
    std::fs::remove_file(&keys[0]).unwrap();
    (keys[0].clone(), bytes)
}

/// Fault 36, V29: an error and never an empty record; then the hint's own way out.
#[tokio::test]
async fn a_damaged_record_says_6_and_a_new_sign_in_sets_it_aside() {
    let (keyfob, _portal) = signed_in().await;
    let damaged = damage(&keyfob, "a");
    for arguments in [&["token", "a"][..], &["refresh", "a"]] {
        keyfob.run(arguments).await.expect_code(6).says("does not open").says("hint: ").says("sign in again");
    }
    assert_eq!(std::fs::read(record(&keyfob, "a")).unwrap(), damaged);
    keyfob.run(["sign-in", "a"]).await.expect_code(0).says("it is kept at");
    assert_eq!(keyfob.status("a").await["state"], "active");
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(set_aside(&keyfob), [damaged]);
}

/// V29: a sign-in that does not get as far as the browser takes nothing away.
#[tokio::test]
async fn a_sign_in_that_finds_no_server_leaves_the_damaged_record_in_place() {
    let (keyfob, portal) = signed_in().await;
    let damaged = damage(&keyfob, "a");
    drop(portal);
    keyfob.run(["sign-in", "a", "--timeout", "5s"]).await.expect_code(5);
    assert_eq!(std::fs::read(record(&keyfob, "a")).unwrap(), damaged);
}

/// Fault 36
#[tokio::test]
async fn sign_out_and_remove_work_on_a_damaged_record_and_say_what_they_could_not_do() {
    let (keyfob, portal) = signed_in().await;
    let damaged = damage(&keyfob, "a");
    keyfob.run(["sign-out", "a"]).await.expect_code(0).says("nothing could be revoked").says("it is kept at");
    assert_eq!(keyfob.status("a").await["state"], "signed-out");
    assert_eq!(set_aside(&keyfob), [damaged]);
    keyfob.must(["sign-in", "a"]).await;
    damage(&keyfob, "a");
    keyfob.run(["remove", "a"]).await.expect_code(0).says("it is kept at");
    assert_eq!(set_aside(&keyfob).len(), 2);
    keyfob.run(["token", "a"]).await.expect_code(3);
    assert_eq!(portal.record().seen().revoked.len(), 0);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
}

/// Fault 31: the records are kept and no new key comes by itself; the owner may begin anew, one profile at a time.
#[tokio::test]
async fn without_its_key_a_profile_can_begin_anew_and_the_others_wait_for_the_key() {
    let (keyfob, portal) = signed_in().await;
    keyfob.sign_in_to("b", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "b"]).await;
    let (place, key) = take_key_away(&keyfob);
    for arguments in [&["token", "a"][..], &["refresh", "a"]] {
        keyfob.run(arguments).await.expect_code(6).says("the sealing key is gone").says("hint: restore");
    }
    assert!(!place.exists());
    keyfob.run(["sign-in", "a"]).await.expect_code(0).says("it is kept at");
    assert_eq!(keyfob.status("a").await["state"], "active");
    keyfob.run(["token", "b"]).await.expect_code(6).says("the sealing key is gone");
    keyfob.sign_in_to("c", &portal.mcp_url()).await;
    // The key comes back from a backup.
    std::fs::write(&place, key).unwrap();
    assert_eq!(keyfob.must(["token", "b"]).await, token);
    keyfob.must(["refresh", "b"]).await;
    keyfob.must(["remove", "a"]).await;
}

/// Fault 37: refused by every command, and not a byte is changed.
#[tokio::test]
async fn a_record_of_a_later_keyfob_is_refused_and_left_untouched() {
    let (keyfob, _portal) = signed_in().await;
    let newer = b"keyfob-sealed 7\nwhat only a later keyfob knows".to_vec();
    std::fs::write(record(&keyfob, "a"), &newer).unwrap();
    for command in ["token", "refresh", "sign-in", "sign-out", "remove"] {
        let output = keyfob.run([command, "a"]).await.expect_code(6);
        output.says("a newer keyfob wrote this store (schema 7)").says("hint: update this keyfob");
        assert_eq!(std::fs::read(record(&keyfob, "a")).unwrap(), newer, "{command}");
    }
    assert_eq!(keyfob.status("a").await["problem"].as_str().map(|words| words.contains("newer")), Some(true));
}
