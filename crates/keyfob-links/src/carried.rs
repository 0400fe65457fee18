//! What an entry that makes room for keyfob's says beyond the server and its token, and what of that goes on: headers, and what
//! mcp-remote is told and `keyfob connect` understands as well. A fixed token never goes on; what cannot is told.

use keyfob_core::server_text::shown;
use serde_json::Value as Json;

use crate::mcp_remote;
use crate::replaceable::{HEADERS, SPELLINGS, TOKENS, words};

/// Headers that say what only keyfob and the protocol know, in lower case.
pub const SET_BY_KEYFOB: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "mcp-session-id",
    "last-event-id",
    "cookie",
];

/// How clients spell the table of variables for a program.
const ENVIRONMENTS: [&str; 3] = ["env", "environment", "envs"];
/// Variables that name a way through the network.
const NETWORK: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
/// Members that keyfob's entry has a word of its own for, or that say nothing.
const REPLACED: [&str; 16] = [
    "type",
    "transport",
    "command",
    "cmd",
    "args",
    "oauth",
    "auth",
    "name",
    "enabled",
    "disabled",
    "description",
    "source",
    "bundled",
    "env_keys",
    "http_headers_helper",
    "headersHelper",
];

/// What goes on, all of it by the bridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    what: Vec<String>,
    left_out: Vec<String>,
}

impl Carried {
    /// Of an entry of somebody else's, or of one that keyfob wrote.
    pub fn of(entry: &Json) -> Self {
        let (words, mut carried) = (words(entry), Self::default());
        let is_ours = ours(&words);
        if let Some(given) = is_ours.or_else(|| mcp_remote::given_in(&words)) {
            carried.take_arguments(given, entry);
        } else {
            carried.take_headers(entry);
        }
        if is_ours.is_none() {
            carried.name_the_rest(entry);
        }
        carried
    }

    /// Further arguments of `keyfob connect`.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Variables that it needs for them.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// What only the bridge goes on with, for people; `None` where there is nothing.
    pub fn what(&self) -> Option<String> {
        (!self.what.is_empty()).then(|| self.what.join(", "))
    }

    /// What does not go on, for people; `None` where all does.
    pub fn left_out(&self) -> Option<String> {
        (!self.left_out.is_empty()).then(|| self.left_out.join(", "))
    }

