//! Headers that repeat what a message says, for clients that speak a version without `initialize`: there the message names
//! its version itself (`_meta`), and servers refuse it without `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name`.
//!
//! `Mcp-Param-…` headers, which need the tool's schema, are made by `mirrored_parameters.rs`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

/// Names the version both sides speak.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
const VERSION_IN_META: &str = "io.modelcontextprotocol/protocolVersion";
/// What a message says of who speaks, in a version without `initialize`.
const SPEAKER: [&str; 3] =
    [VERSION_IN_META, "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/clientCapabilities"];

#[derive(Deserialize)]
struct Named {
    method: String,
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    #[serde(rename = "_meta")]
    meta: serde_json::Map<String, Value>,
    name: Option<String>,
    uri: Option<String>,
    #[serde(rename = "taskId")]
    task_id: Option<String>,
}

/// The headers for one message; none where it does not name its version.
pub(crate) fn standard_headers(line: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Ok(Named { method, params }) = serde_json::from_slice::<Named>(line) else { return headers };
    let Some(version) = params.meta.get(VERSION_IN_META).and_then(Value::as_str) else { return headers };
    let name = match method.as_str() {
        "tools/call" | "prompts/get" => params.name,
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => params.uri,
        "tasks/get" | "tasks/update" | "tasks/cancel" => params.task_id,
        _ => None,
    };
    let name = name.map(|name| fit_for_a_header(&name));
    for (header, text) in [(VERSION, Some(version)), (METHOD, Some(method.as_str())), (NAME, name.as_deref())]
    {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(header, value);
        }
    }
    headers
}

/// The version that the parameters of a message name.
pub(crate) fn version_in(params: &Value) -> Option<&str> {
    params["_meta"][VERSION_IN_META].as_str()
}

/// What a message says of who speaks, for another one in the same name; all else of its `_meta` is about itself.
pub(crate) fn speaker_of(line: &[u8]) -> Value {
    let message: Value = serde_json::from_slice(line).unwrap_or_default();
    let meta = &message["params"]["_meta"];
    SPEAKER.into_iter().filter_map(|name| Some((name.to_owned(), meta.get(name)?.clone()))).collect()
}

/// Texts that would not survive as a header value travel as base64, marked so.
pub(crate) fn fit_for_a_header(text: &str) -> String {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.trim() == text;
    if plain && !text.starts_with("=?base64?") {
        return text.to_owned();
    }
    format!("=?base64?{}?=", BASE64_STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_names_its_version_gets_the_headers() {
        let line = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sch\u00f6n","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let headers = standard_headers(line);
        assert_eq!(headers[VERSION], "2026-07-28");
        assert_eq!(headers[METHOD], "tools/call");
        assert_eq!(headers[NAME], "=?base64?c2Now7Zu?=");
    }

    #[test]
    fn any_other_message_gets_none() {
        let lines = [
            r#"{"id":1,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"id":1,"method":"tools/call","params":{"_meta":{"progressToken":1}}}"#,
            r#"{"id":1,"result":{}}"#,
            "[]",
        ];
        for line in lines {
            assert!(standard_headers(line.as_bytes()).is_empty(), "{line}");
        }
    }
}
