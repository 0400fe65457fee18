//! A token endpoint and a machine's power in one double: what was asked when, how much at once, and what is answered.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use http::HeaderMap;
use keyfob_agent::ports::{
    AddressGuard, Clock, CredentialStore, HttpClient, HttpRequest, HttpResponse, Ports, PowerEvent,
    PowerEvents, StreamedResponse, TransportFailure,
};
use keyfob_core::client_registration::{Registration, RegistrationOrigin};
use keyfob_core::credential::{Credential, Endpoints, NewSignIn};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::grant::token_endpoint::TokenAnswer;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, RefreshToken};
use tokio::sync::mpsc;
use url::Url;

use crate::doubles::{World, held};

/// What a token endpoint answers next: a status and a body, or nothing.
pub(crate) type Answer = Result<(u16, String), TransportFailure>;

/// The double.
pub(crate) struct Server {
    world: Arc<World>,
    pub(crate) latency: Duration,
    pub(crate) offline: AtomicBool,
    under_way: AtomicUsize,
    most: AtomicUsize,
    /// When each request that reached the server was made.
    asked: Mutex<Vec<TimeDelta>>,
    issued: AtomicUsize,
    /// Answers that come before the good ones.
    pub(crate) next: Mutex<VecDeque<Answer>>,
    power: mpsc::UnboundedSender<PowerEvent>,
    told: tokio::sync::Mutex<mpsc::UnboundedReceiver<PowerEvent>>,
}

impl Server {
    pub(crate) fn new(world: &Arc<World>, latency: Duration) -> Arc<Self> {
        let (power, told) = mpsc::unbounded_channel();
        Arc::new(Self {
            world: Arc::clone(world),
            latency,
            offline: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            asked: Mutex::default(),
            issued: AtomicUsize::new(0),
            next: Mutex::default(),
            power,
            told: tokio::sync::Mutex::new(told),
        })
    }

    pub(crate) fn ports(self: &Arc<Self>) -> Ports {
        Ports { http: self.clone(), power: self.clone(), ..self.world.ports() }
    }

    pub(crate) fn tell(&self, event: PowerEvent) {
        assert!(self.power.send(event).is_ok());
    }

    /// The times of all requests so far, and the most that were under way at once.
    pub(crate) fn seen(&self) -> (Vec<TimeDelta>, usize) {
        (held(&self.asked).clone(), self.most.load(SeqCst))
    }

    pub(crate) fn count(&self) -> usize {
        held(&self.asked).len()
    }

    pub(crate) fn answers_next(&self, answers: impl IntoIterator<Item = Answer>) {
        held(&self.next).extend(answers);
    }

    fn good(&self) -> (u16, String) {
        let n = self.issued.fetch_add(1, SeqCst);
        let body = format!(
            r#"{{"access_token":"a{n}","token_type":"Bearer","expires_in":3600,"refresh_token":"r{n}"}}"#
        );
        (200, body)
    }
}

#[async_trait]
impl HttpClient for Server {
    async fn fetch(&self, _request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        panic!("nobody planned this call")
    }

    async fn post_credentials(
        &self,
        _request: &CredentialRequest,
        _guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        self.reach(&"https://as.example/".parse().unwrap(), AddressGuard::PublicOnly).await?;
        held(&self.asked).push(self.world.passed());
        let now = self.under_way.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        tokio::time::sleep(self.latency).await;
        self.under_way.fetch_sub(1, SeqCst);
        let next = held(&self.next).pop_front();
        let (status, body) = next.unwrap_or_else(|| Ok(self.good()))?;
        Ok(HttpResponse { status, headers: HeaderMap::new(), body: body.into_bytes() })
    }

    async fn reach(&self, _url: &Url, _guard: AddressGuard) -> Result<(), TransportFailure> {
        if self.offline.load(SeqCst) {
            return Err(TransportFailure::NotSent("no route".into()));
        }
        Ok(())
    }

    async fn open(&self, _request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        panic!("nobody planned this call")
    }
}

#[async_trait]
impl PowerEvents for Server {
    async fn next(&self) -> PowerEvent {
        match self.told.lock().await.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
}

pub(crate) fn name(number: usize) -> ProfileName {
    ProfileName::parse(&format!("p{number:05}")).unwrap()
}

/// A profile signed in just now, with an access token for an hour.
pub(crate) async fn sign_in(world: &World, number: usize) {
    let record = signed_in_to_new_profile(world, number);
    world.commit(&name(number), 0, &record).await.unwrap();
}

/// The same, with a record that did not pass through its sealed form: that is what takes the time with thousands.
pub(crate) fn sign_in_quickly(world: &World, number: usize) {
    let record = Credential { generation: 1, ..signed_in_to_new_profile(world, number) };
    held(&world.records).insert(name(number), record);
}

/// What a sign-in at `as.example` leaves, with this answer of its token endpoint.
pub(crate) fn new_sign_in(profile: &Profile, answer: TokenAnswer) -> NewSignIn {
    NewSignIn {
        registration: Registration::public("https://as.example", "client", RegistrationOrigin::Dynamic),
        url: profile.url.clone(),
        resource: profile.url.to_string(),
        endpoints: Endpoints {
            token: CheckedUrl::parse("https://as.example/token").unwrap(),
            revocation: None,
        },
        answer,
        requested: ScopeSet::default(),
        account: None,
        machine: false,
    }
}

fn signed_in_to_new_profile(world: &World, number: usize) -> Credential {
    let profile = Profile::new(name(number), CheckedUrl::parse("https://mcp.example/mcp").unwrap());
    held(&world.profiles).push(profile.clone());
    let answer = TokenAnswer {
        access_token: AccessToken::new(format!("first-{number}")),
        lifetime: TimeDelta::hours(1),
        end_assumed: false,
        refresh_token: Some(RefreshToken::new(format!("refresh-{number}"))),
        scopes: None,
        sign_in_ends_in: None,
        account: None,
    };
    Credential::empty("machine").signed_in(new_sign_in(&profile, answer), &world.now())
}
