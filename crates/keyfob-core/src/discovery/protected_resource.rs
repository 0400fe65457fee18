//! Protected resource metadata (RFC 9728), as a checked type: what exists has passed A4 to A6.

use serde_json::{Map, Value};

use super::{parse_object, string, strings};
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::resource::{CheckedUrl, ResourceMatch, compare_resource};
use crate::scope::ScopeSet;
use crate::server_text::shown;

/// Resource metadata that speaks for the server asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedResource {
    resource: String,
    matched: ResourceMatch,
    authorization_servers: Vec<CheckedUrl>,
    scopes_supported: ScopeSet,
    name: Option<String>,
}

/// Where the metadata of `server` may lie, best first: path inserted, then root (A2; RFC 9728 §3.1).
pub fn well_known_urls(server: &CheckedUrl) -> Vec<String> {
    let origin = server.origin();
    let path = server.url().path().trim_end_matches('/');
    let query = server.url().query().map(|q| format!("?{q}")).unwrap_or_default();
    let mut urls = Vec::new();
    if !path.is_empty() || !query.is_empty() {
        urls.push(format!("{origin}/.well-known/oauth-protected-resource{path}{query}"));
    }
    urls.push(format!("{origin}/.well-known/oauth-protected-resource"));
    urls
}

impl ProtectedResource {
    /// Reads and checks a document. `expected` is the MCP server's URL.
    ///
    /// # Errors
    /// [`Misbehaviour::Document`] for what is no JSON object, [`Misbehaviour::ResourceMismatch`] (A4),
    /// [`Incompatibility::NoAuthorizationServer`] (A6).
    pub fn check(body: &[u8], expected: &CheckedUrl) -> Result<Self, Failure> {
        if let Some(first) = Self::problems(body, expected).into_iter().next() {
            return Err(first);
        }
        let object = object(body)?;
        let resource = string(&object, "resource").unwrap_or_default();
        Ok(Self {
            matched: compare_resource(&resource, expected),
            resource: canonical(&resource),
            authorization_servers: issuers(&object),
            scopes_supported: ScopeSet::from_names(strings(&object, "scopes_supported").unwrap_or_default()),
            name: string(&object, "resource_name").map(|name| shown(&name)),
        })
    }

    /// Everything that [`Self::check`] has against a document, the one it would name first. Empty where it holds.
    pub fn problems(body: &[u8], expected: &CheckedUrl) -> Vec<Failure> {
        let object = match object(body) {
            Ok(object) => object,
            Err(failure) => return vec![failure],
        };
        let mut problems = Vec::new();
        let resource = string(&object, "resource").unwrap_or_default();
        if compare_resource(&resource, expected) == ResourceMatch::Different {
            let (published, expected) = (shown(&resource), expected.to_string());
            problems.push(Misbehaviour::ResourceMismatch { published, expected }.into());
        }
        if issuers(&object).is_empty() {
            problems.push(Incompatibility::NoAuthorizationServer.into());
        }
        problems
    }

    /// The authorization servers that a document lists, whatever else it says: only for telling people about them.
    pub fn issuers_listed(body: &[u8]) -> Vec<CheckedUrl> {
        object(body).map(|object| issuers(&object)).unwrap_or_default()
    }

    /// The identifier to send as `resource` (RFC 8707 §2): as published, with scheme and host in lower case (D4).
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// How the identifier relates to the MCP URL; a parent path is shown to the user (A5).
    pub fn matched(&self) -> ResourceMatch {
        self.matched
    }

    /// The authorization server to use: the profile's own choice where the document lists it, else the first (A7).
    pub fn choose_issuer(&self, configured: Option<&str>) -> Result<&CheckedUrl, Failure> {
        let Some(wanted) = configured else { return Ok(&self.authorization_servers[0]) };
        self.authorization_servers.iter().find(|issuer| issuer.as_str() == wanted).ok_or_else(|| {
            Failure::Usage(format!(
                "the profile wants the issuer `{wanted}`, and the server lists {}",
                self.authorization_servers.iter().map(|i| format!("`{i}`")).collect::<Vec<_>>().join(", ")
            ))
        })
    }

    /// Scopes the resource lists.
    pub fn scopes_supported(&self) -> &ScopeSet {
        &self.scopes_supported
    }

