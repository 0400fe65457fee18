//! A client on a bare socket: it sends what it is told, follows nothing and shows every byte that came back.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfob_demo::Portal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

pub(crate) const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123456789";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:4711/callback";
/// Long enough for any machine; no passing test ever waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// What came back before the connection ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) raw: Vec<u8>,
    /// How the connection ended when not in good order.
    pub(crate) error: Option<std::io::ErrorKind>,
}

impl Answer {
    fn head_and_body(&self) -> (String, &[u8]) {
        let end =
            self.raw.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer with a head");
        (String::from_utf8(self.raw[..end].to_vec()).unwrap(), &self.raw[end + 4..])
    }

    pub(crate) fn status(&self) -> u16 {
        self.head_and_body().0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.head_and_body().0;
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.head_and_body().1
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body().to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap_or(Value::Null)
    }

    /// The URL of a redirect.
    pub(crate) fn location(&self) -> Url {
        Url::parse(&self.header("location").expect("a redirect")).unwrap()
    }

    /// A parameter of a redirect.
    pub(crate) fn returned(&self, name: &str) -> Option<String> {
        self.location().query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Sends one request on a connection of its own and returns that connection.
pub(crate) fn send(portal: &Portal, head: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let authority = portal.origin().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&authority).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = lines.concat();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    // A connection dropped at once may refuse the write already.
    let _ = stream.write_all(request.as_bytes());
    stream
}

/// Reads until the connection ends.
pub(crate) fn read(mut stream: TcpStream) -> Answer {
    let mut raw = Vec::new();
    let error = stream.read_to_end(&mut raw).err().map(|error| error.kind());
    Answer { raw, error }
}

pub(crate) fn get(portal: &Portal, path: &str) -> Answer {
    read(send(portal, &format!("GET {path}"), &[], ""))
}

pub(crate) fn form_text(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn send_form(portal: &Portal, path: &str, fields: &[(&str, &str)]) -> TcpStream {
    send(portal, &format!("POST {path}"), &[FORM], &form_text(fields))
}

pub(crate) fn form(portal: &Portal, path: &str, fields: &[(&str, &str)]) -> Answer {
    read(send_form(portal, path, fields))
}

pub(crate) fn form_with(
    portal: &Portal,
    path: &str,
    header: (&str, &str),
    fields: &[(&str, &str)],
) -> Answer {
    read(send(portal, &format!("POST {path}"), &[FORM, header], &form_text(fields)))
}

pub(crate) fn post_json(portal: &Portal, path: &str, body: &Value) -> Answer {
    read(send(portal, &format!("POST {path}"), &[("content-type", "application/json")], &body.to_string()))
}

/// A public native client that may renew; its client id.
pub(crate) fn register(portal: &Portal) -> String {
    let answer = post_json(
        portal,
        "/register",
        &json!({
            "client_name": "Test client", "redirect_uris": [REDIRECT], "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        }),
    );
    answer.json()["client_id"].as_str().expect("a registration").to_owned()
}

/// The authorization request's path, with more parameters or other values.
pub(crate) fn authorization(portal: &Portal, client: &str, more: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mcp = portal.mcp_url();
    let usual = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("state", "the-state"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("resource", mcp.as_str()),
    ];
    let kept = usual.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let fields: Vec<_> = kept.chain(more.iter().filter(|(_, value)| !value.is_empty())).copied().collect();
    format!("/authorize?{}", form_text(&fields))
}

pub(crate) fn redeem(portal: &Portal, client: &str, code: &str, verifier: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier),
    ];
    form(portal, "/token", &fields)
}

/// A whole sign-in; the token endpoint's answer.
pub(crate) fn sign_in(portal: &Portal, client: &str, more: &[(&str, &str)]) -> Value {
    let back = get(portal, &authorization(portal, client, more));
    let answer = redeem(portal, client, &back.returned("code").expect("a code"), VERIFIER);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()
}

pub(crate) fn refresh(portal: &Portal, client: &str, token: &Value) -> Answer {
    let token = token.as_str().expect("a refresh token");
    form(
        portal,
        "/token",
        &[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)],
    )
}

/// The status of an MCP request with an access token.
pub(crate) fn mcp_status(portal: &Portal, access_token: &Value) -> u16 {
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    mcp(portal, access_token, "initialize", &params).status()
}

/// One MCP request without a session.
pub(crate) fn mcp(portal: &Portal, access_token: &Value, method: &str, params: &Value) -> Answer {
    let bearer = format!("Bearer {}", access_token.as_str().unwrap());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    read(send(portal, "POST /mcp", &headers, &body.to_string()))
}
