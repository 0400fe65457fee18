//! A client as the portal knows it, and which redirect URIs are its own.

use url::{Host, Url};

use crate::clock::{Millis, millis};
use crate::oddities::{LoopbackPort, RegistrationLife};
use crate::options::GivenClient;

/// A client known by registration, beforehand, or by its document's URL.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: Option<String>,
    pub(crate) auth_method: AuthMethod,
    pub(crate) redirects: Redirects,
    pub(crate) grant_types: Vec<String>,
    /// Scopes named at registration; a client that named none may ask for any.
    pub(crate) scopes: Vec<String>,
    pub(crate) native: bool,
    /// Present for dynamic registrations: their management token and when they were made.
    pub(crate) registered: Option<(String, Millis)>,
}

/// How a client proves itself at the token endpoint (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    None,
    Basic,
    Post,
    PrivateKey,
    /// A client given with a secret: in the header or in the body.
    AnySecret,
    /// A client given without one: public, or with a key that the portal does not know.
    NoneOrKey,
}

impl AuthMethod {
    /// Reads `token_endpoint_auth_method`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" => Some(Self::Post),
            "private_key_jwt" => Some(Self::PrivateKey),
            _ => None,
        }
    }

    /// Its name in a registration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None | Self::NoneOrKey => "none",
            Self::Basic | Self::AnySecret => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKey => "private_key_jwt",
        }
    }
}

/// Where a client may be sent back to.
#[derive(Clone, Debug)]
pub(crate) enum Redirects {
    /// One of these.
    Listed(Vec<String>),
    /// Any loopback address: the client's document was not fetched.
    AnyLoopback,
}

/// How a redirect URI compares with those of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RedirectMatch {
    Accepted,
    /// Only the loopback port differs, and the portal minds.
    OtherPort,
    Refused,
}

impl Client {
    /// A client named in the portal's options. Without a secret it is public, or proves itself by an assertion.
    pub(crate) fn given(given: &GivenClient) -> Self {
        Self {
            id: given.client_id.clone(),
            name: given.client_id.clone(),
            secret: given.client_secret.clone(),
            auth_method: if given.client_secret.is_some() {
                AuthMethod::AnySecret
            } else {
                AuthMethod::NoneOrKey
            },
            redirects: Redirects::Listed(given.redirect_uris.clone()),
            grant_types: ["authorization_code", "refresh_token", "client_credentials"]
                .map(str::to_owned)
                .to_vec(),
            scopes: Vec::new(),
            native: true,
            registered: None,
        }
    }

    /// A client whose id is the URL of its metadata document: https, or http on loopback, with a path.
    pub(crate) fn of_document(client_id: &str) -> Option<Self> {
        let url = Url::parse(client_id).ok()?;
        let safe = url.scheme() == "https" || is_loopback(&url);
        (safe && url.path().len() > 1 && url.fragment().is_none()).then(|| Self {
            id: client_id.to_owned(),
            name: url.host_str().unwrap_or_default().to_owned(),
            secret: None,
            auth_method: AuthMethod::None,
            redirects: Redirects::AnyLoopback,
            grant_types: ["authorization_code", "refresh_token"].map(str::to_owned).to_vec(),
            scopes: Vec::new(),
            native: true,
            registered: None,
        })
    }

    /// Whether the registration has reached its end.
    pub(crate) fn is_over(&self, life: RegistrationLife, now: Millis) -> bool {
        let (RegistrationLife::Told(lasts) | RegistrationLife::Untold(lasts)) = life else {
            return false;
        };
        self.registered.as_ref().is_some_and(|(_, since)| now >= since + millis(lasts))
    }

    /// Compares a redirect URI: exactly, but for the port of a loopback address (RFC 8252 section 7.3).
    pub(crate) fn matches(&self, redirect_uri: &str, port: LoopbackPort) -> RedirectMatch {
        let Redirects::Listed(listed) = &self.redirects else {
            let loopback = Url::parse(redirect_uri).is_ok_and(|url| is_loopback(&url));
            return if loopback { RedirectMatch::Accepted } else { RedirectMatch::Refused };
        };
        if listed.iter().any(|uri| uri == redirect_uri) {
            return RedirectMatch::Accepted;
        }
        if !listed.iter().any(|uri| differ_in_port(uri, redirect_uri)) {
            return RedirectMatch::Refused;
        }
        match port {
            LoopbackPort::Any => RedirectMatch::Accepted,
            LoopbackPort::AnyForNative if self.native => RedirectMatch::Accepted,
            _ => RedirectMatch::OtherPort,
        }
    }
}

/// Whether a URL is http on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    here && url.scheme() == "http"
}

fn differ_in_port(registered: &str, presented: &str) -> bool {
    let (Ok(mut registered), Ok(mut presented)) = (Url::parse(registered), Url::parse(presented)) else {
        return false;
    };
    let loopback = is_loopback(&registered) && is_loopback(&presented);
    loopback
        && registered.set_port(None).is_ok()
        && presented.set_port(None).is_ok()
        && registered == presented
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(redirect: &str) -> Client {
        Client::given(&GivenClient {
            client_id: "c".into(),
            client_secret: None,
            redirect_uris: vec![redirect.into()],
        })
    }

    #[test]
    fn only_the_port_of_a_loopback_redirect_may_differ() {
        let client = client("http://127.0.0.1:1000/back");
        let compare = |uri| client.matches(uri, LoopbackPort::Any);
        assert_eq!(compare("http://127.0.0.1:2000/back"), RedirectMatch::Accepted);
        assert_eq!(compare("http://127.0.0.1:2000/other"), RedirectMatch::Refused);
        assert_eq!(compare("http://localhost:1000/back"), RedirectMatch::Refused);
        assert_eq!(compare("https://127.0.0.1:2000/back"), RedirectMatch::Refused);
    }

    #[test]
    fn an_exact_portal_minds_the_port() {
        let client = client("http://127.0.0.1:1000/back");
        assert_eq!(
            client.matches("http://127.0.0.1:2000/back", LoopbackPort::Exact),
            RedirectMatch::OtherPort
        );
        assert_eq!(
            client.matches("http://127.0.0.1:1000/back", LoopbackPort::Exact),
            RedirectMatch::Accepted
        );
    }

    #[test]
    fn a_document_url_needs_a_path_and_a_safe_scheme() {
        assert!(Client::of_document("https://app.example/client.json").is_some());
        assert!(Client::of_document("http://127.0.0.1:9/client.json").is_some());
        assert!(Client::of_document("https://app.example/").is_none());
        assert!(Client::of_document("http://app.example/client.json").is_none());
    }
}
