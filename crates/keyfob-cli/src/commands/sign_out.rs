//! `keyfob sign-out` and `keyfob remove`.

use keyfob_agent::journeys::revoke::RevocationOutcome;
use keyfob_agent::journeys::{remove as remove_journey, sign_out as sign_out_journey};
use keyfob_core::failure::Failure;

use crate::context::Context;
use crate::output;

pub(crate) async fn sign_out(name: &str, context: &Context) -> Result<(), Failure> {
    let profile = context.profile(name)?;
    let outcome = sign_out_journey::sign_out(context.ports()?, &profile).await?;
    context.tell_keeper(Some(&profile.name)).await;
    output::good(&format!("signed out of {name}: its tokens are forgotten here"));
    tell(&outcome);
    Ok(())
}

pub(crate) async fn remove(name: &str, context: &Context) -> Result<(), Failure> {
    let profile = context.profile(name)?;
    let outcome = remove_journey::remove(context.ports()?, &profile).await?;
    context.tell_keeper(Some(&profile.name)).await;
    output::good(&format!("removed {name}"));
    tell(&outcome);
    Ok(())
}

fn tell(outcome: &RevocationOutcome) {
    match outcome {
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
