//! All clients, one file each.

mod antigravity;
mod claude_code;
mod claude_desktop;
mod cline;
mod codex;
mod continue_dev;
mod copilot_cli;
mod copilot_jetbrains;
mod cursor;
mod devin;
mod gemini;
mod goose;
mod inspector;
mod jetbrains;
mod junie;
mod lm_studio;
mod opencode;
mod places;
mod vscode;
mod windsurf;
mod zed;

use crate::client::Client;

/// Every client keyfob knows, the most used first.
pub const ALL: [&Client; 20] = [
    &claude_code::CLIENT,
    &claude_desktop::CLIENT,
    &codex::CLIENT,
    &vscode::CLIENT,
    &cursor::CLIENT,
    &opencode::CLIENT,
    &gemini::CLIENT,
    &antigravity::CLIENT,
    &zed::CLIENT,
    &devin::CLIENT,
    &windsurf::CLIENT,
    &jetbrains::CLIENT,
    &junie::CLIENT,
    &copilot_jetbrains::CLIENT,
    &copilot_cli::CLIENT,
    &lm_studio::CLIENT,
    &cline::CLIENT,
    &goose::CLIENT,
    &continue_dev::CLIENT,
    &inspector::CLIENT,
];

/// The client of this id.
pub fn named(id: &str) -> Option<&'static Client> {
    ALL.into_iter().find(|client| client.id == id)
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
