//! What mcp-remote's arguments mean to keyfob: for the profile that is made on the way, and for the bridge itself.

use http::{HeaderMap, HeaderName, HeaderValue};
use keyfob_core::client_registration::GivenProof;
use keyfob_core::failure::Failure;
use keyfob_core::profile::{Profile, RedirectChoice, RedirectHost, ResourceParameter};
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::ClientSecret;
use keyfob_core::server_text::shown;
use keyfob_links::carried::SET_BY_KEYFOB;
use keyfob_proxy::bridge::BridgeWishes;
use keyfob_proxy::hidden_tools::HiddenTools;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::arguments::{AsMcpRemote, Transport};
use crate::output;

/// Where mcp-remote waits for the redirect.
const THEIR_PATH: &str = "/oauth/callback";

/// `--static-oauth-client-info`, as registration answers have it (RFC 7591 §3.2.1).
#[derive(Deserialize)]
struct ClientInfo {
    client_id: String,
    client_secret: Option<String>,
}

/// `--static-oauth-client-metadata`, as far as it says something.
#[derive(Deserialize)]
struct ClientMetadata {
    scope: Option<String>,
}

/// What the bridge is asked for.
pub(super) fn wishes(given: &AsMcpRemote) -> Result<BridgeWishes, Failure> {
    let mut headers = HeaderMap::new();
    for text in &given.headers {
        if let Some((name, value)) = header(text)? {
            headers.append(name, value);
        }
    }
    let old_transport_first = matches!(given.transport, Some(Transport::SseFirst | Transport::SseOnly));
    let hidden = HiddenTools::new(given.ignored_tools.iter().cloned());
    Ok(BridgeWishes { headers, hidden, old_transport_first })
}

/// `Name: value` or `Name:value`. A fixed token is what keyfob is here to replace.
fn header(text: &str) -> Result<Option<(HeaderName, HeaderValue)>, Failure> {
    let refuse = |name: &str, why: &str| Failure::Usage(format!("--header {}: {why}", shown(name)));
    let (name, value) = text.split_once(':').ok_or_else(|| refuse("…", "write NAME:VALUE"))?;
    let name = name.trim();
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse(name, "this is no header's name"))?;
    if parsed == http::header::AUTHORIZATION {
        output::warning("--header Authorization is left out: keyfob signs in and sets it itself");
        return Ok(None);
    }
    if SET_BY_KEYFOB.contains(&parsed.as_str()) {
        return Err(refuse(name, "it is set by keyfob or not at all"));
    }
    let value = expanded(value.trim(), |name| std::env::var(name).ok());
    let value =
        value.map_err(|variable| refuse(name, &format!("there is no variable {}", shown(&variable))))?;
    let value = HeaderValue::from_str(&value).map_err(|_| refuse(name, "its value has a character too many"));
    let mut value = value?;
    value.set_sensitive(true);
    Ok(Some((parsed, value)))
}

