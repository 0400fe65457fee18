//! `keyfob completions` and `keyfob man`: made from the command line's own definition.

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

pub(crate) fn man() -> Result<u8, Failure> {
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(Arguments::command()).render(&mut page);
    made.map_err(|error| Failure::Bug(format!("the manual page: {error}")))?;
    output::data(String::from_utf8_lossy(&page).trim_end());
    Ok(0)
}
