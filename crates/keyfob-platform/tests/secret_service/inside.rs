//! What runs inside a session bus, and once without one.

use super::*;

#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn the_key_is_in_the_keyring_and_opens_the_store_again() {
    let _keyring = Keyring::start();
    assert_eq!(fresh_store().status().await.problem, None);
    assert_eq!(fresh_store().commit(&name("a"), 0, &credential()).await, Ok(1));
    let read = fresh_store().read(&name("a")).await.unwrap().unwrap();
    assert_eq!(read.given_client_secret, credential().given_client_secret);
    let status = fresh_store().status().await;
    assert_eq!((&*status.backend, &*status.strength, status.problem), ("secret-service", "keyring", None));
    assert_eq!(files_with(&home().join("keyfob"), b"canary"), Vec::<PathBuf>::new());
    // Two homes have two keys.
    let other = Paths::resolve(Some(home().join("other"))).unwrap();
    let keys = Arc::new(SealingKeySource::new(other.clone(), Choice::default(), None));
    SealedStore::new(other.clone(), keys).commit(&name("a"), 0, &credential()).await.unwrap();
    assert!(fresh_store().read(&name("a")).await.is_ok());
    std::fs::copy(other.sealed_record(&name("a")), paths().sealed_record(&name("a"))).unwrap();
    assert!(matches!(fresh_store().read(&name("a")).await, Err(StoreProblem::Damaged(_))));
}

/// V19, fault 28
#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn a_locked_keyring_is_told_at_once_and_the_store_goes_on_when_it_is_unlocked() {
    let _keyring = Keyring::start();
    fresh_store().commit(&name("a"), 0, &credential()).await.unwrap();
    lock();
    let (store, before) = (fresh_store(), sealed("a"));
    let began = Instant::now();
    assert_eq!(store.read(&name("a")).await, Err(StoreProblem::Locked));
    assert_eq!(store.status().await.problem, Some(StoreProblem::Locked));
    assert_eq!(store.commit(&name("b"), 0, &credential()).await, Err(StoreProblem::Locked.into()));
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert_eq!(sealed("a"), before);
    unlock();
    assert_eq!(store.read(&name("a")).await.unwrap().unwrap().generation, 1);
    assert_eq!(store.status().await.problem, None);
}

/// Fault 29
#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn a_key_that_was_loaded_outlives_the_lock() {
    let _keyring = Keyring::start();
    let store = fresh_store();
    store.commit(&name("a"), 0, &credential()).await.unwrap();
    lock();
    assert_eq!(store.commit(&name("a"), 1, &credential()).await, Ok(2));
    assert_eq!(store.read(&name("a")).await.unwrap().unwrap().generation, 2);
}

/// Fault 30, fault 31, V18: any program of this user reads the entry; `status` says no more than `keyring`.
#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn a_deleted_or_foreign_key_is_told_and_never_replaced() {
    let _keyring = Keyring::start();
    fresh_store().commit(&name("a"), 0, &credential()).await.unwrap();
    let record = std::fs::read_to_string(paths().store_record()).unwrap();
    let account = record.lines().find_map(|line| line.strip_prefix("key_id = ")).unwrap().trim_matches('"');
    let entry = ["service", "keyfob", "username", account];
    let before = sealed("a");
    let refused = async || {
        let store = fresh_store();
        assert!(matches!(store.read(&name("a")).await, Err(StoreProblem::KeyMissing(_))));
        let other = store.commit(&name("b"), 0, &credential()).await;
        assert!(matches!(other, Err(error) if error.to_string().contains("sealing key is gone")));
        assert!(matches!(store.status().await.problem, Some(StoreProblem::KeyMissing(_))));
        assert_eq!(sealed("a"), before);
        assert_eq!(store.names().await.unwrap(), [name("a")]);
    };
    let kept = secret_tool(&[&["lookup"], &entry[..]].concat()).stdout;
    assert!(secret_tool(&[&["clear"], &entry[..]].concat()).status.success());
    refused().await;
    assert_eq!(secret_tool(&[&["lookup"], &entry[..]].concat()).stdout, b"");

    let put = |secret: Vec<u8>| async move {
        let secret = SecretText::new(String::from_utf8(secret).unwrap());
        entries().write("keyfob", account, &secret).await.unwrap();
    };
    for wrong in ["", "not base64!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        put(wrong.into()).await;
        refused().await;
    }
    put(kept).await;
    assert!(fresh_store().read(&name("a")).await.is_ok());
}

