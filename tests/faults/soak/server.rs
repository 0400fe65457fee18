//! Twenty token endpoints in memory that lose answers, cut connections, are down or are somebody else's page, and that judge
//! every refresh token they are shown.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use keyfob_agent::ports::{
    AddressGuard, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure,
};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::secret::RefreshToken;
use serde_json::json;
use tokio::sync::Notify;

use super::machine::Machine;

/// What one server knows of its one sign-in.
#[derive(Debug)]
struct Grant {
    live: String,
    /// The token before the live one, and when it was used.
    before: Option<(String, u64)>,
    grace: u64,
    lifetime: u64,
    rotates: bool,
    /// Ends of the access tokens given out.
    access: BTreeMap<String, u64>,
    losses_in_a_row: u32,
    flying: bool,
}

/// How requests ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) renewed: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) turned_away: AtomicU64,
    pub(crate) crashes: AtomicU64,
}

/// All servers.
pub(crate) struct Servers {
    machine: Arc<Machine>,
    grants: Mutex<Vec<Grant>>,
    pub(crate) tally: Tally,
    /// Told when the machine is to die at this point of a renewal.
    pub(crate) crash: Notify,
    /// Without faults: for the end, when all must be well.
    pub(crate) calm: AtomicBool,
}

/// Ends a flight, also one whose process dies.
struct Flight<'a>(&'a Servers, usize);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.grants.lock().unwrap()[self.1].flying = false;
    }
}

type Answered = Result<HttpResponse, TransportFailure>;

impl Servers {
    pub(crate) fn new(machine: Arc<Machine>, count: usize) -> Arc<Self> {
        let grant = |number: usize| Grant {
            live: format!("refresh-{number}-0"),
            before: None,
            grace: [5_000, 5_000, 60_000, 1_800_000][number % 4],
            lifetime: [3_600, 7_200, 14_400, 28_800, 86_400][number % 5],
            rotates: number % 7 != 6,
            access: BTreeMap::new(),
            losses_in_a_row: 0,
            flying: false,
        };
        Arc::new(Self {
            machine,
            grants: Mutex::new((0..count).map(grant).collect()),
            tally: Tally::default(),
            crash: Notify::new(),
            calm: AtomicBool::new(false),
        })
    }

    /// The first tokens of a sign-in: access token, lifetime in seconds, refresh token.
    pub(crate) fn first_tokens(&self, number: usize) -> (String, u64, String) {
        let grant = &mut self.grants.lock().unwrap()[number];
        let access = format!("access-{number}-first");
        grant.access.insert(access.clone(), self.machine.time() + grant.lifetime * 1_000);
        (access, grant.lifetime, grant.live.clone())
    }

    pub(crate) fn nobody_flies(&self) -> bool {
        self.grants.lock().unwrap().iter().all(|grant| !grant.flying && grant.losses_in_a_row == 0)
    }

    /// Whether this access token is good now.
    pub(crate) fn takes(&self, number: usize, access: &str) -> bool {
        let time = self.machine.time();
        self.grants.lock().unwrap()[number].access.get(access).is_some_and(|end| *end > time)
    }

    fn dice(&self, times_in_a_thousand: u64) -> bool {
        !self.calm.load(Ordering::Relaxed) && self.machine.dice.in_a_thousand(times_in_a_thousand)
    }

