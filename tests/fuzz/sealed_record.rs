//! Sealed records, as a broken disk or another program leaves them; and their text, as another version may have written it.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{Notifier, Ports};
use keyfob_core::client_registration::{Registration, RegistrationOrigin};
use keyfob_core::credential::{Credential, Endpoints, NewSignIn};
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::{StoreProblem, Temporary};
use keyfob_core::grant::token_endpoint::TokenAnswer;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, ClientSecret, RefreshToken, SecretText};
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;

use crate::mutations::survives;

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

fn now() -> Moment {
    let wall = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    Moment { wall, boot_ms: 1_000_000, boot_id: "boot".into() }
}

fn signed_in() -> Credential {
    let url = |path: &str| CheckedUrl::parse(&format!("https://portal.example.com{path}")).unwrap();
    let registration = Registration {
        issuer: "https://portal.example.com".into(),
        client_id: "client".into(),
        client_secret: Some(ClientSecret::new("secret".into())),
        authentication: ClientAuthentication::ClientSecretBasic,
        origin: RegistrationOrigin::Dynamic,
        redirect_uri: Some("http://127.0.0.1:7777/callback".into()),
        scopes: Some(ScopeSet::parse("read write")),
        secret_expires_at: Some(now().wall),
        management: None,
        private_key: None,
    };
    let answer = TokenAnswer {
        access_token: AccessToken::new("access".into()),
        lifetime: TimeDelta::hours(1),
        end_assumed: false,
        refresh_token: Some(RefreshToken::new("refresh".into())),
        scopes: Some(ScopeSet::parse("read")),
        sign_in_ends_in: Some(TimeDelta::days(30)),
        account: Some("ada@example.com".into()),
    };
    let new = NewSignIn {
        registration,
        url: url("/mcp"),
        resource: "https://portal.example.com/mcp".into(),
        endpoints: Endpoints { token: url("/token"), revocation: Some(url("/revoke")) },
        answer,
        requested: ScopeSet::default(),
        account: None,
        machine: false,
    };
    Credential::empty("machine").signed_in(new, &now())
}

fn records() -> Vec<Credential> {
    let signed_in = signed_in();
    let cut = signed_in.with_intent(&now()).unanswered(Temporary::Cut("reset".into()), true, &now(), 0.0);
    vec![Credential::empty("machine"), signed_in.signed_out(), cut, signed_in]
}

#[expect(clippy::disallowed_methods, reason = "the text of a made-up record is what is broken here")]
fn text_of(credential: &Credential) -> Vec<u8> {
    credential.to_plaintext().expose_secret().as_bytes().to_vec()
}

/// Fault 36, fault 37: whatever text a record holds, reading it panics never, and what is read can be written and read again.
#[test]
fn no_text_of_a_record_makes_keyfob_panic() {
    let tried = survives(records().iter().map(text_of).collect(), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(credential) = Credential::from_plaintext(&SecretText::new(text.to_owned())) else { return };
        let again = Credential::from_plaintext(&credential.to_plaintext());
        assert_eq!(again.expect("what keyfob wrote it can read"), credential);
    });
    assert!(tried > 1_000, "{tried} in the time given");
}

fn ports(home: &Path) -> Ports {
    let mut composition = Composition::new(Paths::resolve(Some(home.to_owned())).unwrap(), Arc::new(Silent));
    composition.store = Some(Choice::named("key-file").unwrap());
    composition.ports().unwrap()
}

/// Fault 36: a file that is not the very one that was written does not open, and stays where it is.
#[test]
fn no_sealed_file_makes_keyfob_panic_or_opens_as_another_record() {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let (home, name) = (folder.path().join("home"), ProfileName::parse("a").unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ports = ports(&home);
    let path = Paths::resolve(Some(home)).unwrap().sealed_record(&name);
    let mut written = Vec::new();
    for credential in records() {
        let _ = std::fs::remove_file(&path);
        let generation = runtime.block_on(ports.store.commit(&name, 0, &credential)).unwrap();
        written.push((std::fs::read(&path).unwrap(), Credential { generation, ..credential }));
    }
    let tried = survives(written.iter().map(|(file, _)| file.clone()).collect(), |bytes| {
        std::fs::write(&path, bytes).unwrap();
        let expected = written.iter().find(|(file, _)| file == bytes).map(|(_, credential)| credential);
        match (runtime.block_on(ports.store.read(&name)), expected) {
            (Ok(Some(opened)), Some(expected)) => assert_eq!(opened, *expected),
            (Err(StoreProblem::Damaged(_) | StoreProblem::Newer(_)), None) => {}
            (other, _) => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "the file stays as it is");
    });
    assert!(tried > 1_000, "{tried} in the time given");
}
