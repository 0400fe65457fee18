//! Client-id metadata documents: a client id that is the https URL of a document describing the client.

mod hosted;

use serde_json::{Value, json};
use url::Url;

use crate::discovery::authorization_server::ClientAuthentication;
use crate::failure::Failure;
use crate::profile::{RedirectChoice, RedirectHost};

pub use hosted::{Flaw, Gravity, HostedDocument, flaws};

/// The document to host at `url` for a client of this name that comes back to these redirects (C3): nothing in it is secret,
/// and it says so, because RFC 7591 takes a client without a method for one that has a secret.
///
/// # Errors
/// [`Failure::Usage`] for a URL that can be no client id (C2).
pub fn document(url: &str, client_name: &str, redirects: &[RedirectChoice]) -> Result<Value, Failure> {
    check_client_id(url)?;
    Ok(json!({
        "client_id": url,
        "client_name": client_name,
        "redirect_uris": redirects.iter().map(redirect_uri).collect::<Vec<_>>(),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "application_type": "native",
        "token_endpoint_auth_method": ClientAuthentication::None.as_str(),
    }))
}

/// A redirect as a document names it: without a port unless the user pinned one, since a server lets the port of a loopback
/// redirect vary (RFC 8252 §7.3).
pub fn redirect_uri(redirect: &RedirectChoice) -> String {
    format!("http://{redirect}")
}

/// The redirects of profiles that pin nothing: one for each loopback host that a profile may ask for.
pub fn usual_redirects() -> Vec<RedirectChoice> {
    let hosts = [RedirectHost::V4, RedirectHost::V6, RedirectHost::Localhost];
    hosts.into_iter().map(|host| RedirectChoice { host, ..RedirectChoice::default() }).collect()
}

/// Checks a client-id URL (C2): https, a path, no fragment, user info, dot segments or query.
pub fn check_client_id(text: &str) -> Result<(), Failure> {
    let refuse =
        |why: &str| Err(Failure::Usage(format!("client_metadata_url `{text}` is not usable: {why}")));
    let Ok(url) = Url::parse(text) else { return refuse("it is not a URL") };
    if url.scheme() != "https" {
        return refuse("it is not https");
    }
    if url.path() == "/" || url.path().is_empty() {
        return refuse("it has no path");
    }
    if url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
    {
        return refuse("it carries a query, a fragment or user info");
    }
    // The URL type resolves dot segments away, so they are looked for in the text.
    if text
        .split(['/', '?'])
        .any(|segment| matches!(segment, "." | ".." | "%2e" | "%2E" | "%2e%2e" | "%2E%2E"))
    {
        return refuse("it carries dot segments");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C2
    #[test]
    fn a_client_id_url_is_https_with_a_path_and_nothing_else() {
        assert_eq!(check_client_id("https://k.example/client.json"), Ok(()));
        for bad in [
            "http://k.example/c",
            "https://k.example",
            "https://k.example/",
            "https://k.example/c#x",
            "https://u@k.example/c",
            "https://k.example/c?x",
            "https://k.example/a/../c",
            "c",
        ] {
            assert!(check_client_id(bad).is_err(), "{bad}");
        }
    }
}
