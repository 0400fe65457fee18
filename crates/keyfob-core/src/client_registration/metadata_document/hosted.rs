//! What is wrong with a client metadata document as it is hosted, member by member (C3).

use serde_json::{Map, Value};
use url::Url;

use super::redirect_uri;
use crate::discovery::{parse_object, string, strings};
use crate::profile::RedirectChoice;
use crate::server_text::shown;

/// What the host answered.
#[derive(Debug, Clone)]
pub struct HostedDocument<'a> {
    /// Status code.
    pub status: u16,
    /// `Content-Type`, as sent.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// Whether a server refuses the document for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// Servers must, or very likely will, refuse the client.
    Refused,
    /// Some servers may, or something will be missing.
    Doubtful,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The member, or `status`, `content-type`, `size`, `body`.
    pub field: &'static str,
    /// How bad it is.
    pub gravity: Gravity,
    /// What is there, and what should be.
    pub what: String,
}

/// Servers are told to read no more than this, in bytes.
const LARGEST: usize = 5 * 1024;

/// Methods of a shared secret: a public document can hold none.
const SECRET_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];

/// The only response type that keyfob asks for, and the member that lists it.
const RESPONSE: (&str, &str) = ("response_types", "code");

/// Members that hold a secret.
const SECRET_MEMBERS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// All that is wrong with what is hosted at `url`, for profiles that come back to `redirects`. Empty: it will do.
pub fn flaws(hosted: &HostedDocument<'_>, url: &str, redirects: &[RedirectChoice]) -> Vec<Flaw> {
    let mut found = Found(Vec::new());
    if hosted.status != 200 {
        let what = match hosted.status {
            300..=399 => "is a redirect, which servers must not follow; serve the document itself with 200",
            _ => "should be 200",
        };
        found.refused("status", format!("{} {what}", hosted.status));
        return found.0;
    }
    found.kind(hosted.content_type);
    if hosted.body.len() > LARGEST {
        let size = hosted.body.len();
        found.doubtful("size", format!("{size} bytes; servers may stop reading at {LARGEST}"));
    }
    match parse_object(hosted.body) {
        Err(why) => found.refused("body", format!("{why}; a JSON object should be there")),
        Ok(object) => {
            found.identity(&object, url);
            found.redirects(&object, redirects);
            found.grants(&object);
            found.secrets(&object);
        }
    }
    found.0
}

struct Found(Vec<Flaw>);

impl Found {
    fn refused(&mut self, field: &'static str, what: String) {
        self.0.push(Flaw { field, gravity: Gravity::Refused, what });
    }

    fn doubtful(&mut self, field: &'static str, what: String) {
        self.0.push(Flaw { field, gravity: Gravity::Doubtful, what });
    }

    fn kind(&mut self, content_type: Option<&str>) {
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        let is_json = essence == "application/json"
            || (essence.starts_with("application/") && essence.ends_with("+json"));
        if !is_json {
            let there = if essence.is_empty() { "missing".into() } else { format!("`{}`", shown(&essence)) };
            self.doubtful("content-type", format!("{there}; should be `application/json`"));
        }
    }

    /// Compared byte for byte: a server fetches the client id and looks for the very same text in it.
    fn identity(&mut self, object: &Map<String, Value>, url: &str) {
        match object.get("client_id").map(Value::as_str) {
            None => self.refused("client_id", format!("missing; should be `{url}`")),
            Some(Some(id)) if id == url => {}
            Some(id) => {
                let there = id.map_or("no text".into(), |id| format!("`{}`", shown(id)));
                self.refused("client_id", format!("{there}; should be `{url}`, byte for byte"));
            }
        }
        if string(object, "client_name").is_none_or(|name| name.trim().is_empty()) {
            self.refused(
                "client_name",
                "missing; people are shown it when they are asked to allow keyfob".into(),
            );
        }
    }

    fn redirects(&mut self, object: &Map<String, Value>, wanted: &[RedirectChoice]) {
        let Some(listed) = strings(object, "redirect_uris").filter(|list| !list.is_empty()) else {
            self.refused("redirect_uris", "missing or empty; should list where sign-ins come back to".into());
            return;
        };
        for choice in wanted {
            let uri = redirect_uri(choice);
            if !listed.iter().any(|listed| leads_to(listed, &uri)) {
                self.refused("redirect_uris", format!("`{uri}` is not listed; add it"));
            }
        }
        for uri in &listed {
            if let Some(why) = unfit(uri) {
                self.doubtful("redirect_uris", format!("`{}` {why}", shown(uri)));
            }
        }
    }

