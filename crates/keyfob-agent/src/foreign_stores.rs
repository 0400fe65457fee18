//! Where other programs of this user keep their sign-ins to MCP servers. Files are read and never written, and nothing here
//! shows a secret.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use keyfob_core::import::{
    ForeignSignIn, Source, claude_code, codex, gemini, mcp_remote_file_name, mcp_remote_sign_in, opencode,
};
use serde::Serialize;

use crate::client_programs::{ClientPrograms, System};

/// A sign-in and the file it was read from.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The file.
    pub file: PathBuf,
    /// What was in it.
    pub sign_in: ForeignSignIn,
}

/// What may be shown of a stored sign-in: by type, no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Whose it is, as typed on the command line.
    pub source: &'static str,
    /// What that program calls the server; `null` where it has no name.
    pub server: Option<String>,
    /// The MCP URL; `null` where the store does not say.
    pub url: Option<String>,
    /// When the access token ends; `null` where nobody knows.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether keyfob could go on with it: there is a refresh token, and it is known which client it is for.
    pub renews: bool,
    /// The file.
    pub file: PathBuf,
}

/// Everything on this machine, and the stores that were not understood.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The sign-ins.
    pub seen: Vec<Seen>,
    /// Which file, and why.
    pub problems: Vec<String>,
}

impl Stored {
    /// What may be shown of it.
    pub fn seen(&self) -> Seen {
        Seen {
            source: self.sign_in.source.word(),
            server: self.sign_in.server.as_deref().map(keyfob_core::server_text::shown),
            url: self.sign_in.url.as_deref().map(keyfob_core::server_text::shown),
            expires_at: self.sign_in.expires_at,
            renews: self.sign_in.renews(),
            file: self.file.clone(),
        }
    }
}

/// What all known programs keep. `urls` are addresses that mcp-remote may have been used for: it writes none down.
pub fn survey(machine: &dyn ClientPrograms, urls: &[String]) -> Survey {
    let mut survey = Survey::default();
    for source in Source::STORES {
        match stored(machine, source, urls) {
            Ok(found) => survey.seen.extend(found.iter().map(Stored::seen)),
            Err(why) => survey.problems.push(why),
        }
    }
    survey
}

/// The sign-ins of one program; none where it keeps none here.
///
/// # Errors
/// Which file is not understood or cannot be read, and why.
pub fn stored(machine: &dyn ClientPrograms, source: Source, urls: &[String]) -> Result<Vec<Stored>, String> {
    let Some(file) = place(machine, source) else { return Ok(Vec::new()) };
    if source == Source::McpRemote {
        return mcp_remote(machine, &file, urls);
    }
    let Some(bytes) = read(machine, &file)? else { return Ok(Vec::new()) };
    let found = match source {
        Source::ClaudeCode => claude_code(&bytes),
        Source::Codex => codex(&bytes),
        Source::Opencode => opencode(&bytes),
        Source::Gemini => gemini(&bytes),
        Source::McpRemote | Source::TokenFile | Source::Pasted => Ok(Vec::new()),
    };
    let found = found.map_err(|why| format!("{}: {why}", file.display()))?;
    Ok(found.into_iter().map(|sign_in| Stored { file: file.clone(), sign_in }).collect())
}

/// The file, or for mcp-remote the folder, in which a program keeps its sign-ins.
pub fn place(machine: &dyn ClientPrograms, source: Source) -> Option<PathBuf> {
    let folder = |variable: &str, below_home: &str| {
        machine.variable(variable).map_or_else(|| machine.home().join(below_home), PathBuf::from)
    };
    match source {
        Source::McpRemote => Some(folder("MCP_REMOTE_CONFIG_DIR", ".mcp-auth")),
        Source::ClaudeCode => Some(folder("CLAUDE_CONFIG_DIR", ".claude").join(".credentials.json")),
        Source::Codex => Some(folder("CODEX_HOME", ".codex").join(".credentials.json")),
        Source::Opencode => Some(folder("XDG_DATA_HOME", ".local/share").join("opencode/mcp-auth.json")),
        Source::Gemini => Some(machine.home().join(".gemini/mcp-oauth-tokens.json")),
        Source::TokenFile | Source::Pasted => None,
    }
}

/// Where a program may keep its sign-ins out of keyfob's sight, and what to do then.
pub fn elsewhere(machine: &dyn ClientPrograms, source: Source) -> Option<&'static str> {
    match (source, machine.system()) {
        (Source::ClaudeCode, System::MacOs) => Some(
            "Claude Code keeps its sign-ins in the Keychain here, which keyfob does not read; sign in anew with keyfob add \
                 NAME URL --sign-in",
        ),
        (Source::Codex, _) => Some(
            "Codex keeps its sign-ins in the keyring unless its config.toml says mcp_oauth_credentials_store = \"file\", and \
             keyfob does not read another program's keyring entries; set that and run codex mcp login, or sign in anew with \
             keyfob add NAME URL --sign-in",
        ),
        (Source::Gemini, _) => Some(
            "newer versions of Gemini CLI encrypt their tokens, and keyfob does not decrypt them; sign in anew with keyfob \
                 add NAME URL --sign-in",
        ),
        _ => None,
    }
}

/// One folder for each version that ever ran; the newest file of a server is its sign-in.
fn mcp_remote(machine: &dyn ClientPrograms, base: &Path, urls: &[String]) -> Result<Vec<Stored>, String> {
    let mut versions = machine.list(base);
    versions.sort_by_key(|folder| version(folder));
    let mut found: Vec<(String, Stored)> = Vec::new();
    for file in versions.iter().rev().flat_map(|folder| machine.list(folder)) {
        let Some(digest) = name(&file).strip_suffix("_tokens.json").map(str::to_owned) else { continue };
        if found.iter().any(|(known, _)| *known == digest) {
            continue;
        }
        let Some(token_file) = read(machine, &file)? else { continue };
        let client_file = read(machine, &file.with_file_name(format!("{digest}_client_info.json")))?;
        let url = urls.iter().find(|url| mcp_remote_file_name(url) == digest).map(String::as_str);
        let sign_in = mcp_remote_sign_in(&token_file, client_file.as_deref(), url)
            .map_err(|why| format!("{}: {why}", file.display()))?;
        found.extend(sign_in.map(|sign_in| (digest, Stored { file, sign_in })));
    }
    Ok(found.into_iter().map(|(_, stored)| stored).collect())
}

/// `mcp-remote-v1` came after all of `mcp-remote-0.1.38` and the like.
fn version(folder: &Path) -> (bool, Vec<u64>) {
    let version = name(folder).trim_start_matches("mcp-remote-").to_owned();
    let numbers = version.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    (version.starts_with('v'), numbers.collect())
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn read(machine: &dyn ClientPrograms, file: &Path) -> Result<Option<Vec<u8>>, String> {
    machine.read(file).map_err(|problem| format!("{} cannot be read: {problem}", file.display()))
}
