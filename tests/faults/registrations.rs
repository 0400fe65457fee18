//! Registrations that their server lets the client change in place (RFC 7592 §2.2), and those that it does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use http::Method;
use keyfob_agent::journeys::remind::{Told, remind};
use keyfob_agent::journeys::revoke::settle;
use keyfob_agent::journeys::sign_out::sign_out;
use keyfob_agent::notice::{Notice, NoticeKind};
use keyfob_agent::ports::{
    AddressGuard, HttpClient, HttpRequest, HttpResponse, Notifier, Ports, StreamedResponse, TransportFailure,
};
use keyfob_core::client_registration::Registration;
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::grant::GrantKind;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::moment::Moment;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_demo::oddities::{DeviceInterval, Oddities, Override, RegistrationLife, RegistrationUpdate};
use keyfob_demo::{Endpoint, Fault, Gate, Portal, PortalOptions, Seen};
use keyfob_tests::{DiskTrouble, Keyfob, TroubledStore};
use serde_json::json;
use url::Url;

use crate::in_process::{change, name, ports, record, renew, sign_in_to};

const MONTH: Duration = Duration::from_hours(30 * 24);

/// Registrations made, and those changed in place.
fn counted(seen: &Seen) -> (usize, usize) {
    (seen.registrations.len(), seen.updated_registrations.len())
}

async fn portal(change: impl FnOnce(&mut Oddities)) -> Portal {
    let mut options =
        PortalOptions { scopes: ["read", "write"].map(str::to_owned).to_vec(), ..PortalOptions::default() };
    change(&mut options.oddities);
    Portal::start(options).await.unwrap()
}

/// A portal that gives its clients secrets, which end.
fn with_secrets(update: RegistrationUpdate) -> impl FnOnce(&mut Oddities) {
    move |oddities| {
        let methods = Override::with("token_endpoint_auth_methods_supported", json!(["client_secret_post"]));
        oddities.discovery.authorization_server_overrides.push(methods);
        oddities.sign_in.registration_update = update;
        oddities.sign_in.registration_life = RegistrationLife::Told(MONTH);
    }
}

/// A user with a sign-in for reading alone.
async fn reader(portal: &Portal) -> (Keyfob, Ports, Profile) {
    let keyfob = Keyfob::new();
    let ports = ports(&keyfob);
    let url = CheckedUrl::parse(&portal.mcp_url()).unwrap();
    let profile = Profile { scopes: ScopeSet::parse("read"), ..Profile::new(name("a"), url) };
    sign_in_to(&ports, &profile).await.unwrap();
    (keyfob, ports, profile)
}

async fn registration(ports: &Ports) -> Registration {
    record(ports, "a").await.registration.unwrap()
}

/// The sign-in was a month ago, and its client's secret ends in so many days.
async fn secret_ends_in(ports: &Ports, days: i64) {
    change(ports, "a", |credential| {
        let began = Utc::now() - TimeDelta::days(30);
        let sign_in = credential.sign_in.as_mut().unwrap();
        sign_in.since = Moment { wall: began, boot_ms: 0, boot_id: "an earlier one".into() };
        credential.registration.as_mut().unwrap().secret_expires_at =
            Some(Utc::now() + TimeDelta::days(days));
    })
    .await;
}

/// Oddity 9, C9, D13: more scopes are added to the registration that there is, all of which is sent again, and port and client
/// stay; what the answer gives anew is on record before the browser opens.
#[tokio::test]
async fn more_scopes_are_added_to_the_registration_in_place() {
    for update in [RegistrationUpdate::Taken, RegistrationUpdate::Renewed] {
        let portal = portal(with_secrets(update)).await;
        let (_keyfob, ports, mut profile) = reader(&portal).await;
        let before = registration(&ports).await;
        profile.scopes = ScopeSet::parse("read write");
        let signed_in = sign_in_to(&ports, &profile).await.unwrap();
        let seen = portal.record().seen();
        assert_eq!(counted(&seen), (1, 1), "{update:?}");
        let (first, sent) = (&seen.registrations[0], &seen.updated_registrations[0]);
        assert_eq!((&sent.client_id, &sent.metadata["scope"]), (&first.client_id, &json!("read write")));
        for member in ["redirect_uris", "grant_types", "application_type", "client_name", "response_types"] {
            assert_eq!(sent.metadata[member], first.metadata[member], "{member}");
        }
        let after = registration(&ports).await;
        let is_new = update == RegistrationUpdate::Renewed;
        assert_eq!((after.client_id, after.redirect_uri), (before.client_id, before.redirect_uri));
        assert_eq!(after.client_secret != before.client_secret, is_new);
        assert_eq!(after.management.unwrap().token != before.management.unwrap().token, is_new);
        assert_eq!(signed_in.credential.sign_in.unwrap().tokens.scopes, Some(ScopeSet::parse("read write")));
        assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
    }
}

