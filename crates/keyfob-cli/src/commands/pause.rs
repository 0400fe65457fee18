//! `keyfob pause` and `keyfob resume`.

use keyfob_core::failure::Failure;

use crate::context::Context;
use crate::output;

pub(crate) async fn run(name: &str, paused: bool, context: &Context) -> Result<(), Failure> {
    let profile = context.profile(name)?;
    context.ports()?.settings.set_paused(&profile.name, paused)?;
    context.tell_keeper(Some(&profile.name)).await;
    if paused {
        output::good(&format!("paused {name}: no background renewal until keyfob resume {name}"));
    } else {
        output::good(&format!("resumed {name}"));
    }
    Ok(())
}
