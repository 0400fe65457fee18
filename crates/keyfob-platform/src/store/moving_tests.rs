//! Moving the key on a real disk, whole and interrupted.

use keyfob_agent::ports::CredentialStore;
use keyfob_core::credential::Credential;
use keyfob_core::secret::ClientSecret;
use zeroize::Zeroizing;

use super::*;

struct Home {
    _folder: tempfile::TempDir,
    paths: Paths,
}

fn name(text: &str) -> ProfileName {
    ProfileName::parse(text).unwrap()
}

fn credential(text: &str) -> Credential {
    Credential { given_client_secret: Some(ClientSecret::new(text.into())), ..Credential::empty("m") }
}

/// Somebody who types the same passphrase each time.
fn prompt() -> PassphrasePrompt {
    Box::new(|| Some(Zeroizing::new("correct horse".to_owned())))
}

fn store(paths: &Paths, choice: &str) -> SealedStore {
    let choice = if choice.is_empty() { Choice::default() } else { Choice::named(choice).unwrap() };
    SealedStore::new(paths.clone(), Arc::new(SealingKeySource::new(paths.clone(), choice, Some(prompt()))))
}

/// Two records, sealed with a key in a file.
async fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::resolve(Some(folder.path().to_path_buf())).unwrap();
    let store = store(&paths, "key-file");
    for profile in ["a", "b"] {
        store.commit(&name(profile), 0, &credential(profile)).await.unwrap();
    }
    Home { _folder: folder, paths }
}

fn key_files(paths: &Paths) -> usize {
    let entries = std::fs::read_dir(paths.store_record().parent().unwrap()).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "key")).count()
}

async fn holds(store: &SealedStore, profile: &str, generation: u64, secret: &str) {
    let read = store.read(&name(profile)).await.unwrap().unwrap();
    assert_eq!(
        (read.generation, read.given_client_secret),
        (generation, credential(secret).given_client_secret)
    );
}

#[tokio::test]
async fn every_record_opens_with_the_new_key_and_the_old_one_is_gone() {
    let home = home().await;
    let keeper = store(&home.paths, "key-file");
    holds(&keeper, "a", 1, "a").await;
    let moved = move_key(&home.paths, Backend::Passphrase, Some(prompt())).unwrap();
    assert_eq!(moved, Moved { from: Some(Backend::KeyFile), sealed: 2, unopened: vec![] });
    assert_eq!(key_files(&home.paths), 0);
    let status = store(&home.paths, "").status().await;
    assert_eq!((&*status.backend, status.problem), ("passphrase", None));
    let blind = SealingKeySource::new(home.paths.clone(), Choice::default(), None);
    let blind = SealedStore::new(home.paths.clone(), Arc::new(blind));
    assert_eq!(blind.read(&name("a")).await, Err(StoreProblem::PassphraseNeeded));
    // A process that has run all the while follows, although its environment still names the old place.
    holds(&keeper, "a", 1, "a").await;
    assert_eq!(keeper.commit(&name("b"), 1, &credential("b2")).await, Ok(2));
    holds(&store(&home.paths, ""), "b", 2, "b2").await;
    // One that starts with the old choice is told.
    let late = store(&home.paths, "key-file").read(&name("a")).await;
    assert!(matches!(late, Err(StoreProblem::OtherBackend { .. })), "{late:?}");
}

#[tokio::test]
async fn a_move_killed_after_any_step_loses_nothing_and_goes_on_when_it_is_run_again() {
    let home = home().await;
    let keys = Arc::new(SealingKeySource::new(home.paths.clone(), Choice::default(), Some(prompt())));
    let files = SealedStore::new(home.paths.clone(), Arc::clone(&keys)).files();
    let both_open = async || {
        let fresh = store(&home.paths, "");
        holds(&fresh, "a", 1, "a").await;
        holds(&fresh, "b", 1, "b").await;
    };
    // A key that was made and that no record names yet, and one half-way.
    let made = keys.make(Backend::KeyFile).unwrap();
    std::fs::write(home.paths.data_dir().join(".sealing-00ff.key.0123.new"), "half").unwrap();
    both_open().await;
    assert_eq!(key_files(&home.paths), 2);
    switch(&home.paths, &keys, Backend::Passphrase).unwrap();
    both_open().await;
    assert!(!home.paths.sealing_key_file(&made.key_id).exists(), "key material left behind");
    assert!(!home.paths.data_dir().join(".sealing-00ff.key.0123.new").exists());
    assert!(files.seal_anew(&name("a")).unwrap());
    both_open().await;
    assert_eq!(key_files(&home.paths), 1);
    // The old key is gone, and the record still names it.
    assert!(files.seal_anew(&name("b")).unwrap());
    let former = keys.record().unwrap().unwrap().former;
    keys.destroy(&former[0]).unwrap();
    both_open().await;
    let moved = move_key(&home.paths, Backend::Passphrase, Some(prompt())).unwrap();
    assert_eq!((moved.from, moved.sealed), (Some(Backend::Passphrase), 2));
    assert_eq!(keys.record().unwrap().unwrap().former, vec![]);
    both_open().await;
}