/// A redirect that moves, and a grant that changes, move the registration with them.
#[tokio::test]
async fn another_redirect_and_another_grant_change_the_registration_in_place() {
    let portal = portal(|o| o.token.device_interval = DeviceInterval::Told(1)).await;
    let (_keyfob, ports, mut profile) = reader(&portal).await;
    profile.redirect.path = "/elsewhere".into();
    sign_in_to(&ports, &profile).await.unwrap();
    let seen = portal.record().seen();
    assert_eq!(counted(&seen), (1, 1));
    let moved = seen.updated_registrations[0].metadata["redirect_uris"][0].as_str().unwrap().to_owned();
    assert!(moved.ends_with("/elsewhere"), "{moved}");
    assert_eq!(seen.last(Endpoint::Authorize).unwrap().parameter("redirect_uri"), Some(moved.as_str()));

    profile.grant = GrantKind::Device;
    sign_in_to(&ports, &profile).await.unwrap();
    let seen = portal.record().seen();
    assert_eq!(counted(&seen), (1, 2));
    let metadata = &seen.updated_registrations[1].metadata;
    assert_eq!(metadata["redirect_uris"], json!([]));
    assert_eq!(metadata["grant_types"][0], "urn:ietf:params:oauth:grant-type:device_code");
}

/// Where the server takes no change, or nothing certain is known of it, the client registers anew as ever, and what is held
/// is held until the new sign-in takes its place (C13).
#[tokio::test]
async fn a_server_that_takes_no_change_gets_a_new_registration() {
    for fault in [
        Fault::error(401, "invalid_token"),
        Fault::empty(403),
        Fault::empty(404),
        Fault::empty(405),
        Fault::error(400, "invalid_client_metadata"),
        Fault::empty(500),
        Fault::html(200),
        Fault::json(200, &json!({ "client_id": "another", "client_secret": "anothers" })),
        Fault::redirect(307, "https://elsewhere.example/register"),
        Fault::lost_answer(),
    ] {
        let portal = portal(|_| {}).await;
        let (keyfob, ports, mut profile) = reader(&portal).await;
        let held = record(&ports, "a").await;
        portal.faults().from_then_on(Endpoint::RegistrationManagement, fault.clone());
        portal.faults().next(Endpoint::Token, Fault::error(400, "invalid_grant"));
        profile.scopes = ScopeSet::parse("read write");
        sign_in_to(&ports, &profile).await.unwrap_err();
        let after = record(&ports, "a").await;
        assert_eq!((after.registration, after.sign_in), (held.registration, held.sign_in), "{fault:?}");
        sign_in_to(&ports, &profile).await.unwrap();
        let seen = portal.record().seen();
        assert_eq!(seen.registrations.len(), 3, "{fault:?}");
        assert_eq!(seen.refreshes.reused, 0);
        assert_eq!(renew(&ports, &profile).await.unwrap().failure, None, "{fault:?}");
        drop(keyfob);
    }
}

/// An answer that is lost is asked for again at once, with the same registration token; where the server has given a new one with
/// it, nobody can ask again, and the sign-in that is held lives on until a new one takes its place.
#[tokio::test]
async fn a_lost_answer_to_an_update_is_asked_for_again_and_loses_no_sign_in() {
    for (update, made) in [(RegistrationUpdate::Taken, (1, 2)), (RegistrationUpdate::Renewed, (2, 1))] {
        let portal = portal(with_secrets(update)).await;
        let (_keyfob, ports, mut profile) = reader(&portal).await;
        let held = record(&ports, "a").await.sign_in;
        portal.faults().next(Endpoint::RegistrationManagement, Fault::lost_answer());
        portal.faults().next(Endpoint::Token, Fault::lost_answer());
        profile.scopes = ScopeSet::parse("read write");
        sign_in_to(&ports, &profile).await.unwrap_err();
        assert_eq!(counted(&portal.record().seen()), made, "{update:?}");
        assert_eq!(record(&ports, "a").await.sign_in, held, "{update:?}");
        sign_in_to(&ports, &profile).await.unwrap();
        assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
    }
}

