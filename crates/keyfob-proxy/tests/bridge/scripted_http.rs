//! A network that knows what will be asked: each request must match a plan, and each plan is used once.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keyfob_agent::ports::{
    AddressGuard, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure,
};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::secret::Fingerprint;
use tokio::sync::{Notify, mpsc, oneshot};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) token: Option<Fingerprint>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What to answer.
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: BoxStream<'static, Result<Vec<u8>, TransportFailure>>,
    after: Option<oneshot::Receiver<()>>,
    failure: Option<TransportFailure>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: stream::empty().boxed(), after: None, failure: None }
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::status(status).header("content-type", "application/json").pieces(vec![body.as_bytes().to_vec()])
    }

    /// A stream of events that ends in order after these bytes.
    pub(crate) fn events(text: &str) -> Self {
        let pieces = text.bytes().map(|byte| vec![byte]).collect();
        Self::status(200).header("content-type", "text/event-stream; charset=utf-8").pieces(pieces)
    }

    pub(crate) fn failure(failure: TransportFailure) -> Self {
        Self { failure: Some(failure), ..Self::status(0) }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    /// The body goes on for ever after what it has.
    pub(crate) fn open_ended(mut self) -> Self {
        self.body = self.body.chain(stream::pending()).boxed();
        self
    }

    /// The connection breaks after what it has.
    pub(crate) fn cut(mut self) -> Self {
        let cut = Err(TransportFailure::Cut("connection reset".into()));
        self.body = self.body.chain(stream::iter([cut])).boxed();
        self
    }

    /// A stream of events that says what the sender is given, until that is dropped.
    pub(crate) fn live() -> (Self, mpsc::UnboundedSender<String>) {
        let (say, said) = mpsc::unbounded_channel::<String>();
        let pieces = stream::unfold(said, |mut said| async {
            let piece = said.recv().await?;
            Some((Ok(piece.into_bytes()), said))
        });
        let answer = Self::status(200).header("content-type", "text/event-stream");
        (Self { body: pieces.boxed(), ..answer }, say)
    }

    /// Held back until the sender fires or is dropped.
    pub(crate) fn when_told(mut self) -> (Self, oneshot::Sender<()>) {
        let (now, after) = oneshot::channel();
        self.after = Some(after);
        (self, now)
    }

    fn pieces(mut self, pieces: Vec<Vec<u8>>) -> Self {
        self.body = stream::iter(pieces.into_iter().map(Ok)).boxed();
        self
    }
}

#[derive(Default)]
struct State {
    plans: Vec<(Method, String, Answer)>,
    seen: Vec<Seen>,
    unplanned: Vec<String>,
}

#[derive(Default)]
pub(crate) struct ScriptedHttp {
    state: Mutex<State>,
    news: Notify,
}

impl ScriptedHttp {
    /// The next POST whose body has `part` in it gets `answer`.
    pub(crate) fn post(&self, part: &str, answer: Answer) {
        self.plan(Method::POST, part, answer);
    }

    pub(crate) fn get(&self, answer: Answer) {
        self.plan(Method::GET, "", answer);
    }

    pub(crate) fn delete(&self, answer: Answer) {
        self.plan(Method::DELETE, "", answer);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    /// Waits until so many requests came.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Seen> {
        let enough = async {
            loop {
                let news = self.news.notified();
                if self.seen().len() >= count {
                    return self.seen();
                }
                news.await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_hours(1), enough).await.expect("more requests")
    }

    /// Nothing came that was not planned, and everything planned came.
    pub(crate) fn verify(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(state.unplanned, Vec::<String>::new(), "unplanned requests");
        let left: Vec<_> = state.plans.iter().map(|(method, part, _)| format!("{method} {part}")).collect();
        assert_eq!(left, Vec::<String>::new(), "planned requests that never came");
    }

    fn plan(&self, method: Method, part: &str, answer: Answer) {
        self.state.lock().unwrap().plans.push((method, part.to_owned(), answer));
    }

    fn answer_to(&self, request: &HttpRequest) -> Option<Answer> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let token = request.bearer.as_ref().map(keyfob_core::secret::AccessToken::fingerprint);
        let fits =
            |(method, part, _): &(Method, String, Answer)| *method == request.method && body.contains(part);
        let plan = state.plans.iter().position(fits);
        state.seen.push(Seen {
            method: request.method.clone(),
            url: request.url.to_string(),
            headers: request.headers.clone(),
            body: body.clone(),
            token,
        });
        self.news.notify_waiters();
        if plan.is_none() {
            state.unplanned.push(format!("{} {body}", request.method));
        }
        plan.map(|at| state.plans.remove(at).2)
    }
}

#[async_trait]
impl HttpClient for ScriptedHttp {
    async fn fetch(&self, _request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        panic!("the bridge streams every answer");
    }

    async fn post_credentials(
        &self,
        _request: &CredentialRequest,
        _guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        panic!("the bridge sends no credentials");
    }

    async fn reach(&self, _url: &url::Url, _guard: AddressGuard) -> Result<(), TransportFailure> {
        panic!("the bridge never sleeps")
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let url = request.url.as_str();
        assert!(
            [crate::URL, crate::OLD_ENDPOINT].contains(&url),
            "a token goes to its own server only (G2): {url}"
        );
        assert!(!request.headers.contains_key("authorization"), "the port sets it (G1)");
        let Some(answer) = self.answer_to(&request) else {
            return Err(TransportFailure::NotSent("unplanned".into()));
        };
        if let Some(after) = answer.after {
            let _ = after.await;
        }
        match answer.failure {
            Some(failure) => Err(failure),
            None => {
                Ok(StreamedResponse { status: answer.status, headers: answer.headers, body: answer.body })
            }
        }
    }
}
