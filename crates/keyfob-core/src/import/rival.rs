//! Two programs that renew one sign-in end it. Who the other one is, and how to make it stop without ending the sign-in.

use super::{ForeignSignIn, Source};
use crate::server_text::shown;

impl ForeignSignIn {
    /// What to do about the program that it came from, in sentences; `None` where nothing that keyfob took over is renewed there.
    /// Never "sign out there": several programs revoke at the server then.
    pub fn rival(&self, file: Option<&str>) -> Option<String> {
        self.renews().then_some(())?;
        let server =
            self.server.as_deref().map_or_else(|| "this server".into(), |name| format!("`{}`", shown(name)));
        let stop = match self.source {
            Source::McpRemote => {
                "take mcp-remote out of the client's configuration; link the client to keyfob instead".into()
            }
            Source::ClaudeCode => format!("take {server} out of Claude Code: claude mcp remove"),
            Source::Codex => format!("take {server} out of Codex: codex mcp remove"),
            Source::Opencode => format!("take {server} out of opencode's opencode.json"),
            Source::Gemini => format!("take {server} out of Gemini CLI's settings.json, by hand"),
            Source::TokenFile => {
                let file = file.unwrap_or("the file");
                format!(
                    "the program that renews {file} must stop doing so; keyfob can write that file for it (--deliver)"
                )
            }
            Source::Pasted => "close it".into(),
        };
        Some(format!(
            "{} still has this sign-in: when both renew it, the server may end it. So {stop}. Do not sign out there: that may \
             end it here too.",
            self.source.name()
        ))
    }
}