    fn take_arguments(&mut self, given: &[String], entry: &Json) {
        let mut rest = given.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            let (option, mut value) =
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            let mut next = || value.take().or_else(|| rest.next()).unwrap_or_default().to_owned();
            match option {
                "--header" => self.take_header_argument(&next(), entry),
                "--transport" | "--ignore-tool" => {
                    let value = next();
                    self.what.push(format!("{option} {}", shown(&value)));
                    self.arguments.extend([option.to_owned(), value]);
                }
                "--allow-http" | "--enable-proxy" => self.arguments.push(option.to_owned()),
                "--debug" | "--silent" => {}
                "--auth-timeout" => drop(next()),
                "--host"
                | "--callback-path"
                | "--resource"
                | "--static-oauth-client-info"
                | "--static-oauth-client-metadata" => {
                    next();
                    self.left_out.push(format!("{option} (the profile's sign-in has its own)"));
                }
                "--disable-resource-parameter" => {
                    self.left_out.push(format!("{option} (the profile's sign-in has its own)"));
                }
                // The port of mcp-remote's redirect.
                port if port.parse::<u16>().is_ok() => {}
                other if other.starts_with('-') => self.left_out.push(shown(other)),
                _ => {}
            }
        }
        for (name, value) in
            variables(entry).filter(|(name, _)| NETWORK.contains(&&*name.to_ascii_lowercase()))
        {
            self.add_variable(name, value);
        }
    }

    fn take_header_argument(&mut self, text: &str, entry: &Json) {
        let Some((name, value)) = text.split_once(':') else { return };
        let used: Vec<(&str, &str)> =
            variables(entry).filter(|(name, _)| text.contains(&format!("${{{name}}}"))).collect();
        if !value.contains("${") {
            return self.take_header(name.trim(), value.trim());
        }
        if self.may_go_on(name.trim()) {
            self.arguments.extend(["--header".to_owned(), text.to_owned()]);
            for (name, value) in used {
                self.add_variable(name, value);
            }
        }
    }

    fn take_headers(&mut self, entry: &Json) {
        for table in HEADERS.iter().filter_map(|name| entry.get(name)) {
            let headers = table.get("headers").unwrap_or(table).as_object().into_iter().flatten();
            for (name, value) in headers {
                if let Some(value) = value.as_str() {
                    self.take_header(name, value);
                }
            }
        }
    }

    /// By a variable of its own: other users of a machine see the arguments of a program.
    fn take_header(&mut self, name: &str, value: &str) {
        if !self.may_go_on(name) {
            return;
        }
        let variable = format!("KEYFOB_HEADER_{}", self.environment.len() + 1);
        self.arguments.extend(["--header".to_owned(), format!("{name}:${{{variable}}}")]);
        self.add_variable(&variable, value);
    }

    /// Notes the header for people, in either case; a fixed token is what keyfob is here to replace.
    fn may_go_on(&mut self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if lower == "authorization" || name.is_empty() {
            return false;
        }
        let goes_on = name.chars().all(is_name) && !SET_BY_KEYFOB.contains(&&*lower);
        let said = if goes_on { &mut self.what } else { &mut self.left_out };
        said.push(format!("the header {}", shown(name)));
        goes_on
    }

    fn add_variable(&mut self, name: &str, value: &str) {
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name && !self.environment.iter().any(|(there, _)| there == name) {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Members and variables that nothing of the above was made of.
    fn name_the_rest(&mut self, entry: &Json) {
        let known = |name: &str| {
            let lists: [&[&str]; 5] = [&REPLACED, &SPELLINGS, &HEADERS, &TOKENS, &ENVIRONMENTS];
            lists.iter().any(|list| list.contains(&name))
        };
        let members = entry.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        self.left_out.extend(members.filter(|name| !known(name)).map(|name| format!("`{}`", shown(name))));
        // One that an Authorization header was made of is no loss.
        let of_a_token = |name: &str| words(entry).iter().any(|word| word.contains(&format!("${{{name}}}")));
        for (name, _) in variables(entry) {
            if !of_a_token(name) && !self.environment.iter().any(|(there, _)| there == name) {
                self.left_out.push(format!("the variable {}", shown(name)));
            }
        }
    }
}

fn variables(entry: &Json) -> impl Iterator<Item = (&str, &str)> {
    let tables = ENVIRONMENTS.iter().filter_map(|name| entry.get(name)?.as_object());
    tables.flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// What `keyfob connect NAME` is given beyond that, where it is started.
fn ours(words: &[String]) -> Option<&[String]> {
    let at = words.iter().position(|word| word == "connect")?;
    let program = words.first()?.rsplit(['/', '\\']).next()?;
    (program == "keyfob" || program == "keyfob.exe").then(|| words.get(at + 2..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Arguments, variables, what goes on and what does not.
    type Told = (String, Vec<(String, String)>, Option<String>, Option<String>);

    fn of(entry: &Json) -> Told {
        let carried = Carried::of(entry);
        (carried.arguments().join(" "), carried.environment().to_vec(), carried.what(), carried.left_out())
    }

    fn pairs<const N: usize>(all: [(&str, &str); N]) -> Vec<(String, String)> {
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn what_mcp_remote_is_told_goes_on_but_for_tokens_and_what_the_sign_in_has_itself() {
        let entry = json!({ "command": "npx", "args": ["-y", "mcp-remote@latest", "https://a.example/sse", "3334", "--header",
            "X-Tenant: acme one", "--header", "Authorization: Bearer canary", "--header=X-Key:${KEY}", "--header",
            "Authorization:${AUTH}", "--transport", "sse-only", "--allow-http", "--ignore-tool", "delete*", "--debug",
            "--resource", "https://t.example/", "--host", "127.0.0.1", "--new-one", "x", "--auth-timeout", "60"],
            "env": { "KEY": "k", "AUTH": "Bearer canary", "HTTPS_PROXY": "http://p:1", "OTHER": "o" }, "timeout": 5, "type": "stdio" });
        let (arguments, environment, what, left_out) = of(&entry);
        assert_eq!(
            arguments,
            "--header X-Tenant:${KEYFOB_HEADER_1} --header X-Key:${KEY} --transport sse-only --allow-http --ignore-tool delete*"
        );
        assert_eq!(
            environment,
            pairs([("KEYFOB_HEADER_1", "acme one"), ("KEY", "k"), ("HTTPS_PROXY", "http://p:1")])
        );
        assert_eq!(
            what.unwrap(),
            "the header X-Tenant, the header X-Key, --transport sse-only, --ignore-tool delete*"
        );
        assert_eq!(
            left_out.unwrap(),
            "--resource (the profile's sign-in has its own), --host (the profile's sign-in has its own), --new-one, `timeout`, \
             the variable OTHER"
        );
    }

    #[test]
    fn headers_beside_the_token_go_on_and_nothing_is_said_where_there_are_none() {
        let entry = json!({ "url": "https://a.example/mcp", "headers": { "authorization": "Bearer canary", "Host": "x",
            "X-Tenant": "acme" } });
        let (arguments, environment, what, left_out) = of(&entry);
        assert_eq!(arguments, "--header X-Tenant:${KEYFOB_HEADER_1}");
        assert_eq!(environment, pairs([("KEYFOB_HEADER_1", "acme")]));
        assert_eq!(
            (what.as_deref(), left_out.as_deref()),
            (Some("the header X-Tenant"), Some("the header Host"))
        );
        let plain =
            json!({ "url": "https://a.example/mcp", "headers": { "Authorization": "Bearer canary" } });
        assert_eq!(Carried::of(&plain), Carried::default());
        let remote = json!({ "command": ["npx", "mcp-remote", "https://a.example/mcp", "--header", "Authorization:x"] });
        assert_eq!(Carried::of(&remote), Carried::default());
    }

    /// A link that is made anew goes on with what the one before it has carried.
    #[test]
    fn what_keyfobs_own_entry_carries_is_carried_again() {
        let entry = json!({ "command": "/opt/keyfob", "args": ["--home", "/h", "connect", "work", "--header",
            "X-Tenant:${KEYFOB_HEADER_1}", "--transport", "sse-first"], "env": { "KEYFOB_HEADER_1": "acme" } });
        let (arguments, environment, _, left_out) = of(&entry);
        assert_eq!(arguments, "--header X-Tenant:${KEYFOB_HEADER_1} --transport sse-first");
        assert_eq!((environment, left_out), (pairs([("KEYFOB_HEADER_1", "acme")]), None));
    }
}
