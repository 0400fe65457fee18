//! `keyfob`: gives a token that is held, and becomes `keyfob-cli` for everything else. Small, because it is started before each
//! request of other programs, and most of a short life is spent in loading (docs/speed.md).
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    match keyfob_cli::at_once() {
        Ok(code) => code,
        Err(left) => keyfob_cli::whole_program(&left),
    }
}