    fn grants(&mut self, object: &Map<String, Value>) {
        let listed = strings(object, "grant_types");
        if listed.as_ref().is_some_and(|list| !list.iter().any(|grant| grant == "authorization_code")) {
            self.refused("grant_types", "`authorization_code` is not listed; add it".into());
        }
        // RFC 7591 §2: without the member a client has the code grant alone.
        if listed.is_none_or(|list| !list.iter().any(|grant| grant == "refresh_token")) {
            let what = "`refresh_token` is not listed; some servers then give none, and keyfob cannot renew";
            self.doubtful("grant_types", what.into());
        }
        let (member, code) = RESPONSE;
        if strings(object, member).is_some_and(|list| !list.iter().any(|kind| kind == code)) {
            self.refused(member, format!("`{code}` is not listed; add it"));
        }
        if string(object, "application_type").is_some_and(|kind| kind != "native") {
            let what = "should be `native`; others may not come back to a loopback address";
            self.doubtful("application_type", what.into());
        }
    }

    fn secrets(&mut self, object: &Map<String, Value>) {
        for member in SECRET_MEMBERS {
            if object.contains_key(member) {
                self.refused(
                    member,
                    "must not be there: the document is public; take the secret back".into(),
                );
            }
        }
        let method = string(object, "token_endpoint_auth_method");
        match method.as_deref() {
            Some("none") => {}
            // RFC 7591 §2: the default is a secret in a header.
            None => {
                let what = "missing, which means `client_secret_basic`; should be `none`";
                self.refused("token_endpoint_auth_method", what.into());
            }
            Some(method) if SECRET_METHODS.contains(&method) => {
                let what = format!("`{method}` needs a shared secret; should be `none`");
                self.refused("token_endpoint_auth_method", what);
            }
            Some(method) => {
                let what = format!(
                    "`{}`, which keyfob does not use with a document; should be `none`",
                    shown(method)
                );
                self.refused("token_endpoint_auth_method", what);
            }
        }
    }
}

/// Whether a listed redirect lets keyfob come back to `uri`: the same, or the same on any port (RFC 8252 §7.3).
fn leads_to(listed: &str, uri: &str) -> bool {
    let (Ok(listed_url), Ok(wanted)) = (Url::parse(listed), Url::parse(uri)) else { return false };
    let same = |a: &Url, b: &Url| {
        (a.scheme(), a.host_str(), a.path(), a.query()) == (b.scheme(), b.host_str(), b.path(), b.query())
    };
    listed == uri || (same(&listed_url, &wanted) && listed_url.port().is_none())
}

