//! The network of a command that a person waits for: whoever does not answer for a moment is named meanwhile.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::{
    AddressGuard, HttpClient, HttpRequest, HttpResponse, Ports, StreamedResponse, TransportFailure,
};
use keyfob_core::grant::credential_request::CredentialRequest;
use url::{Position, Url};

use crate::output;

/// How long a person waits without wondering.
const MOMENT: Duration = Duration::from_secs(3);

/// The same ports, with a network that says whom it waits for.
pub(crate) fn told(ports: &Ports) -> Ports {
    Ports { http: Arc::new(Told { inner: Arc::clone(&ports.http) }), ..ports.clone() }
}

struct Told {
    inner: Arc<dyn HttpClient>,
}

async fn waited<T>(url: &Url, answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    if let Ok(answered) = tokio::time::timeout(MOMENT, answer.as_mut()).await {
        return answered;
    }
    output::passed();
    output::note(&format!("waiting for {} …", &url[Position::BeforeHost..Position::AfterPort]));
    answer.await
}

#[async_trait]
impl HttpClient for Told {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        waited(&request.url.clone(), self.inner.fetch(request)).await
    }

    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        waited(request.endpoint.url(), self.inner.post_credentials(request, guard)).await
    }

    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
        waited(url, self.inner.reach(url, guard)).await
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        waited(&request.url.clone(), self.inner.open(request)).await
    }

    async fn open_in_time(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        waited(&request.url.clone(), self.inner.open_in_time(request)).await
    }
}
