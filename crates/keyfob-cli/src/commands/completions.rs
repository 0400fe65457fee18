//! `keyfob completions` and `keyfob man`: made from the command line's own definition.

use std::path::Path;

use clap::CommandFactory;
use keyfob_core::failure::Failure;

use crate::arguments::Arguments;
use crate::output;

pub(crate) fn completions(shell: clap_complete::Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "keyfob", &mut script);
    output::data(String::from_utf8_lossy(&script).trim_end());
    0
}

pub(crate) fn man(dir: Option<&Path>) -> Result<u8, Failure> {
    if let Some(dir) = dir {
        return write_pages(dir);
    }
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(Arguments::command()).render(&mut page);
    made.map_err(|error| Failure::Bug(format!("the manual page: {error}")))?;
    output::data(String::from_utf8_lossy(&page).trim_end());
    Ok(0)
}

/// `keyfob.1`, and `keyfob-token.1` and its kin.
fn write_pages(dir: &Path) -> Result<u8, Failure> {
    let written = std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), dir));
    written.map_err(|error| {
        Failure::Usage(format!("the manual pages cannot be written to {}: {error}", dir.display()))
    })?;
    output::good(&format!("written: {}", dir.join("keyfob*.1").display()));
    Ok(0)
}
