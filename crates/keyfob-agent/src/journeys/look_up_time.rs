//! One limit for a whole look-up. Each of its requests has 20 s, and it asks several hosts one after the other: without a
//! limit of its own, hosts that each answer just in time would keep a person waiting for minutes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::moment::Moment;
use url::{Position, Url};

use crate::ports::{
    AddressGuard, Clock, HttpClient, HttpRequest, HttpResponse, Ports, StreamedResponse, TransportFailure,
};

/// Longer than a server takes that is started for the first request, at each of the usual three addresses.
const LONGEST: Duration = Duration::from_mins(1);

/// From here on an answer is told as slow.
const SLOW: TimeDelta = TimeDelta::seconds(3);

/// Lets a look-up go on for as long as it may; `None` once it took too long.
pub(super) async fn in_time<T>(clock: &dyn Clock, look_up: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        found = look_up => Some(found),
        () = clock.sleep(LONGEST) => None,
    }
}

/// A network that knows how long each host took.
pub(super) struct Timed {
    inner: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    asked: Mutex<Vec<Asked>>,
}

/// One request.
struct Asked {
    host: String,
    from: Moment,
    /// `None` while there is no answer.
    until: Option<Moment>,
}

impl Timed {
    pub(super) fn new(ports: &Ports) -> Self {
        Self {
            inner: Arc::clone(&ports.http),
            clock: Arc::clone(&ports.clock),
            asked: Mutex::new(Vec::new()),
        }
    }

    /// That the look-up took too long, and because of whom.
    pub(super) fn too_long(&self) -> Failure {
        let (now, asked) = (self.clock.now(), self.asked());
        let hosts: BTreeSet<&str> = asked.iter().map(|one| &*one.host).collect();
        let slow: Vec<_> = hosts.into_iter().filter_map(|host| told_if_slow(&asked, host, &now)).collect();
        let (limit, slow) = (LONGEST.as_secs(), slow.join(", "));
        Temporary::ServerTrouble(format!("the look-up was not done within {limit} s: {slow}")).into()
    }

    fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn timed<T>(&self, url: &Url, answer: impl Future<Output = T>) -> T {
        let host = url[Position::BeforeHost..Position::AfterPort].to_owned();
        let at = {
            let mut asked = self.asked();
            asked.push(Asked { host, from: self.clock.now(), until: None });
            asked.len() - 1
        };
        let answered = answer.await;
        if let Some(asked) = self.asked().get_mut(at) {
            asked.until = Some(self.clock.now());
        }
        answered
    }
}

/// How long a host took in all.
fn told_if_slow(asked: &[Asked], host: &str, now: &Moment) -> Option<String> {
    let of_host = || asked.iter().filter(|one| one.host == host);
    let took: TimeDelta = of_host().filter_map(|one| one.from.age(one.until.as_ref().unwrap_or(now))).sum();
    let waits = if of_host().any(|one| one.until.is_none()) { " and has not answered yet" } else { "" };
    (took >= SLOW).then(|| format!("{host} took {} s{waits}", took.num_seconds()))
}

#[async_trait]
impl HttpClient for Timed {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        self.timed(&request.url.clone(), self.inner.fetch(request)).await
    }

    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        self.timed(request.endpoint.url(), self.inner.post_credentials(request, guard)).await
    }

    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
        self.timed(url, self.inner.reach(url, guard)).await
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        self.timed(&request.url.clone(), self.inner.open(request)).await
    }

    async fn open_in_time(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        self.timed(&request.url.clone(), self.inner.open_in_time(request)).await
    }
}
