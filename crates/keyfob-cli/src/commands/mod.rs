//! One file per command, or per family of commands that share everything but a verb.

pub(crate) mod add;
pub(crate) mod agent;
pub(crate) mod approve;
pub(crate) mod call;
pub(crate) mod client_metadata;
mod client_proof_argument;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod connect;
pub(crate) mod credential_protocol;
pub(crate) mod delivery_argument;
pub(crate) mod demo;
mod device_prompt;
pub(crate) mod doctor;
pub(crate) mod end_question;
pub(crate) mod exec;
mod import;
pub(crate) mod link;
pub(crate) mod log;
pub(crate) mod pause;
pub(crate) mod refresh;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod status;
pub(crate) mod store;
mod time_span_argument;
pub(crate) mod token;
mod typed;

use keyfob_core::failure::Failure;

use crate::arguments::Command;
use crate::context::Context;

/// Runs a command; the number is the exit code of a success.
pub(crate) async fn run(command: Command, context: &Context) -> Result<u8, Failure> {
    if needs_a_person(&command) {
        context.ports_with_a_person().await?;
    }
    let done = match command {
        Command::Add(add) => return Box::pin(add::run(&add, context)).await,
        Command::SignIn(sign_in) => return sign_in::run(&sign_in, context).await,
        Command::SignOut(named) => sign_out::sign_out(&named.name, context).await,
        Command::Remove(named) => sign_out::remove(&named.name, context).await,
        Command::Status(status) => status::run(&status, context).await,
        Command::Token(token) => token::print(&token, context).await,
        Command::Headers(headers) => token::headers(&headers.name, context).await,
        Command::Exec(exec) => return exec::run(&exec, context).await,
        Command::Approve(wanted) => return approve::run(&wanted, context).await,
        Command::TakeOver => return approve::take_over(context).await,
        Command::Refresh(named) => refresh::run(&named.name, context).await,
        Command::Connect(connect) => Box::pin(connect::run(&connect, context)).await,
        Command::Call(call) => return call::call(&call, context).await,
        Command::Tools(tools) => call::tools(&tools, context).await,
        Command::Doctor(doctor) => return doctor::run(&doctor, context).await,
        Command::Clients(clients) => link::clients(&clients, context),
        Command::Import(wanted) => return Box::pin(import::run(&wanted, context)).await,
        Command::Link(to) => link::link(&to, context).await,
        Command::Unlink(unlink) => link::unlink(&unlink, context),
        Command::Pause(named) => pause::run(&named.name, true, context).await,
        Command::Resume(named) => pause::run(&named.name, false, context).await,
        Command::Agent(agent) => return agent::run(&agent, context).await,
        Command::Store(store) => store::run(&store, context).await,
        Command::ClientMetadata(wanted) => return client_metadata::run(&wanted, context).await,
        Command::Log(log) => log::run(&log, context).await,
        Command::Config(config) => config::run(&config, context).await,
        Command::Demo(_) | Command::Completions { .. } | Command::Man { .. } => Ok(()),
    };
    done.map(|()| 0)
}

/// Commands that nobody runs unattended: what helpers of other programs run never prompts.
fn needs_a_person(command: &Command) -> bool {
    match command {
        Command::Add(add) => add.sign_in,
        Command::Import(import) => import.from.is_some(),
        Command::SignIn(_) | Command::SignOut(_) | Command::Remove(_) => true,
        _ => false,
    }
}

/// The profile a command is about, for the hint after a failure.
pub(crate) fn subject(command: &Command) -> Option<String> {
    let name = match command {
        Command::Add(add) => &add.name,
        Command::SignIn(c) => &c.name,
        Command::Token(c) => &c.name,
        Command::Headers(c) => &c.name,
        Command::Exec(c) => &c.name,
        Command::Approve(c) => &c.name,
        Command::Call(c) => &c.name,
        Command::Tools(c) => &c.name,
        Command::Connect(c) => &c.target,
        Command::Doctor(c) => &c.target,
        Command::Import(c) => return c.name.clone(),
        Command::Link(c) => &c.name,
        Command::Unlink(c) => &c.name,
        Command::Config(c) => return c.name.clone(),
        Command::SignOut(c)
        | Command::Remove(c)
        | Command::Refresh(c)
        | Command::Pause(c)
        | Command::Resume(c) => &c.name,
        _ => return None,
    };
    Some(name.clone())
}