#[tokio::test]
async fn a_move_interrupted_half_way_can_be_turned_back() {
    let home = home().await;
    let keys = SealingKeySource::new(home.paths.clone(), Choice::default(), Some(prompt()));
    switch(&home.paths, &keys, Backend::Passphrase).unwrap();
    store(&home.paths, "").commit(&name("b"), 1, &credential("b2")).await.unwrap();
    let moved = move_key(&home.paths, Backend::KeyFile, Some(prompt())).unwrap();
    assert_eq!((moved.sealed, moved.unopened), (2, vec![]));
    assert_eq!(key_files(&home.paths), 1);
    holds(&store(&home.paths, "key-file"), "a", 1, "a").await;
    holds(&store(&home.paths, "key-file"), "b", 2, "b2").await;
}

/// V29: what does not open keeps its file, and what is known of its key.
#[tokio::test]
async fn a_record_that_does_not_open_is_named_and_no_old_key_is_destroyed() {
    let home = home().await;
    let path = home.paths.sealed_record(&name("b"));
    let mut damaged = std::fs::read(&path).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let moved = move_key(&home.paths, Backend::Passphrase, Some(prompt())).unwrap();
    assert_eq!((moved.sealed, moved.unopened), (1, vec![name("b")]));
    assert_eq!((key_files(&home.paths), std::fs::read(&path).unwrap()), (1, damaged.clone()));
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    assert_eq!(move_key(&home.paths, Backend::Passphrase, Some(prompt())).unwrap().sealed, 2);
    assert_eq!(key_files(&home.paths), 0);
}

/// V20: a key that cannot be had is never replaced by another in a weaker place.
#[tokio::test]
async fn without_the_old_key_nothing_is_moved() {
    let home = home().await;
    move_key(&home.paths, Backend::Passphrase, Some(prompt())).unwrap();
    let before = std::fs::read(home.paths.store_record()).unwrap();
    let refused = move_key(&home.paths, Backend::KeyFile, None);
    assert_eq!(refused, Err(StoreProblem::PassphraseNeeded.into()));
    assert_eq!((std::fs::read(home.paths.store_record()).unwrap(), key_files(&home.paths)), (before, 0));
}

#[tokio::test]
async fn a_store_named_in_config_toml_is_named_anew() {
    let home = home().await;
    let text = "# mine\n[store]\nbackend = \"key-file\" # for now\n[network]\n";
    std::fs::write(home.paths.config_toml(), text).unwrap();
    move_key(&home.paths, Backend::Passphrase, Some(prompt())).unwrap();
    let after = std::fs::read_to_string(home.paths.config_toml()).unwrap();
    assert_eq!(after.replace("\"passphrase\"", "\"key-file\"").replace("  #", " #"), text);
}

/// Writers and readers race the move; nobody sees a record that does not open, and no write is lost.
#[tokio::test(flavor = "multi_thread")]
async fn writers_and_readers_go_on_while_the_key_moves() {
    let home = home().await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let worker = |profile: &'static str| {
        let (paths, done) = (home.paths.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let (writer, reader) = (store(&paths, ""), store(&paths, ""));
            let mut generation = 1;
            while !done.load(std::sync::atomic::Ordering::SeqCst) || generation < 20 {
                generation = writer.commit(&name(profile), generation, &credential(profile)).await.unwrap();
                holds(&reader, profile, generation, profile).await;
            }
            generation
        })
    };
    let workers = [worker("a"), worker("b")];
    let paths = home.paths.clone();
    tokio::task::spawn_blocking(move || {
        for to in [Backend::Passphrase, Backend::KeyFile, Backend::Passphrase, Backend::KeyFile] {
            assert_eq!(move_key(&paths, to, Some(prompt())).unwrap().unopened, vec![]);
        }
    })
    .await
    .unwrap();
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    for (worker, profile) in workers.into_iter().zip(["a", "b"]) {
        let generation = worker.await.unwrap();
        holds(&store(&home.paths, "key-file"), profile, generation, profile).await;
    }
    assert_eq!(key_files(&home.paths), 1);
}
