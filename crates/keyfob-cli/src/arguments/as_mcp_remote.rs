//! Arguments of `keyfob connect` that mcp-remote knows too, so that a configuration which named it needs no more than another
//! program's name. They stand in no help: a profile says all of this better.

use clap::{Args, ValueEnum};

// Behind `keyfob connect URL`.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct AsMcpRemote {
    /// The port of the redirect.
    #[arg(value_name = "PORT", hide = true)]
    pub(crate) port: Option<u16>,
    /// The host of the redirect.
    #[arg(long, hide = true)]
    pub(crate) host: Option<String>,
    /// The path of the redirect.
    #[arg(long, hide = true)]
    pub(crate) callback_path: Option<String>,
    /// A header for every request to the MCP server; `${VAR}` is taken from the environment.
    #[arg(long = "header", hide = true, value_name = "NAME:VALUE", allow_hyphen_values = true)]
    pub(crate) headers: Vec<String>,
    /// Which transport is tried first.
    #[arg(long, hide = true, value_enum)]
    pub(crate) transport: Option<Transport>,
    /// The `resource` parameter.
    #[arg(long, hide = true, conflicts_with = "disable_resource_parameter")]
    pub(crate) resource: Option<String>,
    /// No `resource` parameter.
    #[arg(long, hide = true)]
    pub(crate) disable_resource_parameter: bool,
    /// A tool that the client gets neither to see nor to call; `*` stands for any text.
    #[arg(long = "ignore-tool", hide = true, value_name = "PATTERN")]
    pub(crate) ignored_tools: Vec<String>,
    /// A client that the server knows already, as JSON or @FILE.
    #[arg(long, hide = true, value_name = "JSON|@FILE")]
    pub(crate) static_oauth_client_info: Option<String>,
    /// What a registration would say, as JSON or @FILE; its scope is taken.
    #[arg(long, hide = true, value_name = "JSON|@FILE")]
    pub(crate) static_oauth_client_metadata: Option<String>,
    /// Nothing: plain http is for this machine alone.
    #[arg(long, hide = true)]
    pub(crate) allow_http: bool,
    /// Nothing: KEYFOB_LOG=debug says more.
    #[arg(long, hide = true)]
    pub(crate) debug: bool,
    /// Nothing: nothing is said but what matters.
    #[arg(long, hide = true)]
    pub(crate) silent: bool,
    /// Nothing: the usual variables name a proxy.
    #[arg(long, hide = true)]
    pub(crate) enable_proxy: bool,
    /// Nothing: a person has five minutes.
    #[arg(long, hide = true, value_name = "SECONDS")]
    pub(crate) auth_timeout: Option<u32>,
}

/// `--transport`; either is tried where the other is not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// Streamable HTTP.
    HttpFirst,
    /// The same.
    HttpOnly,
    /// The transport of 2024-11-05.
    SseFirst,
    /// The same.
    SseOnly,
}