/// Why no server should take this redirect (C1b): https, or a literal loopback address.
fn unfit(uri: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(uri) else { return Some("is no URL") };
    if url.fragment().is_some() {
        return Some("has a fragment, which a redirect may not have");
    }
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match url.scheme() {
        "https" => None,
        "http" if is_loopback => None,
        "http" => Some("is http and not on loopback; servers refuse it"),
        _ => Some("is neither https nor on loopback; take it out"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{document, usual_redirects};
    use super::*;
    use serde_json::json;

    const URL: &str = "https://keyfob.example/client.json";

    fn ours() -> Value {
        document(URL, "keyfob", &usual_redirects()).unwrap()
    }

    fn at(document: &Value) -> Vec<(&'static str, Gravity)> {
        let body = document.to_string();
        let hosted =
            HostedDocument { status: 200, content_type: Some("application/json"), body: body.as_bytes() };
        flaws(&hosted, URL, &usual_redirects()).into_iter().map(|flaw| (flaw.field, flaw.gravity)).collect()
    }

    /// C3
    #[test]
    fn the_published_document_names_its_url_a_name_and_loopback_redirects_and_holds_no_secret() {
        let document = ours();
        assert_eq!(document["client_id"], URL);
        assert_eq!(document["client_name"], "keyfob");
        assert_eq!(
            document["redirect_uris"],
            json!(["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"])
        );
        assert_eq!(document["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(document["token_endpoint_auth_method"], "none");
        assert!(!document.to_string().contains("secret") && document.to_string().len() < LARGEST);
        assert_eq!(at(&document), []);
    }

    /// C3: what a server would refuse is found, and named by its member.
    #[test]
    fn each_fault_of_a_hosted_document_is_named_by_its_member() {
        use Gravity::{Doubtful, Refused};
        type Named = [(&'static str, Gravity)];
        let changes: [(&str, Value, &Named); 14] = [
            ("client_id", json!("https://keyfob.example/client.json/"), &[("client_id", Refused)]),
            ("client_id", Value::Null, &[("client_id", Refused)]),
            ("client_name", json!(" "), &[("client_name", Refused)]),
            ("redirect_uris", json!([]), &[("redirect_uris", Refused)]),
            (
                "redirect_uris",
                json!(["http://127.0.0.1/callback", "http://[::1]/callback"]),
                &[("redirect_uris", Refused)],
            ),
            ("grant_types", json!(["authorization_code"]), &[("grant_types", Doubtful)]),
            ("grant_types", json!(["refresh_token"]), &[("grant_types", Refused)]),
            ("response_types", json!(["token"]), &[("response_types", Refused)]),
            ("application_type", json!("web"), &[("application_type", Doubtful)]),
            ("client_secret", json!("s"), &[("client_secret", Refused)]),
            ("client_secret_expires_at", json!(0), &[("client_secret_expires_at", Refused)]),
            (
                "token_endpoint_auth_method",
                json!("client_secret_post"),
                &[("token_endpoint_auth_method", Refused)],
            ),
            (
                "token_endpoint_auth_method",
                json!("private_key_jwt"),
                &[("token_endpoint_auth_method", Refused)],
            ),
            ("padding", json!("x".repeat(LARGEST)), &[("size", Doubtful)]),
        ];
        for (member, value, expected) in changes {
            let mut document = ours();
            document[member] = value.clone();
            assert_eq!(at(&document), expected, "{member}: {value}");
        }
        let mut silent = ours();
        silent.as_object_mut().unwrap().remove("token_endpoint_auth_method");
        silent.as_object_mut().unwrap().remove("grant_types");
        assert_eq!(at(&silent), [("grant_types", Doubtful), ("token_endpoint_auth_method", Refused)]);
    }

    #[test]
    fn a_listed_redirect_holds_for_any_port_only_where_it_names_none() {
        let listed = |uri: &str| {
            let mut document = ours();
            document["redirect_uris"] = json!([uri]);
            let body = document.to_string();
            let hosted =
                HostedDocument { status: 200, content_type: Some("application/json"), body: body.as_bytes() };
            let pinned = RedirectChoice::parse("127.0.0.1:7777/cb").unwrap();
            flaws(&hosted, URL, &[pinned]).into_iter().map(|flaw| flaw.what).collect::<Vec<_>>()
        };
        assert_eq!(listed("http://127.0.0.1:7777/cb"), Vec::<String>::new());
        assert_eq!(listed("http://127.0.0.1/cb"), Vec::<String>::new());
        assert_eq!(listed("http://127.0.0.1:7778/cb"), ["`http://127.0.0.1:7777/cb` is not listed; add it"]);
        assert_eq!(listed("custom:/cb").len(), 2);
        assert_eq!(listed("http://keyfob.example/cb").len(), 2);
    }

    #[test]
    fn how_it_is_served_matters_too() {
        let body = ours().to_string();
        let served = |status, content_type, body: &str| {
            let hosted = HostedDocument { status, content_type, body: body.as_bytes() };
            flaws(&hosted, URL, &usual_redirects()).into_iter().map(|flaw| flaw.field).collect::<Vec<_>>()
        };
        assert_eq!(served(200, Some("Application/JSON; charset=utf-8"), &body), Vec::<&str>::new());
        assert_eq!(served(200, Some("application/oauth-client+json"), &body), Vec::<&str>::new());
        assert_eq!(served(200, Some("text/html"), &body), ["content-type"]);
        assert_eq!(served(200, None, "<html>"), ["content-type", "body"]);
        assert_eq!(served(301, None, ""), ["status"]);
        assert_eq!(served(404, None, ""), ["status"]);
    }
}
