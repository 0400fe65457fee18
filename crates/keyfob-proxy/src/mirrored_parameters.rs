//! Arguments of a tool that its server wants repeated in headers (`Mcp-Param-…`, MCP 2026-07-28, SEP-2243), so that what stands
//! before it can route without reading bodies. Which they are stands in the tool's own schema, so lists of tools are looked at on
//! their way to the client; a server refuses a call that lacks them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::standard_headers::{fit_for_a_header, version_in};

/// The annotation, in a property of an input schema.
const ANNOTATION: &str = "x-mcp-header";
/// Tools that are remembered; a server with more has those repeated that it named first.
const MOST_TOOLS: usize = 2_000;
/// Properties of one tool that are looked at, and how deep.
const MOST_PROPERTIES: usize = 500;
const DEEPEST: usize = 16;

/// One argument, and the header it goes into.
#[derive(Debug, Clone, PartialEq)]
struct Mirrored {
    path: Vec<String>,
    header: HeaderName,
}

/// What the server's lists said so far.
#[derive(Debug, Default)]
pub(crate) struct MirroredParameters(Mutex<HashMap<String, Vec<Mirrored>>>);

impl MirroredParameters {
    /// Looks at a message of the server; only a list of tools says anything.
    pub(crate) fn learn(&self, line: &[u8]) {
        let known = self.tools();
        // Most servers ask for none of this, and their lists are not parsed for it.
        if known.is_empty() && !line.windows(ANNOTATION.len()).any(|piece| piece == ANNOTATION.as_bytes()) {
            return;
        }
        drop(known);
        let Ok(message) = serde_json::from_slice::<Value>(line) else { return };
        for tool in message["result"]["tools"].as_array().into_iter().flatten() {
            let Some(name) = tool["name"].as_str() else { continue };
            let mirrored = mirrored_in(&tool["inputSchema"]);
            let mut known = self.tools();
            if mirrored.is_empty() {
                known.remove(name);
            } else if known.len() < MOST_TOOLS || known.contains_key(name) {
                known.insert(name.to_owned(), mirrored);
            }
        }
    }

    /// The headers for one message; none but for a call, in a version of MCP that has them, of a tool that wants some.
    pub(crate) fn headers(&self, line: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.tools().is_empty() {
            return headers;
        }
        let Ok(message) = serde_json::from_slice::<Value>(line) else { return headers };
        let params = &message["params"];
        if message["method"] != "tools/call" || version_in(params).is_none() {
            return headers;
        }
        let known = self.tools();
        for mirrored in params["name"].as_str().and_then(|name| known.get(name)).into_iter().flatten() {
            let value = mirrored.path.iter().try_fold(&params["arguments"], |at, name| at.get(name));
            let text = value.and_then(in_words).map(|text| fit_for_a_header(&text));
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(mirrored.header.clone(), value);
            }
        }
        headers
    }

    fn tools(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Mirrored>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Absent and `null` have no header, and neither has what is no plain value.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The annotated properties of a schema and of the objects in it.
fn mirrored_in(schema: &Value) -> Vec<Mirrored> {
    let mut found: Vec<Mirrored> = Vec::new();
    let mut open = vec![(Vec::new(), schema)];
    let mut left = MOST_PROPERTIES;
    while let Some((path, schema)) = open.pop() {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if left == 0 || path.len() >= DEEPEST {
                break;
            }
            left -= 1;
            let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
            let header = property[ANNOTATION].as_str().filter(|name| !name.is_empty());
            let header =
                header.and_then(|name| HeaderName::from_bytes(format!("mcp-param-{name}").as_bytes()).ok());
            if let Some(header) = header.filter(|header| !found.iter().any(|other| other.header == *header)) {
                found.push(Mirrored { path: path.clone(), header });
            }
            open.push((path, property));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(schema: &Value) -> Vec<u8> {
        let tools = json!([{ "name": "run", "inputSchema": schema }]);
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": tools } }).to_string().into_bytes()
    }

    fn call(arguments: &Value) -> Vec<u8> {
        let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
        let params = json!({ "name": "run", "arguments": arguments, "_meta": meta });
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params })
            .to_string()
            .into_bytes()
    }

    fn annotated() -> Vec<u8> {
        let options = json!({ "type": "object", "properties": { "limit": { "type": "integer", "x-mcp-header": "Limit" } } });
        list(&json!({ "type": "object", "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "sure": { "type": "boolean", "x-mcp-header": "Sure" },
            "absent": { "type": "string", "x-mcp-header": "Absent" },
            "nothing": { "type": "string", "x-mcp-header": "Nothing" },
            "bad": { "type": "string", "x-mcp-header": "b d: x\r\n" },
            "query": { "type": "string" },
            "options": options,
        } }))
    }

    #[test]
    fn the_annotated_arguments_of_a_call_go_into_headers() {
        let mirrored = MirroredParameters::default();
        mirrored.learn(&annotated());
        let arguments = json!({ "region": "sch\u{f6}n", "sure": true, "nothing": null, "bad": "x", "query": "q",
            "options": { "limit": 7 } });
        let headers = mirrored.headers(&call(&arguments));
        assert_eq!(headers.len(), 3, "{headers:?}");
        assert_eq!(headers["mcp-param-region"], "=?base64?c2Now7Zu?=");
        assert_eq!(headers["mcp-param-sure"], "true");
        assert_eq!(headers["mcp-param-limit"], "7");
    }

    #[test]
    fn an_older_version_another_method_and_an_unknown_tool_have_none() {
        let mirrored = MirroredParameters::default();
        let arguments = json!({ "region": "x" });
        assert!(mirrored.headers(&call(&arguments)).is_empty());
        mirrored.learn(&annotated());
        assert!(!mirrored.headers(&call(&arguments)).is_empty());
        let text = String::from_utf8(call(&arguments)).unwrap();
        for other in [
            text.replace("io.modelcontextprotocol/protocolVersion", "x"),
            text.replace("tools/call", "prompts/get"),
            text.replace("\"run\"", "\"walk\""),
        ] {
            assert!(mirrored.headers(other.as_bytes()).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_later_list_counts() {
        let mirrored = MirroredParameters::default();
        mirrored.learn(&annotated());
        mirrored.learn(&list(&json!({ "properties": { "region": { "x-mcp-header": "Zone" } } })));
        let headers = mirrored.headers(&call(&json!({ "region": "x", "sure": true })));
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["mcp-param-zone"]);
        mirrored.learn(&list(&json!({ "properties": { "region": {} } })));
        assert!(mirrored.headers(&call(&json!({ "region": "x" }))).is_empty());
    }
}
