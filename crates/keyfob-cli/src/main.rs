//! `keyfob-cli`: every command. Nobody types this name: `keyfob` becomes this program for all that it does not do itself.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    keyfob_cli::whole()
}
