//! `keyfob config`: where the files are. `keyfob config NAME --lifetime …`: the answer to "when does this sign-in end?",
//! written into `profiles.toml`.

use keyfob_core::failure::Failure;
use keyfob_core::profile::{LifetimeAnswer, duration_text};

use crate::arguments::Config;
use crate::context::Context;
use crate::output;

pub(crate) async fn run(arguments: &Config, context: &Context) -> Result<(), Failure> {
    match (&arguments.name, &arguments.lifetime) {
        (Some(name), Some(lifetime)) => set_lifetime(name, LifetimeAnswer::parse(lifetime)?, context).await,
        (None, None) => show_files(context),
        (Some(name), None) => {
            let name = context.profile(name)?.name;
            Err(Failure::Usage(format!(
                "say what to set: keyfob config {name} --lifetime 30d, or edit {}",
                context.paths.profiles_toml().display()
            )))
        }
        (None, Some(_)) => {
            Err(Failure::Usage("--lifetime is set for one profile: keyfob config NAME --lifetime 30d".into()))
        }
    }
}

/// Keeps the answer and tells a running keeper.
pub(crate) async fn set_lifetime(
    name: &str,
    answer: LifetimeAnswer,
    context: &Context,
) -> Result<(), Failure> {
    let profile = context.profile(name)?;
    context.ports()?.settings.set_sign_in_lifetime(&profile.name, answer)?;
    context.tell_keeper(Some(&profile.name)).await;
    let words = match answer {
        LifetimeAnswer::Open => "the end of its sign-ins is asked for again".to_owned(),
        LifetimeAnswer::NotKnown => "the end of its sign-ins is not known; nobody asks again".to_owned(),
        LifetimeAnswer::Known(known) => format!("its sign-ins end after {}", duration_text(known.lifetime)),
    };
    output::good(&format!("{name}: {words}"));
    Ok(())
}

fn show_files(context: &Context) -> Result<(), Failure> {
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
    // What programs with a stripped environment need to find the same files.
    if let Some(home) = paths.home_argument()? {
        output::data(&format!("{:<16}{}", "--home", home.display()));
    }
    Ok(())
}