/// What was told.
#[derive(Default)]
struct Notices(Mutex<Vec<Notice>>);

impl Notifier for Notices {
    fn notify(&self, notice: &Notice) {
        self.0.lock().unwrap().push(notice.clone());
    }
}

/// C8: a secret about to end is exchanged for a new one by the keeper itself, and nobody is told; where the server does not do
/// that, its end is told as ever, and asked about once for each mark.
#[tokio::test]
async fn a_secret_about_to_end_is_renewed_before_anybody_is_told() {
    for (update, is_told) in [
        (RegistrationUpdate::Renewed, false),
        (RegistrationUpdate::Taken, true),
        (RegistrationUpdate::Unsupported, true),
    ] {
        let portal = portal(with_secrets(update)).await;
        let (_keyfob, ports, profile) = reader(&portal).await;
        let notices = Arc::new(Notices::default());
        let ports = Ports { notifier: notices.clone(), ..ports };
        let before = registration(&ports).await.client_secret;
        secret_ends_in(&ports, 5).await;
        if update == RegistrationUpdate::Taken {
            let end = (Utc::now() + TimeDelta::days(5)).timestamp();
            let same = Override::with("client_secret_expires_at", end);
            portal.change(|oddities| oddities.sign_in.registration_overrides.push(same));
        }
        for _ in 0..2 {
            remind(&ports, &profile).await.unwrap();
        }
        let about_the_end = |notice: &Notice| matches!(notice.kind, NoticeKind::RegistrationEnds { .. });
        let told = notices.0.lock().unwrap().iter().filter(|notice| about_the_end(notice)).count();
        assert_eq!(told, usize::from(is_told), "{update:?}");
        assert_eq!(portal.record().count(Endpoint::RegistrationManagement), 1, "{update:?}");
        assert_eq!(registration(&ports).await.client_secret == before, is_told, "{update:?}");
        assert_eq!(renew(&ports, &profile).await.unwrap().failure, None, "{update:?}");
        assert!(!matches!(remind(&ports, &profile).await.unwrap(), Told::InMemory(_)));
    }
}

/// C8: a secret that ended while nobody was there is exchanged before the renewal that needs it; without that the server refuses
/// the client.
#[tokio::test]
async fn a_secret_that_has_ended_is_renewed_before_it_is_used() {
    for (update, goes_on) in [(RegistrationUpdate::Renewed, true), (RegistrationUpdate::Unsupported, false)] {
        let portal = portal(with_secrets(update)).await;
        let (_keyfob, ports, profile) = reader(&portal).await;
        portal.clock().advance(MONTH);
        secret_ends_in(&ports, 0).await;
        let outcome = renew(&ports, &profile).await.unwrap();
        assert_eq!(outcome.failure.is_none(), goes_on, "{update:?}: {:?}", outcome.failure);
        assert_eq!(portal.record().count(Endpoint::Refresh), 1);
        if goes_on {
            assert!(registration(&ports).await.secret_expires_at > Some(Utc::now()));
            assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
            assert_eq!(portal.record().count(Endpoint::RegistrationManagement), 1);
        }
    }
}

/// A network that loses one answer to an update, and lets the next connection not stand yet.
struct Shaky {
    network: Arc<dyn HttpClient>,
    puts: AtomicUsize,
}

#[async_trait]
impl HttpClient for Shaky {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        if request.method != Method::PUT {
            return self.network.fetch(request).await;
        }
        match self.puts.fetch_add(1, Ordering::SeqCst) {
            0 => {
                self.network.fetch(request).await?;
                Err(TransportFailure::Cut("reset".into()))
            }
            1 => Err(TransportFailure::NotSent("no route".into())),
            _ => self.network.fetch(request).await,
        }
    }

    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        self.network.post_credentials(request, guard).await
    }

    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
        self.network.reach(url, guard).await
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        self.network.open(request).await
    }
}

/// C9, fault 5: as with a renewal, a connection that does not stand yet after a cut ends no repeats.
#[tokio::test]
async fn an_update_that_was_cut_off_is_repeated_until_its_answer_is_there() {
    let portal = portal(with_secrets(RegistrationUpdate::Taken)).await;
    let (_keyfob, ports, mut profile) = reader(&portal).await;
    let http = Arc::new(Shaky { network: ports.http.clone(), puts: AtomicUsize::new(0) });
    let ports = Ports { http: http.clone(), ..ports };
    profile.scopes = ScopeSet::parse("read write");
    sign_in_to(&ports, &profile).await.unwrap();
    assert_eq!(http.puts.load(Ordering::SeqCst), 3);
    assert_eq!(counted(&portal.record().seen()), (1, 2), "the same client, which was asked for twice");
}

