//! Fetching a metadata document: at most three redirects, each hop checked again (A8, B6).

use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_core::discovery::search::Fetched;
use keyfob_core::resource::CheckedUrl;

use crate::ports::{AddressGuard, HttpClient, HttpRequest, TransportFailure};

/// Most redirects that are followed for a metadata document (B6).
const MAX_HOPS: usize = 3;

/// Whether redirects may leave the origin they start from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    /// Another origin counts as "not found" (A8).
    SameOrigin,
    /// Any https origin; the document's own identifier is checked afterwards.
    AnyOrigin,
}

/// Fetches `url`.
///
/// # Errors
/// Only where the network failed; everything a server can answer is [`Fetched`].
pub(super) async fn fetch_document(
    client: &dyn HttpClient,
    url: &str,
    redirects: Redirects,
    guard: AddressGuard,
) -> Result<Fetched, TransportFailure> {
    let Ok(mut url) = CheckedUrl::parse(url) else {
        return Ok(Fetched::NotFound("the address is not https".into()));
    };
    for _ in 0..=MAX_HOPS {
        let response = match client.fetch(get(&url, guard)).await {
            Ok(response) => response,
            Err(TransportFailure::TooLarge(limit)) => {
                return Ok(Fetched::NotFound(format!("larger than {limit} bytes")));
            }
            Err(failure) => return Err(failure),
        };
        if response.status == 200 {
            return Ok(Fetched::Document(response.body));
        }
        if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(Fetched::NotFound(format!("status {}", response.status)));
        }
        let Some(next) = next_hop(&url, &response.headers) else {
            return Ok(Fetched::NotFound("it redirects to an address that is not https".into()));
        };
        if redirects == Redirects::SameOrigin && next.origin() != url.origin() {
            return Ok(Fetched::NotFound("it redirects to another origin".into()));
        }
        url = next;
    }
    Ok(Fetched::NotFound(format!("more than {MAX_HOPS} redirects")))
}

fn get(url: &CheckedUrl, guard: AddressGuard) -> HttpRequest {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    HttpRequest {
        method: Method::GET,
        url: url.url().clone(),
        headers,
        bearer: None,
        body: Vec::new(),
        guard,
    }
}

fn next_hop(from: &CheckedUrl, headers: &HeaderMap) -> Option<CheckedUrl> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    CheckedUrl::parse(from.url().join(location).ok()?.as_str()).ok()
}
