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

/// V21: where the record cannot be read, no older copy takes its place: neither the delivered file nor the one set aside.
#[tokio::test]
async fn an_unreadable_record_is_an_error_though_older_copies_lie_about() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let file = user.path("token");
    let deliver = format!("token-file:{}:bare", file.display());
    user.must(["add", "a", &portal.mcp_url(), "--deliver", &deliver, "--sign-in"]).await;
    let record = record(&user, "a");
    let older = std::fs::read(&record).unwrap();
    user.must(["refresh", "a"]).await;
    let newer = std::fs::read(&record).unwrap();
    for (what, cut) in [("older", &older[..]), ("newer", &newer[..])] {
        std::fs::write(record.with_extension("sealed.old"), cut).unwrap();
        std::fs::write(&record, &newer[..newer.len() / 2]).unwrap();
        for command in [&["token", "a"][..], &["headers", "a"], &["token", "a", "--fresh"]] {
            let refused = user.run(command).await.expect_code(6);
            assert_eq!(refused.stdout, "", "{what}: {command:?}");
        }
    }
    assert!(file.exists(), "an older copy was there to be taken");
    assert_eq!(portal.record().seen().refreshes.renewed, 1);
}

/// V27: a sealed file is of no use beside another account's key, nor a whole home without its passphrase.
#[tokio::test]
async fn a_copied_record_opens_for_no_other_account() {
    let portal = portal().await;
    let passphrase = |user: Keyfob, words: &str| {
        let file = user.path("passphrase");
        std::fs::write(&file, words).unwrap();
        user.with("KEYFOB_STORE", "passphrase").with("KEYFOB_PASSPHRASE_FILE", file)
    };
    for sealed in [false, true] {
        let user = |words: &str| if sealed { passphrase(Keyfob::new(), words) } else { Keyfob::new() };
        let (owner, thief) = (user("correct horse"), user("another one"));
        for user in [&owner, &thief] {
            user.sign_in_to("a", &portal.mcp_url()).await;
        }
        let of = |user: &Keyfob| record(user, "a");
        std::fs::copy(of(&owner), of(&thief)).unwrap();
        let refused = thief.run(["token", "a"]).await.expect_code(6);
        assert_eq!(refused.stdout, "");
    }
    let owner = passphrase(Keyfob::new(), "correct horse");
    owner.sign_in_to("a", &portal.mcp_url()).await;
    let bytes = std::fs::read(record(&owner, "a")).unwrap();
    let token = owner.must(["token", "a"]).await;
    assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()));
    for wrong in ["", "/nowhere", "correct hors"] {
        std::fs::write(owner.path("wrong"), wrong).unwrap();
        let wrong = owner.path("wrong");
        let copied =
            owner.command(["token", "a"]).env("KEYFOB_PASSPHRASE_FILE", wrong).output().await.unwrap();
        assert_eq!((copied.status.code(), copied.stdout), (Some(6), Vec::new()));
    }
}
