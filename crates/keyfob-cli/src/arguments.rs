//! The command line as product contract: scripts are written against it. The commands' own arguments lie by family below.

mod as_mcp_remote;
mod clients;
mod keeping;
mod profiles;
mod servers;
mod tokens;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use as_mcp_remote::{AsMcpRemote, Transport};
pub(crate) use clients::{ClientMetadata, Clients, Import, LinkTo, LinkVia, Unlink};
pub(crate) use keeping::{Agent, Demo, Log, Status, Store, StoreBackend, StoreCommand};
pub(crate) use profiles::{Access, Add, BrowserChoice, ClientAuth, Config, Grant, Named, SignIn};
pub(crate) use servers::{Call, Connect, Doctor, Tools};
pub(crate) use tokens::{Approve, Exec, Headers, Token, TokenFormat};

/// What `keyfob` tells the program it becomes; see [`Arguments::without_keeper`].
pub(crate) const WITHOUT_KEEPER: &str = "--without-keeper";

/// Keeps your MCP sign-ins alive.
#[derive(Debug, Parser)]
#[command(name = "keyfob", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with: keyfob demo, or: keyfob add NAME URL --sign-in")]
pub(crate) struct Arguments {
    // clap would show the variable's value as an argument that every usage line needs: see [`Arguments::home`].
    /// Keep everything under this folder instead of the platform's usual ones; also takes a `where.toml` [env: KEYFOB_HOME]
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    pub(crate) home: Option<PathBuf>,
    /// How the log on standard error is written; what is logged is set by KEYFOB_LOG, such as KEYFOB_LOG=info.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "F",
        env = "KEYFOB_LOG_FORMAT",
        display_order = 901,
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// A keeper runs and does not answer, and this has been waited for and said.
    #[arg(long = "without-keeper", hide = true)]
    pub(crate) without_keeper: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// `--home`, else what `KEYFOB_HOME` says.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.home.clone().or_else(|| std::env::var_os("KEYFOB_HOME").map(PathBuf::from))
    }
}

/// What to do. Only the command that is called is described to clap: `keyfob token` is started often. What it takes is
/// described after what it is, so the arguments' structs carry no `///`, which would be said in its place.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Make a profile; looks the server up first and says what it found.
    Add(Box<Add>),
    /// Sign in, in the system browser.
    #[command(alias = "login")]
    SignIn(SignIn),
    /// Forget the tokens here at once and revoke them at the server.
    #[command(alias = "logout")]
    SignOut(Named),
    /// Sign out and delete the profile.
    Remove(Named),
    /// Show all profiles, or one.
    Status(Status),
    /// Print a valid token, renewing it first if needed.
    Token(Token),
    /// Print one flat JSON object of headers, for clients' header helpers.
    Headers(Headers),
    /// Run a command with the token in its environment.
    Exec(Exec),
    /// Allow a command of profiles.toml to get the profile's tokens.
    Approve(Approve),
    /// Takes a command's run over from another keyfob.
    #[command(hide = true, name = "run-delivery-command")]
    TakeOver,
    /// Renew now.
    Refresh(Named),
    /// Bridge standard input and output to the portal.
    Connect(Box<Connect>),
    /// Call one MCP tool.
    Call(Call),
    /// List the MCP tools.
    Tools(Tools),
    /// Walk the whole chain of authorization and explain each step; changes nothing.
    Doctor(Doctor),
    /// Show the MCP clients of this machine and what is linked to them.
    Clients(Clients),
    /// Take over a sign-in that another program made; alone, show what there is on this machine.
    Import(Box<Import>),
    /// Write an entry for the profile into a client's configuration.
    Link(LinkTo),
    /// Take the entry out again; the rest of the file stays as it is.
    Unlink(Unlink),
    /// Stop background renewal until resumed; a valid token is still handed out.
    Pause(Named),
    /// Take background renewal up again.
    Resume(Named),
    /// Keep sign-ins alive without a screen.
    Agent(Agent),
    /// Change where the key that seals the sign-ins lives.
    Store(Store),
    /// Print the client metadata document to host, or check the hosted one.
    ClientMetadata(ClientMetadata),
    /// Show what happened.
    Log(Log),
    /// Start two demo portals on this machine and show everything working.
    Demo(Demo),
    /// Show where keyfob keeps its files; with a profile, say when its sign-ins end.
    Config(Config),
    /// Print a completion script.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write it and one for each command into a folder.
    Man {
        /// Where the pages go, such as /usr/local/share/man/man1.
        dir: Option<PathBuf>,
    },
}

/// `--log-format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Text,
    /// One JSON object a line, with its time.
    Json,
}
