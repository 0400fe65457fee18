//! Tools that the user keeps from a client: they are left out of every list, and a call of one never leaves the machine.

use serde_json::Value;

/// Patterns of names; `*` stands for any text, and upper and lower case are the same.
#[derive(Debug, Clone, Default)]
pub struct HiddenTools {
    patterns: Vec<String>,
}

impl HiddenTools {
    /// Hides what one of these matches as a whole.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        Self { patterns: patterns.into_iter().map(|pattern| pattern.to_lowercase()).collect() }
    }

    /// The first hidden tool that a line from the client calls.
    pub(crate) fn called_in(&self, line: &[u8]) -> Option<String> {
        let message = self.parsed(line)?;
        let name = |message: &Value| {
            let name = message["params"]["name"].as_str().filter(|_| message["method"] == "tools/call")?;
            self.hides(name).then(|| name.to_owned())
        };
        match &message {
            Value::Array(batch) => batch.iter().find_map(name),
            single => name(single),
        }
    }

    /// A line from the server without the hidden tools of its lists; `None` where it stays as it came.
    pub(crate) fn taken_out_of(&self, line: &[u8]) -> Option<Vec<u8>> {
        let mut message = self.parsed(line)?;
        let changed = match &mut message {
            Value::Array(batch) => {
                batch.iter_mut().filter_map(|one| self.shorten(one).then_some(())).count() > 0
            }
            single => self.shorten(single),
        };
        changed.then(|| message.to_string().into_bytes())
    }

    fn parsed(&self, line: &[u8]) -> Option<Value> {
        if self.patterns.is_empty() { None } else { serde_json::from_slice(line).ok() }
    }

    fn shorten(&self, message: &mut Value) -> bool {
        let tools = message.get_mut("result").and_then(|result| result.get_mut("tools"));
        let Some(Value::Array(tools)) = tools else { return false };
        let before = tools.len();
        tools.retain(|tool| !tool["name"].as_str().is_some_and(|name| self.hides(name)));
        tools.len() < before
    }

    fn hides(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.patterns.iter().any(|pattern| matches(pattern, &name))
    }
}

/// The parts between the stars stand in the name, in their order, the first at its start and the last at its end.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(patterns: &[&str]) -> HiddenTools {
        HiddenTools::new(patterns.iter().map(|pattern| (*pattern).to_owned()))
    }

    #[test]
    fn a_star_stands_for_any_text_and_a_name_without_one_for_itself() {
        for (pattern, name, fits) in [
            ("delete*", "deleteTask", true),
            ("DELETE*", "deletetask", true),
            ("delete*", "undelete", false),
            ("*account", "getAccount", true),
            ("*account", "accounts", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*", "anything", true),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(hidden(&[pattern]).hides(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_list_loses_the_hidden_ones_and_every_other_line_stays() {
        let list =
            br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"drop"}],"nextCursor":"x"}}"#;
        let shorter = hidden(&["drop"]).taken_out_of(list).unwrap();
        let shorter: Value = serde_json::from_slice(&shorter).unwrap();
        assert_eq!(shorter["result"], serde_json::json!({ "tools": [{ "name": "a" }], "nextCursor": "x" }));
        assert_eq!(hidden(&["other"]).taken_out_of(list), None);
        assert_eq!(HiddenTools::default().taken_out_of(list), None);
        assert_eq!(hidden(&["drop"]).taken_out_of(br#"{"result":{"content":[{"name":"drop"}]}}"#), None);
    }

    #[test]
    fn a_call_of_a_hidden_one_is_seen_alone_and_in_a_batch() {
        let call = r#"{"id":1,"method":"tools/call","params":{"name":"drop"}}"#;
        assert_eq!(hidden(&["d*"]).called_in(call.as_bytes()), Some("drop".into()));
        assert_eq!(hidden(&["d*"]).called_in(format!("[{{}},{call}]").as_bytes()), Some("drop".into()));
        assert_eq!(hidden(&["x"]).called_in(call.as_bytes()), None);
        assert_eq!(hidden(&["d*"]).called_in(br#"{"method":"prompts/get","params":{"name":"drop"}}"#), None);
    }
}
