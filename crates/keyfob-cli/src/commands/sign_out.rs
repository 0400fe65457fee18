//! `keyfob sign-out` and `keyfob remove`.

use keyfob_agent::journeys::revoke::RevocationOutcome;
use keyfob_agent::journeys::sign_out::SignedOut;
use keyfob_agent::journeys::{remove as remove_journey, sign_out as sign_out_journey};
use keyfob_core::failure::Failure;
use keyfob_links::clients;
use keyfob_links::link::Links;
use keyfob_platform::client_programs::SystemClientPrograms;

use super::link::end_link;
use crate::context::Context;
use crate::output;

pub(crate) async fn sign_out(name: &str, context: &Context) -> Result<(), Failure> {
    let profile = context.profile(name)?;
    let done = sign_out_journey::sign_out(context.ports()?, &profile).await?;
    context.tell_keeper(Some(&profile.name)).await;
    output::good(&format!("signed out of {name}: its tokens are forgotten here"));
    tell(&done);
    Ok(())
}

pub(crate) async fn remove(name: &str, context: &Context) -> Result<(), Failure> {
    let profile = context.profile(name)?;
    let done = remove_journey::remove(context.ports()?, &profile).await?;
    context.tell_keeper(Some(&profile.name)).await;
    output::good(&format!("removed {name}"));
    tell(&done);
    end_links(name, context)
}

/// Entries in clients' files lead to nothing without the profile. One that cannot be taken out keeps nobody from the removal.
fn end_links(name: &str, context: &Context) -> Result<(), Failure> {
    let machine = SystemClientPrograms::new(&context.paths);
    let links = Links::new(&machine, context.paths.links_dir());
    for linked in links.ledger()?.links.iter().filter(|link| link.profile == name) {
        let Some(client) = clients::named(&linked.client) else { continue };
        if let Err(failure) = end_link(client, name, &links, context) {
            output::warning(&format!("{} is still linked to {name}: {failure}", client.name));
            output::hint(&format!("keyfob unlink {name} {}", client.id));
        }
    }
    Ok(())
}

fn tell(done: &SignedOut) {
    for place in &done.places {
        match &place.problem {
            None => output::note(&format!("  {} holds the token no longer", place.target)),
            Some(problem) => output::warning(&format!("{} was not emptied: {problem}", place.target)),
        }
    }
    match &done.revocation {
        RevocationOutcome::Nothing => {}
        RevocationOutcome::Revoked => output::note("  the server has revoked them"),
        RevocationOutcome::Queued => {
            output::warning(
                "the server could not be reached; the revocation is kept, sealed, and tried again",
            );
        }
        RevocationOutcome::Refused(why) => output::warning(&format!(
            "the server refused the revocation ({why}); a copy of the tokens would work until they run out by themselves"
        )),
        RevocationOutcome::Unreadable(path) => output::warning(&format!(
            "the sealed record did not open, so that nothing could be revoked at the server; it is kept at {path}"
        )),
        RevocationOutcome::NotOffered => {
            output::warning(
                "the server offers no revocation; a copy of the tokens would work until they run out",
            );
        }
    }
}