/// V19, fault 30
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn a_keyring_that_hangs_is_slow_for_all_callers_at_once_and_found_again() {
    let keyring = Keyring::start();
    fresh_store().commit(&name("a"), 0, &credential()).await.unwrap();
    let store = fresh_store();
    keyring.signal("-STOP");
    let began = Instant::now();
    let a = name("a");
    let reads = (0..20).map(|_| store.read(&a));
    let outcomes = futures_util::future::join_all(reads).await;
    assert_eq!(outcomes, vec![Err(StoreProblem::Slow); 20]);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    keyring.signal("-CONT");
    until("the keyring answers", || locked() == Some(false));
    assert!(store.read(&name("a")).await.is_ok());
}

/// Fault 30, V20
#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn a_keyring_that_died_is_found_again_by_the_same_process() {
    let keyring = Keyring::start();
    fresh_store().commit(&name("a"), 0, &credential()).await.unwrap();
    let store = fresh_store();
    drop(keyring);
    let began = Instant::now();
    assert!(matches!(store.read(&name("a")).await, Err(StoreProblem::NoKeyring(_))));
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert!(store.commit(&name("b"), 0, &credential()).await.is_err());
    assert_eq!(files_with(&home(), b"canary"), Vec::<PathBuf>::new());
    let _again = Keyring::start();
    assert!(store.read(&name("a")).await.is_ok());
}

#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn an_entry_for_another_program_is_what_libsecret_reads() {
    let _keyring = Keyring::start();
    let lookup = || secret_tool(&["lookup", "service", "my app", "username", "ada"]).stdout;
    for text in ["token-1", "token-2"] {
        entries().write("my app", "ada", &SecretText::new(text.into())).await.unwrap();
        assert_eq!(String::from_utf8(lookup()).unwrap(), text);
    }
    entries().remove("my app", "ada").await.unwrap();
    assert_eq!(lookup(), b"");
    entries().remove("my app", "ada").await.unwrap();
}

/// What is taken away is what keyfob brought; a later process knows it as well.
#[tokio::test]
#[ignore = "runs inside a session bus, started by the test of the same name"]
async fn an_entry_that_keyfob_did_not_write_stays_and_its_own_goes() {
    let _keyring = Keyring::start();
    let entry = ["service", "my app", "username", "ada"];
    let lookup = || String::from_utf8(secret_tool(&[&["lookup"], &entry[..]].concat()).stdout).unwrap();
    let put = |secret: &str| {
        let mut tool = Command::new("secret-tool");
        let mut tool = with_input(tool.args(["store", "--label", "theirs"]).args(entry), secret.as_bytes());
        assert!(tool.wait().unwrap().success());
    };
    let stays = async || {
        let refused = entries().remove("my app", "ada").await.unwrap_err().to_string();
        assert!(refused.contains("keyfob did not write") && refused.contains("stays"), "{refused}");
    };
    put("theirs");
    stays().await;
    assert_eq!(lookup(), "theirs");
    entries().write("my app", "ada", &SecretText::new("ours".into())).await.unwrap();
    assert_eq!(lookup(), "ours");
    put("theirs again");
    stays().await;
    assert_eq!(lookup(), "theirs again");
    put("ours");
    entries().remove("my app", "ada").await.unwrap();
    assert_eq!(lookup(), "");
    // Found as it should be, by a keyfob that has no note of it: that is as good as written.
    put("token");
    assert!(entries().holds("my app", "ada", &SecretText::new("token".into())).await.unwrap());
    entries().remove("my app", "ada").await.unwrap();
    assert_eq!(lookup(), "");
    assert_eq!(std::fs::read_dir(paths().written_marks()).unwrap().count(), 0, "nothing is noted any more");
}

/// Fault 32, V20
#[tokio::test]
#[ignore = "runs without a session bus, started by the test of the same name"]
async fn without_a_session_bus_the_answer_comes_at_once_and_nothing_is_written() {
    let began = Instant::now();
    let store = fresh_store();
    assert!(matches!(store.status().await.problem, Some(StoreProblem::NoKeyring(_))));
    let refused = store.commit(&name("a"), 0, &credential()).await.unwrap_err().to_string();
    assert!(refused.contains("never picks a weaker store"), "{refused}");
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
    assert_eq!(store.names().await.unwrap(), []);
    assert!(!paths().store_record().exists(), "no key was made");
    assert_eq!(files_with(&home(), b"canary"), Vec::<PathBuf>::new());
}
