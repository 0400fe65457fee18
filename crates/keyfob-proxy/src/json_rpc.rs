//! JSON-RPC 2.0 messages as the bridge sees them: bytes, of which only `id`, `method` and `error` are looked at.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Code of everything keyfob itself has to say (implementation-defined range, JSON-RPC 2.0 §5.1).
pub(crate) const KEYFOB_SAYS: i64 = -32_001;
/// The line is no JSON (JSON-RPC 2.0 §5.1).
pub(crate) const PARSE_ERROR: i64 = -32_700;
/// The line is no usable request (JSON-RPC 2.0 §5.1).
pub(crate) const INVALID_REQUEST: i64 = -32_600;

/// What is looked at of one message; an `id` of `null` counts as none.
#[derive(Debug, Deserialize)]
pub(crate) struct Peek {
    jsonrpc: Option<String>,
    pub(crate) id: Option<Box<RawValue>>,
    pub(crate) method: Option<String>,
    pub(crate) error: Option<Box<RawValue>>,
}

/// The messages of one text: a single one, or a batch; `None` for what is no JSON or has the wrong shape.
pub(crate) fn peek(text: &[u8]) -> Option<Vec<Peek>> {
    let text = std::str::from_utf8(text).ok()?;
    if text.trim_start().starts_with('[') {
        return serde_json::from_str::<Vec<Peek>>(text).ok().filter(|batch| !batch.is_empty());
    }
    serde_json::from_str(text).ok().map(|message| vec![message])
}

/// As [`peek`], for what a server sent: JSON that is not JSON-RPC, such as an OAuth error, must never reach the client.
pub(crate) fn peek_answer(text: &[u8]) -> Option<Vec<Peek>> {
    let is_json_rpc = |message: &Peek| message.jsonrpc.as_deref() == Some("2.0");
    peek(text).filter(|messages| messages.iter().all(is_json_rpc))
}

/// One line from the client.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The bytes as they came, without the line's end.
    pub(crate) line: Vec<u8>,
    /// The method; of a batch, the first one's.
    pub(crate) method: Option<String>,
    /// The ids of its requests.
    pub(crate) asked: Vec<Box<RawValue>>,
}

impl Outgoing {
    /// Looks at a line; `None` for what is no JSON-RPC message.
    pub(crate) fn of(line: Vec<u8>) -> Option<Self> {
        let messages = peek(&line)?;
        let method = messages.first().and_then(|message| message.method.clone());
        let requests = messages.into_iter().filter(|message| message.method.is_some());
        Some(Self { line, method, asked: requests.filter_map(|message| message.id).collect() })
    }

    /// True for a request with this method.
    pub(crate) fn asks(&self, method: &str) -> bool {
        !self.asked.is_empty() && self.method.as_deref() == Some(method)
    }

    /// True for a message that wants no answer and is none.
    pub(crate) fn is_notification(&self) -> bool {
        self.asked.is_empty() && self.method.is_some()
    }
}

/// The ids whose answers are still to come.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(Vec<Box<RawValue>>);

impl Unanswered {
    pub(crate) fn of(outgoing: &Outgoing) -> Self {
        Self(outgoing.asked.clone())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ids(&self) -> &[Box<RawValue>] {
        &self.0
    }

    /// Crosses off what these messages answer; true where they answer anything.
    pub(crate) fn cross_off(&mut self, messages: &[Peek]) -> bool {
        let before = self.0.len();
        for answer in messages.iter().filter(|message| message.method.is_none()) {
            self.0.retain(|asked| !answer.id.as_ref().is_some_and(|id| same(asked, id)));
        }
        self.0.len() < before
    }

    /// Waits for the answers to these too.
    pub(crate) fn add(&mut self, outgoing: &Outgoing) {
        self.0.extend(outgoing.asked.iter().cloned());
    }

    /// Crosses these off; those that were still there.
    pub(crate) fn take(&mut self, asked: &[Box<RawValue>]) -> Vec<Box<RawValue>> {
        let mut left = Vec::new();
        for id in asked {
            if let Some(at) = self.0.iter().position(|waiting| waiting.get() == id.get()) {
                left.push(self.0.swap_remove(at));
            }
        }
        left
    }

    /// Crosses all of them off.
    pub(crate) fn take_all(&mut self) -> Vec<Box<RawValue>> {
        std::mem::take(&mut self.0)
    }
}

/// Servers write an id back in their own spelling (`"é"` for `"\u00e9"`).
fn same(a: &RawValue, b: &RawValue) -> bool {
    let value = |raw: &RawValue| serde_json::from_str::<serde_json::Value>(raw.get()).ok();
    a.get() == b.get() || value(a).is_some_and(|a| value(b) == Some(a))
}

/// An error answer in words of our own; without an id, for a line whose id is not known.
pub(crate) fn error_line(id: Option<&RawValue>, code: i64, message: &str) -> Vec<u8> {
    let error = serde_json::json!({ "code": code, "message": message }).to_string();
    error_answer(id, &error)
}

/// An error answer around an error object as the server wrote it.
pub(crate) fn error_answer(id: Option<&RawValue>, error: &str) -> Vec<u8> {
    let id = id.map_or("null", RawValue::get);
    on_one_line(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#).into_bytes())
}

/// A line end never stands inside a JSON string, so between tokens a blank is the same.
pub(crate) fn on_one_line(mut message: Vec<u8>) -> Vec<u8> {
    message.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(line: &str) -> Outgoing {
        Outgoing::of(line.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn an_id_is_the_same_in_any_spelling() {
        let mut unanswered = Unanswered::of(&outgoing(r#"{"id":"\u00e9","method":"x"}"#));
        assert!(!unanswered.cross_off(&peek(r#"{"id":"e","result":1}"#.as_bytes()).unwrap()));
        assert!(unanswered.cross_off(&peek(r#"{"id":"é","result":1}"#.as_bytes()).unwrap()));
        assert!(unanswered.is_empty());
    }

    #[test]
    fn a_batch_waits_for_each_of_its_requests() {
        let batch =
            outgoing(r#"[{"id":1,"method":"a"},{"method":"b"},{"id":2,"method":"c"},{"id":9,"result":1}]"#);
        let mut unanswered = Unanswered::of(&batch);
        assert_eq!(unanswered.ids().len(), 2);
        assert!(unanswered.cross_off(&peek(br#"[{"id":2,"result":1},{"id":3,"method":"ask"}]"#).unwrap()));
        assert_eq!(unanswered.take_all().iter().map(|id| id.get()).collect::<Vec<_>>(), ["1"]);
    }

    #[test]
    fn what_is_json_and_no_json_rpc_is_no_answer() {
        for text in
            [r#"{"error":"invalid_token"}"#, "[]", "null", "<html>", r#"{"jsonrpc":"1.0","id":1}"#, "\u{0}"]
        {
            assert!(peek_answer(text.as_bytes()).is_none(), "{text}");
        }
        assert!(peek_answer(b"{\"jsonrpc\":\"2.0\",\"result\":\"\xff\"}").is_none());
        assert!(peek_answer(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#).is_some());
    }

    #[test]
    fn responses_and_notifications_are_told_from_requests() {
        assert!(outgoing(r#"{"method":"notifications/initialized"}"#).is_notification());
        let response = outgoing(r#"{"id":4,"result":{}}"#);
        assert!(!response.is_notification() && response.asked.is_empty());
        assert!(outgoing(r#"{"id":1,"method":"initialize"}"#).asks("initialize"));
    }
}
