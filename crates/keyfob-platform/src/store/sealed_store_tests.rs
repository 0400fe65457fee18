//! The sealed store on a real disk.

use super::*;
use crate::store::backend::Choice;
use crate::store::folder::FAILING_SYNCS;
use keyfob_core::secret::ClientSecret;

fn name(text: &str) -> ProfileName {
    ProfileName::parse(text).unwrap()
}

struct Home {
    folder: tempfile::TempDir,
    store: SealedStore,
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = open_at(folder.path());
    Home { folder, store }
}

fn open_at(folder: &std::path::Path) -> SealedStore {
    let paths = Paths::resolve(Some(folder.to_path_buf())).unwrap();
    let keys = SealingKeySource::new(paths.clone(), Choice::named("key-file").unwrap(), None);
    SealedStore::new(paths, Arc::new(keys))
}

fn key_files(paths: &Paths) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(paths.store_record().parent().unwrap()).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "key")).collect()
}

fn key_file(paths: &Paths) -> PathBuf {
    let [file] = &key_files(paths)[..] else { panic!("one key: {:?}", key_files(paths)) };
    file.clone()
}

fn credential(canary: &str) -> Credential {
    Credential { given_client_secret: Some(ClientSecret::new(canary.into())), ..Credential::empty("m") }
}

#[tokio::test]
async fn a_record_is_there_for_the_next_process_and_its_text_is_nowhere_on_disk() {
    let home = home();
    assert_eq!(home.store.read(&name("a")).await.unwrap(), None);
    assert_eq!(home.store.commit(&name("a"), 0, &credential("canary-7")).await.unwrap(), 1);
    let read = open_at(home.folder.path()).read(&name("a")).await.unwrap().unwrap();
    assert_eq!((read.generation, read.given_client_secret), (1, credential("canary-7").given_client_secret));
    let bytes = std::fs::read(home.store.paths.sealed_record(&name("a"))).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"canary-7"));
    assert_eq!(home.store.names().await.unwrap(), [name("a")]);
}

/// V24: there is one key for all records, and a run asks for it once: where the system wants a person's word for each look, as
/// macOS does after an update that nobody signed, that is one question.
#[tokio::test]
async fn a_run_asks_for_its_one_key_once() {
    let home = home();
    for text in ["a", "b"] {
        home.store.commit(&name(text), 0, &credential(text)).await.unwrap();
    }
    let key = key_file(&home.store.paths);
    let next = open_at(home.folder.path());
    next.read(&name("a")).await.unwrap().unwrap();
    std::fs::rename(&key, key.with_extension("gone")).unwrap();
    assert_eq!(next.read(&name("b")).await.unwrap().unwrap().generation, 1);
    assert_eq!(next.commit(&name("c"), 0, &credential("c")).await.unwrap(), 1);
    assert!(matches!(open_at(home.folder.path()).read(&name("a")).await, Err(StoreProblem::KeyMissing(_))));
}

/// trust rule 11: what was written last is where a cut-off renewal stands.
#[tokio::test]
async fn records_are_named_from_the_last_written_to_the_first() {
    let home = home();
    for (text, second) in [("b", 20), ("c", 10), ("a", 30)] {
        home.store.commit(&name(text), 0, &credential("x")).await.unwrap();
        let file = std::fs::File::open(home.store.paths.sealed_record(&name(text))).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    }
    assert_eq!(home.store.names().await.unwrap(), ["a", "b", "c"].map(name));
}

/// trust 4: every write is compare-and-swap on the generation.
#[tokio::test]
async fn a_writer_with_an_old_generation_changes_nothing() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("one")).await.unwrap();
    let late = home.store.commit(&name("a"), 0, &credential("two")).await;
    assert_eq!(late, Err(CommitError::Conflict(1)));
    assert_eq!(home.store.remove(&name("a"), 0).await, Err(CommitError::Conflict(1)));
    assert_eq!(
        home.store.read(&name("a")).await.unwrap().unwrap().given_client_secret,
        credential("one").given_client_secret
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_exactly_one_wins_each_generation() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("start")).await.unwrap();
    let stores: Vec<_> = (0..16).map(|_| open_at(home.folder.path())).collect();
    let attempts = stores.iter().enumerate().map(|(n, store)| async move {
        store.commit(&name("a"), 1, &credential(&format!("writer-{n}"))).await
    });
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(2)).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(CommitError::Conflict(2))).count(), 15);
}

/// fault 36
#[tokio::test]
async fn every_flipped_byte_and_every_cut_is_noticed_and_the_file_is_kept() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("x")).await.unwrap();
    let path = home.store.paths.sealed_record(&name("a"));
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        for bad in [flipped, good[..at].to_vec()] {
            std::fs::write(&path, &bad).unwrap();
            let read = home.store.read(&name("a")).await;
            assert!(matches!(read, Err(StoreProblem::Damaged(_))), "at {at}: {read:?}");
            assert!(home.store.commit(&name("a"), 0, &credential("y")).await.is_err());
            assert_eq!(std::fs::read(&path).unwrap(), bad);
        }
    }
}