    /// Takes off; two at once on one refresh token are what must never be.
    fn take_off(&self, number: usize, token: &str) -> Flight<'_> {
        let grant = &mut self.grants.lock().unwrap()[number];
        self.machine.must(!grant.flying, || format!("two renewals at once for profile {number}"));
        grant.flying = true;
        let held = self.machine.durable.lock().unwrap().get(&super::profile_name(number)).cloned();
        let shown = RefreshToken::new(token.to_owned());
        let is_held = held.is_none_or(|held| held == shown);
        self.machine.must(is_held, || format!("{number}: a token that is not the one held durably"));
        Flight(self, number)
    }

    /// What passes in place of an answer, before anything is done; never while an answer is owed, because no client could
    /// make that good within a grace of seconds.
    fn trouble(&self, owed: bool) -> Option<Answered> {
        if owed || !self.dice(150) {
            return None;
        }
        self.tally.turned_away.fetch_add(1, Ordering::Relaxed);
        let html = "<!doctype html><title>Sign in to this network</title>";
        let waits = ["5", "120", "1000000000000", "soon", "Wed, 01 Jan 2020 00:00:00 GMT"];
        let wait = waits[usize::try_from(self.machine.dice.below(5)).unwrap()];
        Some(match self.machine.dice.below(9) {
            0 | 1 => Err(TransportFailure::NotSent("no route".into())),
            2 => Err(TransportFailure::Cut("reset before the work".into())),
            3 => Ok(answer(503, "", Some(wait))),
            4 => Ok(answer(429, "", Some(wait))),
            5 => Ok(answer(200, html, None)),
            6 => Ok(answer(302, html, None)),
            7 => Ok(answer(400, "{\"error\":\"temporarily_unavailable\"}", None)),
            _ => Ok(answer(400, "", None)),
        })
    }

    /// RFC 6749 section 6, with rotation, a grace, and no mercy for a used token outside of it.
    fn work(&self, number: usize, token: &str) -> String {
        let (time, grant) = (self.machine.time(), &mut self.grants.lock().unwrap()[number]);
        if token == grant.live {
            self.tally.renewed.fetch_add(1, Ordering::Relaxed);
            if grant.rotates {
                grant.before = Some((std::mem::take(&mut grant.live), time));
            }
        } else {
            let (before, at) = grant.before.clone().unwrap_or_default();
            self.machine.must(token == before, || format!("{number}: a refresh token two generations old"));
            let late = time - at;
            self.machine
                .must(late <= grant.grace, || format!("{number}: a used token, {late} ms after its use"));
            self.tally.repeated.fetch_add(1, Ordering::Relaxed);
        }
        let made = self.machine.dice.number();
        if grant.rotates {
            grant.live = format!("refresh-{number}-{made}");
        }
        let access = format!("access-{number}-{made}");
        grant.access.retain(|_, end| *end > time);
        grant.access.insert(access.clone(), time + grant.lifetime * 1_000);
        let refresh = grant.rotates.then(|| grant.live.clone());
        json!({ "access_token": access, "token_type": "Bearer", "expires_in": grant.lifetime,
                "refresh_token": refresh })
        .to_string()
    }

    /// Whether this answer is lost on its way: twice in a row at most, a crash counted, because what takes longer than the
    /// shortest grace no client can make good.
    fn loses(&self, number: usize) -> bool {
        let lost = self.dice(60);
        let grant = &mut self.grants.lock().unwrap()[number];
        let loses = lost && grant.losses_in_a_row < 2;
        grant.losses_in_a_row = if loses { grant.losses_in_a_row + 1 } else { 0 };
        loses
    }

    async fn renew(&self, number: usize, token: &str) -> Answered {
        let _flight = self.take_off(number, token);
        tokio::time::sleep(Duration::from_millis(5 + self.machine.dice.below(700))).await;
        let owed = self.grants.lock().unwrap()[number].live != token;
        if let Some(instead) = self.trouble(owed) {
            return instead;
        }
        let body = self.work(number, token);
        if self.dice(8) && !owed {
            self.tally.crashes.fetch_add(1, Ordering::Relaxed);
            self.grants.lock().unwrap()[number].losses_in_a_row += 1;
            self.crash.notify_one();
            std::future::pending::<()>().await;
        }
        if self.loses(number) {
            self.tally.lost.fetch_add(1, Ordering::Relaxed);
            // At once, or after the silence that follows the first bytes.
            tokio::time::sleep(Duration::from_secs(self.machine.dice.below(2))).await;
            return Err(TransportFailure::Cut("cut within the answer".into()));
        }
        Ok(answer(200, &body, None))
    }
}

fn answer(status: u16, body: &str, retry_after: Option<&'static str>) -> HttpResponse {
    let mut headers = HeaderMap::new();
    if let Some(wait) = retry_after {
        headers.insert("retry-after", HeaderValue::from_static(wait));
    }
    HttpResponse { status, headers, body: body.as_bytes().to_vec() }
}

#[async_trait]
impl HttpClient for Servers {
    async fn fetch(&self, _request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        Err(TransportFailure::NotSent("there are token endpoints alone".into()))
    }

    #[expect(clippy::disallowed_methods, reason = "a server reads the refresh token it is shown")]
    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        _guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        let path = request.endpoint.url().path();
        let number =
            path.strip_prefix("/token/").and_then(|number| number.parse().ok()).expect("an endpoint");
        let form: BTreeMap<_, _> =
            url::form_urlencoded::parse(request.body.expose_secret().as_bytes()).collect();
        assert_eq!(form["grant_type"], "refresh_token");
        self.renew(number, &form["refresh_token"]).await
    }

    async fn reach(&self, _url: &url::Url, _guard: AddressGuard) -> Result<(), TransportFailure> {
        if self.dice(200) { Err(TransportFailure::NotSent("no route".into())) } else { Ok(()) }
    }

    async fn open(&self, _request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        Err(TransportFailure::NotSent("there are token endpoints alone".into()))
    }
}
