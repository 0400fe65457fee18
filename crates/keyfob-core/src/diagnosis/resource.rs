//! The steps of the resource metadata: found, speaking for the URL asked, naming an authorization server.

use serde_json::json;

use super::{Finding, Step};
use crate::discovery::protected_resource::{ProtectedResource, well_known_urls};
use crate::discovery::search::{self, Fetched, Tried};
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::profile::Profile;
use crate::resource::{CheckedUrl, ResourceMatch};

/// The document that decides: the first that is a JSON object. Its problems are [`ProtectedResource::problems`].
pub fn document<'a>(tried: &'a [Tried], url: &CheckedUrl) -> Option<&'a [u8]> {
    tried.iter().find_map(|one| match &one.fetched {
        Fetched::Document(body) if !search::resource(std::slice::from_ref(one), url).is_open() => {
            Some(body.as_slice())
        }
        _ => None,
    })
}

/// Whether there is a document, and where. `named` is the address of the challenge.
pub fn metadata(url: &CheckedUrl, tried: &[Tried], named: Option<&str>) -> Finding {
    let step = Step::ResourceMetadata;
    let serve = || {
        let address = well_known_urls(url).into_iter().next().unwrap_or_default();
        format!(
            "serve at {} with Content-Type: application/json: {}",
            super::evidence::address(&address),
            wanted_document(url)
        )
    };
    let places: Vec<_> = tried.iter().filter(|one| matches!(one.fetched, Fetched::Document(_))).collect();
    if document(tried, url).is_none() {
        let failure = search::resource(tried, url).into_result().err();
        let failure = failure.unwrap_or_else(|| Incompatibility::NoResourceMetadata(String::new()).into());
        return Finding::fail(step, failure)
            .for_user("this server speaks no current MCP authorization; tell whoever runs it")
            .for_server(serve());
    }
    let astray = named.filter(|named| !places.iter().any(|place| place.address == **named));
    if let Some(named) = astray {
        return Finding::warn(
            step,
            format!(
                "the address in the challenge ({}) leads nowhere; the document lies elsewhere",
                super::evidence::address(named)
            ),
        )
        .for_server("let `resource_metadata` in the challenge name the address where the document is");
    }
    let number = places.len();
    let of = tried.len();
    Finding::pass(step, format!("found, at {number} of {of} places"))
}

/// For whom the document speaks.
pub fn matches(url: &CheckedUrl, body: &[u8]) -> Finding {
    let step = Step::ResourceMatch;
    let lie = ProtectedResource::problems(body, url)
        .into_iter()
        .find(|p| matches!(p, Failure::AuthorizationServerMisbehaved(Misbehaviour::ResourceMismatch { .. })));
    if let Some(failure) = lie {
        return Finding::fail(step, failure)
            .for_user("check the URL against the server's own documentation, letter by letter; a token for another resource would not be taken here")
            .for_server(format!("let the document say `\"resource\": \"{}\"`", super::evidence::url(url.url())));
    }
    match ProtectedResource::check(body, url).map(|resource| (resource.matched(), resource)) {
        Ok((ResourceMatch::ParentPath, resource)) => {
            let told = super::evidence::address(resource.resource());
            Finding::warn(step, format!("it speaks for {told}, a parent of this URL; tokens are asked for the parent, and strict clients refuse"))
                .for_server(format!("let the document say `\"resource\": \"{}\"`", super::evidence::url(url.url())))
        }
        // Another problem of the document has a step of its own.
        _ => Finding::pass(step, "it speaks for this very URL"),
    }
}