/// fault 36
#[tokio::test]
async fn a_record_moved_to_another_profile_does_not_open() {
    let home = home();
    home.store.commit(&name("readonly"), 0, &credential("x")).await.unwrap();
    let paths = &home.store.paths;
    std::fs::copy(paths.sealed_record(&name("readonly")), paths.sealed_record(&name("admin"))).unwrap();
    assert!(matches!(home.store.read(&name("admin")).await, Err(StoreProblem::Damaged(_))));
}

/// fault 31
#[tokio::test]
async fn a_lost_key_is_never_replaced_while_sealed_records_exist() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("x")).await.unwrap();
    std::fs::remove_file(key_file(&home.store.paths)).unwrap();
    let fresh = open_at(home.folder.path());
    assert!(matches!(fresh.read(&name("a")).await, Err(StoreProblem::KeyMissing(_))));
    let other = fresh.commit(&name("b"), 0, &credential("y")).await;
    assert!(matches!(other, Err(CommitError::Store(StoreProblem::KeyMissing(_)))), "{other:?}");
    assert_eq!(key_files(&home.store.paths), Vec::<PathBuf>::new());
}

/// V29, fault 36: what does not open is kept under a name with the date, and its place is free.
#[tokio::test]
async fn a_damaged_record_is_set_aside_whole_and_the_profile_begins_anew() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("x")).await.unwrap();
    let path = home.store.paths.sealed_record(&name("a"));
    assert_eq!(home.store.set_aside(&name("a")).await, Ok(None), "a record that opens stays");
    std::fs::write(&path, b"keyfob-sealed 1\nrubbish").unwrap();
    let aside = PathBuf::from(home.store.set_aside(&name("a")).await.unwrap().unwrap());
    assert_eq!(std::fs::read(&aside).unwrap(), b"keyfob-sealed 1\nrubbish");
    assert!(aside.file_name().unwrap().to_string_lossy().starts_with("a.sealed.set-aside-2"), "{aside:?}");
    assert_eq!((home.store.names().await, home.store.read(&name("a")).await), (Ok(vec![]), Ok(None)));
    assert_eq!(home.store.commit(&name("a"), 0, &credential("y")).await, Ok(1));
    assert!(aside.exists());
}

/// Fault 37: the header of another format, or a schema inside, from a later keyfob.
#[tokio::test]
async fn what_a_newer_keyfob_wrote_is_refused_and_left_untouched() {
    let home = home();
    let (a, store) = (name("a"), &home.store);
    store.commit(&a, 0, &credential("x")).await.unwrap();
    let path = store.paths.sealed_record(&a);
    let text = r#"{"schema":99,"generation":"no number at all"}"#;
    let key = store.keys.existing().unwrap();
    let inside = sealed_file::seal(&key, &a, &SecretText::new(text.into()));
    for (file, schema) in [(b"keyfob-sealed 2\nwhatever".to_vec(), 2), (inside, 99)] {
        std::fs::write(&path, &file).unwrap();
        let newer = StoreProblem::Newer(schema);
        assert_eq!(store.read(&a).await, Err(newer.clone()));
        assert_eq!(store.commit(&a, 0, &credential("y")).await, Err(newer.clone().into()));
        assert_eq!(store.remove(&a, 0).await, Err(newer.clone().into()));
        assert_eq!(store.set_aside(&a).await, Err(newer));
        assert_eq!(std::fs::read(&path).unwrap(), file);
    }
    // The same for the record of keys.
    let record = format!("schema = 2\n{}", std::fs::read_to_string(store.paths.store_record()).unwrap());
    let record = record.replacen("schema = 1\n", "", 1);
    std::fs::write(store.paths.store_record(), &record).unwrap();
    assert_eq!(store.commit(&name("b"), 0, &credential("z")).await, Err(StoreProblem::Newer(2).into()));
    assert_eq!(store.set_aside(&name("b")).await, Err(StoreProblem::Newer(2)));
    assert_eq!(std::fs::read_to_string(store.paths.store_record()).unwrap(), record);
}

