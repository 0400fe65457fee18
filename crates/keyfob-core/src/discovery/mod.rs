//! From an MCP server's URL to a checked authorization server: RFC 9110 challenges, RFC 9728, RFC 8414, OpenID Discovery.

pub mod authorization_server;
pub mod challenge;
pub mod protected_resource;
pub mod search;

/// Largest metadata document keyfob reads, in bytes (A8).
pub const MAX_DOCUMENT: usize = 1024 * 1024;

use serde_json::{Map, Value};

/// Parses a metadata document: a JSON object of at most [`MAX_DOCUMENT`] bytes.
pub(crate) fn parse_object(body: &[u8]) -> Result<Map<String, Value>, String> {
    if body.len() > MAX_DOCUMENT {
        return Err("it is larger than 1 MiB".into());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("it is JSON but not an object".into()),
        Err(_) => Err("it is not JSON".into()),
    }
}

/// The strings of an array member; other kinds of values in it are passed over.
pub(crate) fn strings(object: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let list = object.get(name)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// A string member.
pub(crate) fn string(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}
