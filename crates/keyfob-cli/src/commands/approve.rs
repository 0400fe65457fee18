//! `keyfob approve`: a person allows commands of a profile to get its tokens. Each is shown whole, the danger is said, and
//! only a typed `yes` allows it (G11). Without a terminal nothing is allowed but what is named by its hash.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use keyfob_agent::delivery::command::CommandApproval;
use keyfob_agent::journeys::approve::{approve, commands};
use keyfob_core::failure::Failure;
use keyfob_core::profile::Profile;
use keyfob_core::secret::Fingerprint;
use keyfob_platform::delivery_command;

use crate::arguments::Approve;
use crate::context::Context;
use crate::output;

pub(crate) async fn run(wanted: &Approve, context: &Context) -> Result<u8, Failure> {
    let profile = context.profile(&wanted.name)?;
    let all = commands(context.ports()?, &profile).await?;
    let waiting: Vec<_> = all.iter().filter(|approval| !approval.is_approved).collect();
    if waiting.is_empty() {
        output::note(match all.len() {
            0 => "this profile has no commands",
            _ => "every command of this profile is allowed already",
        });
        return Ok(0);
    }
    if let Some(unknown) = wanted.exactly.iter().find(|hash| !waiting.iter().any(|w| hex(w) == **hash)) {
        let unknown = keyfob_core::server_text::shown(unknown);
        let why =
            format!("no command of `{}` that waits has the hash {unknown}: it may have changed", wanted.name);
        output::failure_with(&Failure::Usage(why), Some(&format!("keyfob approve {}", wanted.name)));
        return Ok(2);
    }
    let mut allowed = Vec::new();
    for approval in &waiting {
        show(approval, &profile);
        if wanted.exactly.contains(&hex(approval)) || said_yes() {
            allowed.push(approval.fingerprint);
        }
    }
    if allowed.is_empty() {
        return Ok(declined(&waiting, &wanted.name));
    }
    approve(context.ports()?, &profile, &allowed).await?;
    context.tell_keeper(Some(&profile.name)).await;
    for approval in waiting.iter().filter(|waiting| allowed.contains(&waiting.fingerprint)) {
        output::good(&format!(
            "allowed {}; how it goes: keyfob log {}",
            approval.command.in_full(),
            wanted.name
        ));
    }
    Ok(0)
}

/// Nothing left out, nothing that a terminal would act on.
fn show(approval: &CommandApproval, profile: &Profile) {
    output::heading("After each renewal keyfob would run, as you and without a shell:");
    output::note(&format!("  {}", approval.command.in_full()));
    output::note(&format!("  with {}", approval.command.input_in_words()));
    output::note(&format!("  for {} ({})", profile.name, profile.url));
    output::warning(
        "it gets the token: it can do there whatever you may do, and send the token anywhere. It can also do all that \
         you can do on this machine. Allow it only if you know this program and wrote these words yourself.",
    );
}

/// No terminal, no yes.
fn said_yes() -> bool {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    output::note("Type yes to allow it; anything else leaves it off:");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).is_ok() && line.trim() == "yes"
}

fn declined(waiting: &[&CommandApproval], name: &str) -> u8 {
    let nobody = "nobody could be asked: a terminal is needed; nothing was allowed, and none of this runs";
    let next = waiting.first().map(|first| format!("keyfob approve {name} --exactly {}", hex(first)));
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        output::note("nothing was allowed, and none of this runs");
    } else {
        output::failure_with(&Failure::Usage(nobody.into()), next.as_deref());
    }
    crate::exit_code::of(&Failure::UserDeclined(String::new()))
}

fn hex(approval: &CommandApproval) -> String {
    let fingerprint: &Fingerprint = &approval.fingerprint;
    let mut text = String::with_capacity(2 * fingerprint.len());
    for byte in fingerprint {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A run that another keyfob hands over: this process is made to outlive it.
pub(crate) async fn take_over(context: &Context) -> Result<u8, Failure> {
    let text = std::io::read_to_string(std::io::stdin()).map(zeroize::Zeroizing::new);
    let text = text.map_err(|error| Failure::Usage(error.to_string()))?;
    delivery_command::take_over(&text, &context.paths, context.ports()?).await?;
    Ok(0)
}