/// With `${VAR}` from the environment; the name of a variable that is not there is the error.
fn expanded(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Zeroizing<String>, String> {
    let (mut whole, mut rest) = (Zeroizing::new(String::new()), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        whole.push_str(before);
        whole.push_str(&Zeroizing::new(variable(name).ok_or_else(|| name.to_owned())?));
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// Whether a profile that is there already is the one that was meant.
pub(super) fn means(given: &AsMcpRemote, profile: &Profile) -> Result<bool, Failure> {
    Ok(resource(given)?.is_none_or(|resource| profile.resource == resource))
}

fn resource(given: &AsMcpRemote) -> Result<Option<ResourceParameter>, Failure> {
    if given.disable_resource_parameter {
        return Ok(Some(ResourceParameter::Omitted));
    }
    let Some(text) = &given.resource else { return Ok(None) };
    let parsed = ResourceParameter::given(text);
    parsed.map(Some).ok_or_else(|| Failure::Usage(format!("--resource: {}", ResourceParameter::EXPECTED)))
}

/// Takes into a new profile what was given; the proof goes into its sealed record.
pub(super) fn take_into(given: &AsMcpRemote, profile: &mut Profile) -> Result<Option<GivenProof>, Failure> {
    if let Some(resource) = resource(given)? {
        profile.resource = resource;
    }
    if let Some(redirect) = redirect(given)? {
        profile.redirect = redirect;
    }
    if let Some(text) = &given.static_oauth_client_metadata {
        let metadata: ClientMetadata = json("--static-oauth-client-metadata", text)?;
        let scopes = metadata.scope.unwrap_or_default();
        profile.scopes = ScopeSet::from_names(scopes.split_whitespace().map(str::to_owned));
    }
    let Some(text) = &given.static_oauth_client_info else { return Ok(None) };
    let client: ClientInfo = json("--static-oauth-client-info", text)?;
    profile.client.client_id = Some(client.client_id);
    match client.client_secret.map(ClientSecret::new).filter(|secret| !secret.is_empty()) {
        Some(_) if !text.starts_with('@') => Err(Failure::Usage(
            "--static-oauth-client-info: every program of this machine can read a secret in arguments. Put the JSON into a file \
             and write @FILE; once the profile is made, neither is needed"
                .into(),
        )),
        secret => Ok(secret.map(GivenProof::Secret)),
    }
}

/// A redirect that was registered for mcp-remote goes on; without port, host and path keyfob's own choice is better.
fn redirect(given: &AsMcpRemote) -> Result<Option<RedirectChoice>, Failure> {
    if given.port.is_none() && given.host.is_none() && given.callback_path.is_none() {
        return Ok(None);
    }
    let host = given.host.as_deref().unwrap_or("localhost");
    let port = given.port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = given.callback_path.as_deref().unwrap_or(THEIR_PATH);
    let parsed = RedirectChoice::parse(&format!("{host}{port}{path}")).filter(|_| path.starts_with('/'));
    let refused = || Failure::Usage(format!("--host, PORT and --callback-path: {}", RedirectHost::EXPECTED));
    parsed.map(Some).ok_or_else(refused)
}

/// An object given as it is, or `@` and the file that holds it.
fn json<T: DeserializeOwned>(option: &str, text: &str) -> Result<T, Failure> {
    let contents = match text.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Failure::Usage(format!("{option} {}: {error}", shown(text))))?,
        None => text.to_owned(),
    };
    // The parser's own words could hold a piece of a secret.
    let wrong = |_| Failure::Usage(format!("{option}: this is not the JSON object it should be"));
    serde_json::from_str(&Zeroizing::new(contents)).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use keyfob_core::identity::ProfileName;
    use keyfob_core::resource::CheckedUrl;

    use super::*;

    fn profile() -> Profile {
        let url = CheckedUrl::parse("https://a.example/sse").unwrap();
        Profile::new(ProfileName::parse("work").unwrap(), url)
    }

    #[test]
    fn what_was_registered_for_mcp_remote_goes_on() {
        let redirect = |given: AsMcpRemote| {
            let mut profile = profile();
            take_into(&given, &mut profile).map(|_| profile.redirect.to_string())
        };
        let nothing = AsMcpRemote::default();
        assert_eq!(redirect(nothing).unwrap(), profile().redirect.to_string());
        let port = AsMcpRemote { port: Some(3334), ..AsMcpRemote::default() };
        assert_eq!(redirect(port).unwrap(), "localhost:3334/oauth/callback");
        let host = AsMcpRemote {
            host: Some("127.0.0.1".into()),
            callback_path: Some("/cb".into()),
            ..AsMcpRemote::default()
        };
        assert_eq!(redirect(host).unwrap(), "127.0.0.1/cb");
        let elsewhere = AsMcpRemote { host: Some("example.com".into()), ..AsMcpRemote::default() };
        assert!(redirect(elsewhere).is_err());
    }

    #[test]
    fn a_given_client_its_scopes_and_its_resource_are_taken() {
        let given = AsMcpRemote {
            resource: Some("https://tenant.example/".into()),
            static_oauth_client_info: Some(r#"{"client_id":"c1"}"#.into()),
            static_oauth_client_metadata: Some(r#"{"scope":"a  b","client_name":"x"}"#.into()),
            ..AsMcpRemote::default()
        };
        let mut profile = profile();
        assert!(!means(&given, &profile).unwrap());
        assert_eq!(take_into(&given, &mut profile).unwrap(), None);
        assert!(means(&given, &profile).unwrap());
        assert_eq!(profile.client.client_id.as_deref(), Some("c1"));
        assert_eq!(profile.scopes.to_wire().as_deref(), Some("a b"));
    }

    /// V14: a secret comes from a file, and never from the arguments.
    #[test]
    fn a_secret_in_the_arguments_is_refused_and_one_in_a_file_is_taken() {
        let json = r#"{"client_id":"c1","client_secret":"canary"}"#;
        let given = |text: &str| AsMcpRemote {
            static_oauth_client_info: Some(text.into()),
            ..AsMcpRemote::default()
        };
        let refused = take_into(&given(json), &mut profile()).unwrap_err().to_string();
        assert!(refused.contains("@FILE") && !refused.contains("canary"), "{refused}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), json).unwrap();
        let taken = take_into(&given(&format!("@{}", file.path().display())), &mut profile()).unwrap();
        assert_eq!(taken, Some(GivenProof::Secret(ClientSecret::new("canary".into()))));
        let broken = take_into(&given(r#"{"client_id":"canary""#), &mut profile()).unwrap_err().to_string();
        assert!(!broken.contains("canary"), "{broken}");
    }

    #[test]
    fn headers_take_variables_and_none_that_keyfob_sets() {
        let variable = |name: &str| (name == "T").then(|| "x y".to_owned());
        assert_eq!(*expanded("a ${T}b${T}", variable).unwrap(), "a x yb".to_owned() + "x y");
        assert_eq!(expanded("${U}", variable), Err("U".into()));
        assert_eq!(*expanded("$T ${T", variable).unwrap(), "$T ${T");
        let (name, value) = header("X-Tenant:one: two").unwrap().unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap(), value.is_sensitive()),
            ("x-tenant", "one: two", true)
        );
        assert_eq!(header("Authorization: Bearer x").unwrap(), None);
        for refused in ["Host: x", "no colon", "b\u{e4}d: x", "Cookie: a=1", "X: a\nb"] {
            let given = AsMcpRemote { headers: vec![refused.into()], ..AsMcpRemote::default() };
            assert!(wishes(&given).is_err(), "{refused}");
        }
    }
}
