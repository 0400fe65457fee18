//! Looking at a client metadata document where it is hosted, as an authorization server will (C3).

use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_core::client_registration::metadata_document::{Flaw, HostedDocument, check_client_id, flaws};
use keyfob_core::failure::Failure;
use keyfob_core::profile::RedirectChoice;
use keyfob_core::resource::CheckedUrl;

use super::transport_failure;
use crate::ports::{AddressGuard, HttpClient, HttpRequest};

/// All that is wrong with the document hosted at `url` for profiles that come back to `redirects`. One request, and no
/// redirect is followed: servers follow none either.
///
/// # Errors
/// [`Failure::Usage`] for a URL that can be no client id (C2), else why nothing answered.
pub async fn hosted_flaws(
    http: &dyn HttpClient,
    url: &str,
    redirects: &[RedirectChoice],
    guard: AddressGuard,
) -> Result<Vec<Flaw>, Failure> {
    check_client_id(url)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let request = HttpRequest {
        method: Method::GET,
        url: CheckedUrl::parse(url)?.url().clone(),
        headers,
        bearer: None,
        body: Vec::new(),
        guard,
    };
    let response = http.fetch(request).await.map_err(transport_failure)?;
    let content_type = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let hosted = HostedDocument { status: response.status, content_type, body: &response.body };
    Ok(flaws(&hosted, url, redirects))
}
