//! `keyfob config`: where the files are.

use keyfob_core::failure::Failure;

use crate::context::Context;
use crate::output;

#[expect(clippy::unnecessary_wraps, reason = "the same shape as every command")]
pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let paths = &context.paths;
    let rows = [
        ("profiles", paths.profiles_toml()),
        ("settings", paths.config_toml()),
        ("sealed records", paths.credentials_dir()),
        ("journal", paths.journal_dir()),
        ("control socket", paths.control_socket()),
    ];
    for (name, path) in rows {
        output::data(&format!("{name:<16}{}", path.display()));
    }
    Ok(())
}