/// Fault 31: giving up a lost key is its owner's act; what it sealed opens again should it come back.
#[tokio::test]
async fn a_key_given_up_makes_room_for_a_new_one_and_still_opens_what_it_sealed() {
    let home = home();
    for profile in ["a", "b"] {
        home.store.commit(&name(profile), 0, &credential(profile)).await.unwrap();
    }
    let lost = key_file(&home.store.paths);
    let kept = std::fs::read(&lost).unwrap();
    std::fs::remove_file(&lost).unwrap();
    let fresh = open_at(home.folder.path());
    assert!(fresh.set_aside(&name("a")).await.unwrap().is_some());
    assert_eq!(fresh.commit(&name("a"), 0, &credential("new")).await, Ok(1));
    let missing = fresh.read(&name("b")).await;
    assert!(matches!(missing, Err(StoreProblem::KeyMissing(_))), "{missing:?}");
    assert_eq!(fresh.status().await.problem, None);
    assert_ne!(key_file(&home.store.paths), lost, "the place of the lost key is left alone");

    std::fs::write(&lost, kept).unwrap();
    let back = open_at(home.folder.path());
    let b = back.read(&name("b")).await.unwrap().unwrap();
    assert_eq!(b.given_client_secret, credential("b").given_client_secret);
    assert_eq!(back.commit(&name("b"), 1, &credential("b2")).await, Ok(2));
    std::fs::remove_file(&lost).unwrap();
    assert!(open_at(home.folder.path()).read(&name("b")).await.is_ok(), "sealed with the new key by now");
}

/// product contract: another choice than the recorded one is refused.
#[tokio::test]
async fn another_backend_than_the_recorded_one_is_refused() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("x")).await.unwrap();
    let paths = home.store.paths.clone();
    let keys = SealingKeySource::new(paths.clone(), Choice::named("passphrase").unwrap(), None);
    let other = SealedStore::new(paths, Arc::new(keys));
    assert!(matches!(other.read(&name("a")).await, Err(StoreProblem::OtherBackend { .. })));
}

/// Fault 26: the record is in its place and the folder could not be synced. The same commit again is a success, for the
/// writer has lost to nobody but itself; another writer's old generation still changes nothing.
#[test]
fn a_commit_whose_folder_sync_failed_succeeds_when_it_is_tried_again() {
    let home = home();
    let (files, a) = (home.store.files(), name("a"));
    assert_eq!(files.commit(&a, 0, credential("one")), Ok(1));
    FAILING_SYNCS.set(2);
    for _ in 0..2 {
        let failed = files.commit(&a, 1, credential("two"));
        assert!(matches!(failed, Err(CommitError::Store(StoreProblem::Io(_)))), "{failed:?}");
        assert_eq!(files.read(&a).unwrap().unwrap().generation, 2);
    }
    let other = open_at(home.folder.path()).files();
    assert_eq!(other.commit(&a, 1, credential("three")), Err(CommitError::Conflict(2)));
    assert_eq!(files.commit(&a, 1, credential("two")), Ok(2));
    assert_eq!(files.commit(&a, 1, credential("two")), Err(CommitError::Conflict(2)));
    let stored = files.read(&a).unwrap().unwrap();
    assert_eq!((stored.generation, stored.given_client_secret), (2, credential("two").given_client_secret));
}

/// V22: the keyring holds the key alone, so that no limit of it cuts a token; names that run together do not collide.
#[tokio::test]
async fn a_token_of_sixteen_kilobytes_is_kept_whole_and_similar_names_apart() {
    let home = home();
    let large = "x".repeat(16 * 1024);
    let pairs = [("a", "one"), ("a-b", "two"), ("a-b-c", "three"), ("ab", large.as_str())];
    for (profile, secret) in pairs {
        home.store.commit(&name(profile), 0, &credential(secret)).await.unwrap();
    }
    let fresh = open_at(home.folder.path());
    for (profile, secret) in pairs {
        let read = fresh.read(&name(profile)).await.unwrap().unwrap();
        assert_eq!(read.given_client_secret, credential(secret).given_client_secret);
    }
}

#[tokio::test]
async fn what_a_killed_writer_left_goes_with_the_next_commit() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("a")).await.unwrap();
    let left = home.store.paths.credentials_dir().join(".a.sealed.0a.new");
    let lock = home.store.paths.locks_dir().join("a.write");
    assert_eq!(std::fs::metadata(&lock).unwrap().len(), 0, "a writer takes its mark away");
    std::fs::write(&left, "half").unwrap();
    std::fs::write(&lock, "m").unwrap();
    home.store.commit(&name("a"), 1, &credential("a")).await.unwrap();
    assert!(!left.exists());
    assert_eq!(std::fs::metadata(&lock).unwrap().len(), 0);
}

#[tokio::test]
async fn what_a_power_cut_left_goes_when_all_records_are_asked_for_and_what_may_have_its_writer_stays() {
    let home = home();
    home.store.commit(&name("a"), 0, &credential("a")).await.unwrap();
    let left = |name: &str, age: Duration| {
        let path = home.store.paths.credentials_dir().join(name);
        let file = std::fs::File::create(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
        path
    };
    let (gone, busy) =
        (left(".a.sealed.0a.new", Duration::from_mins(2)), left(".b.sealed.0b.new", Duration::ZERO));
    home.store.names().await.unwrap();
    assert_eq!([gone.exists(), busy.exists()], [false, true]);
}