    /// The server's own name for people.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    parse_object(body).map_err(|why| Misbehaviour::Document("resource metadata".into(), why).into())
}

/// RFC 9728 §2: https issuers only; entries that break this are not ours to try (B3).
fn issuers(object: &Map<String, Value>) -> Vec<CheckedUrl> {
    strings(object, "authorization_servers")
        .unwrap_or_default()
        .iter()
        .filter_map(|text| CheckedUrl::parse(text).ok())
        .filter(|issuer| issuer.url().query().is_none())
        .collect()
}

/// D4: scheme and host in lower case, for they mean the same in any; every other byte stays, for the server compares it.
fn canonical(resource: &str) -> String {
    let host = resource.find("://").map_or(0, |at| at + 3);
    let path = resource[host..].find(['/', '?']).map_or(resource.len(), |at| host + at);
    format!("{}{}", resource[..path].to_ascii_lowercase(), &resource[path..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> CheckedUrl {
        CheckedUrl::parse("https://a.example/team/mcp").unwrap()
    }

    fn check(body: &str) -> Result<ProtectedResource, Failure> {
        ProtectedResource::check(body.as_bytes(), &server())
    }

    /// A2
    #[test]
    fn the_path_is_inserted_first_and_the_root_comes_second() {
        assert_eq!(
            well_known_urls(&server()),
            [
                "https://a.example/.well-known/oauth-protected-resource/team/mcp",
                "https://a.example/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(well_known_urls(&CheckedUrl::parse("http://127.0.0.1:9").unwrap()).len(), 1);
    }

    /// A4
    #[test]
    fn a_document_for_another_resource_is_unusable() {
        let error =
            check(r#"{"resource":"https://evil.example","authorization_servers":["https://as.example"]}"#)
                .unwrap_err();
        assert!(matches!(
            error,
            Failure::AuthorizationServerMisbehaved(Misbehaviour::ResourceMismatch { .. })
        ));
        assert!(check(r#"{"authorization_servers":["https://as.example"]}"#).is_err());
    }

    /// D4
    #[test]
    fn the_resource_is_sent_with_scheme_and_host_in_lower_case_and_else_as_published() {
        for (published, sent) in [
            ("HTTPS://A.Example/team/mcp", "https://a.example/team/mcp"),
            ("https://a.example", "https://a.example"),
            ("https://A.example/", "https://a.example/"),
        ] {
            let body =
                format!(r#"{{"resource":"{published}","authorization_servers":["https://as.example"]}}"#);
            assert_eq!(check(&body).unwrap().resource(), sent);
        }
        assert_eq!(canonical("https://A.example:1/Team/?Q"), "https://a.example:1/Team/?Q");
    }

    /// A6, B3
    #[test]
    fn no_authorization_server_means_no_guessing() {
        for servers in [
            "",
            r#","authorization_servers":[]"#,
            r#","authorization_servers":["http://as.example"]"#,
            r#","authorization_servers":["https://as.example?tenant=1"]"#,
            r#","authorization_servers":["https://as.example/#a"]"#,
        ] {
            let body = format!(r#"{{"resource":"https://a.example/team/mcp"{servers}}}"#);
            assert_eq!(check(&body).unwrap_err(), Incompatibility::NoAuthorizationServer.into(), "{body}");
        }
    }

    /// A7
    #[test]
    fn of_several_servers_the_first_or_the_configured_one_is_taken() {
        let body = r#"{"resource":"https://a.example/team/mcp","authorization_servers":["https://one.example/","https://two.example"]}"#;
        let resource = check(body).unwrap();
        assert_eq!(resource.choose_issuer(None).unwrap().as_str(), "https://one.example/");
        assert_eq!(
            resource.choose_issuer(Some("https://two.example")).unwrap().as_str(),
            "https://two.example"
        );
        assert!(matches!(resource.choose_issuer(Some("https://three.example")), Err(Failure::Usage(_))));
    }

    /// A8
    #[test]
    fn what_is_no_json_object_is_refused() {
        for body in ["<html>", "[]", "", "\"x\""] {
            assert!(matches!(
                check(body).unwrap_err(),
                Failure::AuthorizationServerMisbehaved(Misbehaviour::Document(..))
            ));
        }
    }
}
