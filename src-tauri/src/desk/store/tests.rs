//! Moving the key with a passphrase from a dialog: a fresh process needs the same one, and a failure changes nothing.

use std::sync::Arc;

use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{CommitError, Notifier, Ports};
use keyfob_core::credential::Credential;
use keyfob_core::identity::ProfileName;
use keyfob_platform::compose::Composition;
use keyfob_platform::store::backend::Choice;

use super::*;

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

fn work() -> ProfileName {
    ProfileName::parse("work").unwrap()
}

/// A home as another process finds it.
fn process(paths: &Paths, passphrase: &TypedPassphrase) -> Ports {
    let composition = Composition::new(paths.clone(), Arc::new(Silent));
    Composition { prompt: Some(passphrase.prompt()), ..composition }.ports().unwrap()
}

async fn sealed_in_a_key_file() -> (tempfile::TempDir, Paths, TypedPassphrase) {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::resolve(Some(folder.path().join("keyfob"))).unwrap();
    let composition = Composition::new(paths.clone(), Arc::new(Silent));
    let ports =
        Composition { store: Some(Choice::named("key-file").unwrap()), ..composition }.ports().unwrap();
    let sealed: Result<_, CommitError> = ports.store.commit(&work(), 0, &Credential::empty("here")).await;
    sealed.unwrap();
    (folder, paths, TypedPassphrase::default())
}

fn typed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// V27
#[tokio::test]
async fn a_passphrase_from_the_dialog_seals_and_a_fresh_process_needs_the_same_one() {
    let (_folder, paths, passphrase) = sealed_in_a_key_file().await;
    let running = process(&paths, &passphrase);
    let done = moved(&paths, &passphrase, Backend::Passphrase, Some(typed("correct horse"))).unwrap();
    assert_eq!((done.from, done.sealed), (Some(Backend::KeyFile), 1));
    assert!(running.store.read(&work()).await.unwrap().is_some(), "the keeper of the app goes on");
    let fresh = TypedPassphrase::default();
    let other = process(&paths, &fresh);
    assert_eq!(other.store.status().await.problem, Some(StoreProblem::PassphraseNeeded));
    fresh.replace(Some(typed("correct house")));
    assert_eq!(other.store.status().await.problem, Some(StoreProblem::WrongPassphrase));
    fresh.replace(Some(typed("correct horse")));
    assert_eq!(other.store.status().await.problem, None);
    assert!(other.store.read(&work()).await.unwrap().is_some());
}

/// V27
#[tokio::test]
async fn a_move_without_a_passphrase_changes_nothing_and_one_away_forgets_it() {
    let (_folder, paths, passphrase) = sealed_in_a_key_file().await;
    for missing in [None, Some(typed(""))] {
        let refused = moved(&paths, &passphrase, Backend::Passphrase, missing);
        assert_eq!(refused, Err(StoreProblem::PassphraseNeeded.into()));
        assert!(passphrase.now().is_none());
    }
    assert_eq!(process(&paths, &passphrase).store.status().await.backend, "key-file");
    moved(&paths, &passphrase, Backend::Passphrase, Some(typed("correct horse"))).unwrap();
    let running = process(&paths, &passphrase);
    let back = moved(&paths, &passphrase, Backend::KeyFile, None).unwrap();
    assert_eq!((back.from, back.sealed), (Some(Backend::Passphrase), 1));
    assert!(passphrase.now().is_none(), "nothing needs it any more");
    assert!(running.store.read(&work()).await.unwrap().is_some());
}
