//! MCP Inspector: nothing to edit, one line to run.

use crate::client::{Client, Via, Wanted, Writing};
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "inspector",
    name: "MCP Inspector",
    ways: &[Via::Helper],
    installed: |machine| machine.program("mcp-inspector").is_some(),
    writing: Writing::Snippet(snippet),
    entry,
    afterwards: "Run the line; the token in it is good until it ends.",
    after_unlinking: "There is nothing to undo.",
    environment: "env",
    helper_since: None,
};

fn snippet(wanted: &Wanted) -> String {
    let token = wanted.command_line("token");
    format!(
        "mcp-inspector --cli --server-url {} --transport http --header \"Authorization: Bearer $({token})\" --method tools/list",
        wanted.url
    )
}

fn entry(wanted: &Wanted) -> Value {
    table([("url", wanted.url.clone().into())])
}
