//! Commands that hand a token out.

use clap::{Args, ValueEnum};

// `keyfob token`
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The profile.
    pub(crate) name: String,
    /// What a program asks of its credential helper: get, store, erase or list.
    pub(crate) operation: Option<String>,
    /// It must be valid for at least this long.
    #[arg(long, value_name = "D", default_value = "60s")]
    pub(crate) min_validity: String,
    /// Renew even a valid one.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value = "bare")]
    pub(crate) format: TokenFormat,
}

/// How a token is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The token alone.
    Bare,
    /// keyfob's JSON.
    Json,
    /// `Authorization: Bearer T`
    Header,
    /// `KEYFOB_ACCESS_TOKEN=T`
    Env,
    /// Bazel's credential helper.
    Bazel,
    /// kubectl's exec credential.
    ExecCredential,
    /// Git's credential helper.
    Git,
    /// Docker's credential helper.
    Docker,
}

// `keyfob headers`
#[derive(Debug, Args)]
pub(crate) struct Headers {
    /// The profile.
    pub(crate) name: String,
}

// `keyfob exec`
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The profile.
    pub(crate) name: String,
    /// The variable that holds the token.
    #[arg(long, value_name = "VAR", default_value = "KEYFOB_ACCESS_TOKEN")]
    pub(crate) env: String,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

// `keyfob approve`
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The profile.
    pub(crate) name: String,
    /// Allow the one command with this hash, without being asked; `keyfob approve NAME` tells it.
    #[arg(long, value_name = "HASH")]
    pub(crate) exactly: Vec<String>,
}
