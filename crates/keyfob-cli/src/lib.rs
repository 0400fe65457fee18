//! keyfob on the command line. Two programs are made of it: [`whole`] is every command, [`at_once`] the few calls that other
//! programs make before each of their own requests (docs/adr/0017).
#![forbid(unsafe_code)]

mod arguments;
mod at_once;
mod commands;
mod context;
mod exit_code;
mod frequent;
mod output;
mod passphrase;
mod runtime;
mod waiting;
mod words;

use std::process::ExitCode;

use arguments::{Arguments, Command, LogFormat};
pub use at_once::{Left, at_once, whole_program};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use context::Context;
use keyfob_core::failure::{About, Failure};
use keyfob_platform::paths::Paths;
use keyfob_platform::store::opened_to_others;

/// Parses the command line, runs one command, turns its failure into words and an exit code.
pub fn whole() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // The help says more than that a command is missing.
        Err(error) if error.kind() == ErrorKind::MissingSubcommand => {
            output::note(&Arguments::command().render_help().to_string());
            return ExitCode::from(2);
        }
        // clap's own words; help and version are no errors.
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            if error.use_stderr() && lacks_the_dashes(std::env::args_os()) {
                output::hint("put -- before the command: keyfob exec NAME -- CMD");
            }
            return ExitCode::from(code);
        }
    };
    let about = commands::subject(&arguments.command);
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let about = about.as_deref();
            match about.filter(|url| url.contains("://")) {
                // A URL is no profile that could be renewed.
                Some(_) if failure.is_temporary() => {
                    output::failure_with(&failure, Some("nothing here was changed: try again in a while"));
                }
                Some(url) => output::failure(&failure, About::New { name: "NAME", url }),
                None => output::failure(&failure, about.map_or(About::Any, About::Profile)),
            }
            ExitCode::from(exit_code::of(&failure))
        }
    }
}

/// True for `keyfob exec` whose command does not stand behind a `--`: what belongs to which would be a guess.
fn lacks_the_dashes(mut words: impl Iterator<Item = std::ffi::OsString>) -> bool {
    words.any(|word| word == "exec") && words.all(|word| word != "--")
}

fn log_to_standard_error(format: LogFormat) {
    let usual = || format!("error,{}=warn", opened_to_others::LOG_TARGET).into();
    let filter = tracing_subscriber::EnvFilter::try_from_env("KEYFOB_LOG").unwrap_or_else(|_| usual());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second log in one process could fail here.
    let _ = match format {
        LogFormat::Text => log.without_time().try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}

fn run(arguments: Arguments) -> Result<u8, Failure> {
    match arguments.command {
        Command::Completions { shell } => return Ok(commands::completions::completions(shell)),
        Command::Man { dir } => return commands::completions::man(dir.as_deref()),
        Command::Demo(demo) => {
            log_to_standard_error(arguments.log_format);
            return runtime::block_on(commands::demo::run(&demo));
        }
        _ => {}
    }
    let home = arguments.home();
    let context = Context::new(Paths::resolve(home.clone())?, home);
    if arguments.without_keeper {
        context.do_without_keeper();
    }
    if let Command::Token(token) = &arguments.command
        && let Some(question) = commands::credential_protocol::asked(token)
    {
        log_to_standard_error(arguments.log_format);
        return question?.answer(token, &context);
    }
    // The fast path: a token from a running keeper needs no runtime, no store and no log.
    if let Some(done) = commands::token::from_keeper(&context, &arguments.command) {
        return done.map(|()| 0);
    }
    log_to_standard_error(arguments.log_format);
    runtime::block_on(commands::run(arguments.command, &context))
}