/// Which authorization servers the document names, and the one that is taken.
pub fn servers(profile: &Profile, body: &[u8]) -> (Finding, Option<CheckedUrl>) {
    let step = Step::AuthorizationServers;
    let listed = ProtectedResource::issuers_listed(body);
    if listed.is_empty() {
        let finding = Finding::fail(step, Incompatibility::NoAuthorizationServer.into())
            .for_user("nobody can know where to sign in: tell whoever runs the server")
            .for_server("list the issuer: `\"authorization_servers\": [\"https://…\"]`, https, without query or fragment");
        return (finding, None);
    }
    let taken = match &profile.issuer {
        None => listed.first(),
        Some(wanted) => listed.iter().find(|issuer| issuer.as_str() == wanted),
    };
    let Some(taken) = taken else {
        let wanted = profile.issuer.clone().unwrap_or_default();
        let failure = Failure::Usage(format!(
            "the profile wants the issuer `{wanted}`, which the server does not list"
        ));
        return (
            Finding::fail(step, failure).for_user("correct `issuer` in profiles.toml, or take it out"),
            None,
        );
    };
    let others = match listed.len() {
        1 => String::new(),
        n => format!(
            ", the {} of {n} listed",
            if listed.first() == Some(taken) { "first" } else { "chosen one" }
        ),
    };
    (Finding::pass(step, format!("{taken}{others}")), Some(taken.clone()))
}

fn wanted_document(url: &CheckedUrl) -> String {
    json!({ "resource": super::evidence::url(url.url()), "authorization_servers": ["https://ISSUER"] })
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Verdict;
    use crate::identity::ProfileName;

    fn url() -> CheckedUrl {
        CheckedUrl::parse("https://a.example/mcp").unwrap()
    }

    fn profile() -> Profile {
        Profile::new(ProfileName::parse("doctor").unwrap(), url())
    }

    fn found(address: &str, body: &str) -> Tried {
        Tried { address: address.into(), fetched: Fetched::Document(body.into()) }
    }

    fn nothing(address: &str) -> Tried {
        Tried { address: address.into(), fetched: Fetched::NotFound("status 404".into()) }
    }

    const GOOD: &str = r#"{"resource":"https://a.example/mcp","authorization_servers":["https://one.example","https://two.example"]}"#;

    /// A1, A2, A8
    #[test]
    fn the_document_is_looked_for_where_a_sign_in_looks() {
        let tried = [
            nothing("https://a.example/x"),
            found("https://a.example/p", "<html>"),
            found("https://a.example/r", GOOD),
        ];
        assert_eq!(document(&tried, &url()), Some(GOOD.as_bytes()));
        assert_eq!(metadata(&url(), &tried, None).verdict, Verdict::Pass);
        let astray = metadata(&url(), &tried, Some("https://a.example/x"));
        assert!(astray.verdict == Verdict::Warn && astray.words.contains("https://a.example/x"));
        let none = metadata(&url(), &tried[..2], None);
        assert_eq!(none.failure, search::resource(&tried[..2], &url()).into_result().err());
        assert!(none.advice.server.unwrap().contains(r#""resource":"https://a.example/mcp""#));
    }

    /// A4, A5
    #[test]
    fn another_resource_fails_and_a_parent_is_told() {
        let said =
            |resource: &str| matches(&url(), GOOD.replace("https://a.example/mcp", resource).as_bytes());
        assert_eq!(said("https://a.example/mcp").verdict, Verdict::Pass);
        assert_eq!(said("https://a.example").verdict, Verdict::Warn);
        let lie = said("https://evil.example");
        assert_eq!(lie.verdict, Verdict::Fail);
        assert!(lie.advice.server.unwrap().contains(r#""resource": "https://a.example/mcp""#));
        // No issuer is another step's matter.
        assert_eq!(matches(&url(), br#"{"resource":"https://a.example/mcp"}"#).verdict, Verdict::Pass);
    }

    /// A6, A7
    #[test]
    fn the_issuer_taken_is_the_one_a_sign_in_takes() {
        let (finding, taken) = servers(&profile(), GOOD.as_bytes());
        assert_eq!((finding.verdict, taken.unwrap().as_str()), (Verdict::Pass, "https://one.example"));
        let mut chosen = profile();
        chosen.issuer = Some("https://two.example".into());
        assert_eq!(servers(&chosen, GOOD.as_bytes()).1.unwrap().as_str(), "https://two.example");
        chosen.issuer = Some("https://three.example".into());
        assert_eq!(servers(&chosen, GOOD.as_bytes()).0.verdict, Verdict::Fail);
        let (none, _) = servers(&profile(), b"{}");
        assert_eq!(none.failure, Some(Incompatibility::NoAuthorizationServer.into()));
    }
}
