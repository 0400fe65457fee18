//! Looking servers up, against answers written down here.

use std::collections::HashMap;

use async_trait::async_trait;
use futures_util::StreamExt;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::identity::ProfileName;
use serde_json::json;

use super::*;
use crate::ports::{HttpResponse, StreamedResponse, TransportFailure};

/// A server: the status of its MCP endpoint without a token, and its documents by address.
#[derive(Default)]
struct Server {
    open: u16,
    /// What a GET of the endpoint gets; 0 is the same as a POST.
    stream: u16,
    challenge: Option<String>,
    content_type: &'static str,
    documents: HashMap<&'static str, serde_json::Value>,
}

#[async_trait]
impl HttpClient for Server {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        let document = self.documents.get(request.url.as_str());
        let status = if document.is_some() { 200 } else { 404 };
        let body = document.map(|document| document.to_string().into_bytes()).unwrap_or_default();
        Ok(HttpResponse { status, headers: HeaderMap::new(), body })
    }

    async fn post_credentials(
        &self,
        _request: &CredentialRequest,
        _guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        Err(TransportFailure::NotSent("a look-up sends no credentials".into()))
    }

    async fn reach(&self, _url: &url::Url, _guard: AddressGuard) -> Result<(), TransportFailure> {
        panic!("nothing is to be reached here")
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let body = futures_util::stream::empty().boxed();
        let of_stream = request.method == Method::GET && self.stream != 0;
        let (status, kind) =
            if of_stream { (self.stream, "text/event-stream") } else { (self.open, self.content_type) };
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let challenge = self
            .challenge
            .as_deref()
            .filter(|_| status == 401)
            .and_then(|text| HeaderValue::from_str(text).ok());
        let challenge = challenge.map(|text| (header::WWW_AUTHENTICATE, text));
        let headers = [kind].into_iter().chain(challenge).collect::<HeaderMap>();
        Ok(StreamedResponse { status, headers, body })
    }
}

const JSON: &str = "application/json";

fn profile() -> Profile {
    let url = CheckedUrl::parse("https://portal.example/mcp").unwrap();
    Profile::new(ProfileName::parse("portal").unwrap(), url)
}

/// With both documents, where OAuth is published.
fn documents() -> HashMap<&'static str, serde_json::Value> {
    let resource = json!({
        "resource": "https://portal.example/mcp",
        "authorization_servers": ["https://login.example"],
        "scopes_supported": ["basic"],
    });
    let server = json!({
        "issuer": "https://login.example",
        "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": "https://login.example/token",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    });
    HashMap::from([
        ("https://portal.example/.well-known/oauth-protected-resource/mcp", resource),
        ("https://login.example/.well-known/oauth-authorization-server", server),
    ])
}

#[tokio::test]
async fn a_server_that_lets_anyone_begin_but_publishes_oauth_wants_a_sign_in() {
    let server = Server { open: 200, content_type: JSON, documents: documents(), ..Server::default() };
    let examined = look_up(&server, &profile()).await.unwrap();
    assert_eq!(examined.server.issuer().to_string(), "https://login.example");
    assert_eq!(examined.suggested_scopes().as_deref(), Some("basic"));
}

/// A1, A2: the address in the challenge is believed before the well-known ones, and those follow, the root last.
#[tokio::test]
async fn the_address_in_the_challenge_comes_first_and_the_root_last() {
    let resource = |scope: &str| {
        json!({
            "resource": "https://portal.example/mcp",
            "authorization_servers": ["https://login.example"],
            "scopes_supported": [scope],
        })
    };
    let mut documents = documents();
    let named = "https://portal.example/elsewhere";
    documents.insert(named, resource("named"));
    documents.insert("https://portal.example/.well-known/oauth-protected-resource", resource("root"));
    let challenge = format!("Basic realm=x, Bearer resource_metadata=\"{named}\"");
    let mut server = Server { open: 401, challenge: Some(challenge), documents, ..Server::default() };
    let suggested =
        async |server: &Server| look_up(server, &profile()).await.unwrap().suggested_scopes().unwrap();
    assert_eq!(suggested(&server).await, "named");
    server.documents.remove(named);
    assert_eq!(suggested(&server).await, "basic");
    server.documents.remove("https://portal.example/.well-known/oauth-protected-resource/mcp");
    assert_eq!(suggested(&server).await, "root");
}

#[tokio::test]
async fn a_server_without_any_trace_of_oauth_is_told_by_its_status() {
    for (open, content_type, told) in [
        (200, JSON, Incompatibility::NoSignInWanted),
        (202, "", Incompatibility::NoSignInWanted),
        (404, JSON, Incompatibility::NotMcp(404)),
        (200, "Text/HTML; charset=utf-8", Incompatibility::NotMcp(200)),
    ] {
        let server = Server { open, content_type, ..Server::default() };
        let failure = look_up(&server, &profile()).await.unwrap_err();
        assert_eq!(failure, told.into());
    }
}

/// A server of the first edition: who opens its stream is challenged, or let in.
#[tokio::test]
async fn a_server_that_takes_no_post_is_asked_for_its_stream() {
    let named = "https://portal.example/elsewhere";
    let mut documents = documents();
    let resource =
        documents.remove("https://portal.example/.well-known/oauth-protected-resource/mcp").unwrap();
    documents.insert(named, resource);
    let challenge = Some(format!("Bearer resource_metadata=\"{named}\""));
    for open in [400, 404, 405] {
        let documents = documents.clone();
        let server =
            Server { open, stream: 401, challenge: challenge.clone(), documents, ..Server::default() };
        assert_eq!(
            look_up(&server, &profile()).await.unwrap().suggested_scopes().as_deref(),
            Some("basic"),
            "{open}"
        );
        let server = Server { open, stream: 200, ..Server::default() };
        let failure = look_up(&server, &profile()).await.unwrap_err();
        assert_eq!(failure, Incompatibility::NoSignInWanted.into(), "{open}");
    }
    let server = Server { open: 405, stream: 405, ..Server::default() };
    assert_eq!(look_up(&server, &profile()).await.unwrap_err(), Incompatibility::NotMcp(405).into());
}