/// C9, C13, fault 46: an answer with a new secret and a new registration token that is lost for good leaves a client that nobody can
/// speak for. Neither token is dropped; the refusal of the next renewal says so, and the next sign-in is a new client's, once.
#[tokio::test]
async fn a_new_secret_that_is_lost_drops_no_token_and_costs_one_sign_in() {
    let portal = portal(with_secrets(RegistrationUpdate::Renewed)).await;
    let (_keyfob, ports, profile) = reader(&portal).await;
    let held = record(&ports, "a").await;
    secret_ends_in(&ports, 5).await;
    portal.faults().next(Endpoint::RegistrationManagement, Fault::lost_answer());
    remind(&ports, &profile).await.unwrap();
    let tokens = |record: &Credential| record.sign_in.as_ref().map(|sign_in| sign_in.tokens.clone());
    let after = record(&ports, "a").await;
    assert_eq!(
        (tokens(&after), &after.registration.as_ref().unwrap().client_secret),
        (tokens(&held), &held.registration.as_ref().unwrap().client_secret)
    );

    let refused = renew(&ports, &profile).await.unwrap().failure;
    assert!(matches!(refused, Some(Failure::SignInNeeded(SignInNeeded::RegistrationGone(_)))), "{refused:?}");
    assert_eq!(tokens(&record(&ports, "a").await), tokens(&held));
    assert_eq!(counted(&portal.record().seen()), (1, 1), "nothing is registered behind anybody's back");
    sign_in_to(&ports, &profile).await.unwrap();
    assert_eq!(counted(&portal.record().seen()), (2, 1));
    assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
}

/// C9, faults 43, 44: a sign-out while the answer is on its way stays, and its tokens are revoked by the client's new secret.
#[tokio::test]
async fn a_sign_out_during_an_update_stays_and_revokes_with_the_new_secret() {
    let portal = portal(with_secrets(RegistrationUpdate::Renewed)).await;
    let (_keyfob, ports, profile) = reader(&portal).await;
    let gate = Gate::new();
    portal.faults().next(Endpoint::RegistrationManagement, Fault::none().hold_answer(&gate));
    portal.faults().next(Endpoint::Revocation, Fault::empty(503));
    secret_ends_in(&ports, 5).await;
    let renewing = tokio::spawn({
        let (ports, profile) = (ports.clone(), profile.clone());
        async move { remind(&ports, &profile).await.unwrap() }
    });
    let answered = |seen: &Seen| seen.answered(Endpoint::RegistrationManagement) == 1;
    portal.record().wait_for(answered, crate::SOON).await.unwrap();
    sign_out(&ports, &profile).await.unwrap();
    gate.open();
    renewing.await.unwrap();
    let after = record(&ports, "a").await;
    assert_eq!(after.sign_in, None);
    let secret = after.registration.unwrap().client_secret;
    assert_eq!(after.revocations[0].registration.client_secret, secret);
    settle(&ports, &profile.name, AddressGuard::Anywhere).await.unwrap();
    assert_eq!(record(&ports, "a").await.revocations, []);
    assert_eq!(portal.record().seen().revoked.len(), 2);
}

/// C9, fault 25: a disk that takes no write gets nothing sent to the server that it could not keep, and an answer that cannot be written
/// at once is held until it can.
#[tokio::test]
async fn an_update_that_cannot_be_kept_is_not_asked_for_and_its_answer_is_held() {
    for (refused_commit, asked) in [(1, 0), (2, 1)] {
        let portal = portal(with_secrets(RegistrationUpdate::Renewed)).await;
        let (_keyfob, ports, profile) = reader(&portal).await;
        let before = registration(&ports).await.client_secret;
        secret_ends_in(&ports, 5).await;
        let store = TroubledStore::at(refused_commit, DiskTrouble::Full, ports.store.clone());
        let full = Ports { store, ..ports.clone() };
        remind(&full, &profile).await.unwrap();
        assert_eq!(portal.record().count(Endpoint::RegistrationManagement), asked);
        assert_eq!(registration(&ports).await.client_secret != before, asked == 1);
        assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
    }
}
