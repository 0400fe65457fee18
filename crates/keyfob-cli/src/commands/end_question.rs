//! "When does this sign-in end?", asked once on a terminal where the server does not say. Without a terminal nothing prompts:
//! a hint names the command that answers.

use std::io::IsTerminal;

use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::profile::{LifetimeAnswer, LifetimeFrom, Profile, SignInLifetime};
use keyfob_core::sign_in_end::{LifetimeOffer, is_asked_for, offers, sign_in_end};

use super::config::set_lifetime;
use super::typed;
use crate::context::Context;
use crate::{output, words};

/// Asks on a terminal, and keeps the answer in `profiles.toml`.
pub(crate) async fn ask(
    profile: &Profile,
    credential: &Credential,
    context: &Context,
) -> Result<(), Failure> {
    if !is_open(profile, credential) {
        return Ok(());
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        hint(profile, credential);
        return Ok(());
    }
    let offers = offers(&credential.learned_lifetimes);
    let not_known = offers.len() + 1;
    output::note("\nWhen does this sign-in end? keyfob reminds you days before.");
    for (number, offer) in (1..).zip(&offers) {
        output::note(&format!("  {number}  after {}: {}", words::span(offer.lifetime), offer.source));
    }
    output::note(&format!("  {not_known}  not known"));
    output::note("A number, or a time span such as 14d; Enter to answer later:");
    let line = typed::next_line().await.unwrap_or_default();
    match understood(line.trim(), &offers) {
        Ok(Some(answer)) => set_lifetime(profile.name.as_str(), answer, context).await,
        Ok(None) => {
            hint(profile, credential);
            Ok(())
        }
        // The sign-in itself has worked: a slip here fails nothing.
        Err(failure) => {
            output::warning(&failure.to_string());
            hint(profile, credential);
            Ok(())
        }
    }
}

/// Names the command that answers, where there is a question.
pub(crate) fn hint(profile: &Profile, credential: &Credential) {
    if is_open(profile, credential) {
        let name = &profile.name;
        output::hint(&format!(
            "say when it ends, and keyfob reminds you: keyfob config {name} --lifetime 30d (or --lifetime not-known)"
        ));
    }
}

fn is_open(profile: &Profile, credential: &Credential) -> bool {
    let learned = credential.learned_lifetimes.last().copied();
    let end = credential.sign_in.as_ref().map(|sign_in| sign_in_end(sign_in, profile, learned));
    end.is_some_and(|end| is_asked_for(&end, profile))
}

/// `None` for "later".
fn understood(text: &str, offers: &[LifetimeOffer]) -> Result<Option<LifetimeAnswer>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let Ok(number) = text.parse::<usize>() else { return LifetimeAnswer::parse(text).map(Some) };
    if number == offers.len() + 1 {
        return Ok(Some(LifetimeAnswer::NotKnown));
    }
    let offer = number.checked_sub(1).and_then(|index| offers.get(index));
    let offer = offer.ok_or_else(|| Failure::Usage(format!("there is no answer {number}")))?;
    let known = SignInLifetime { lifetime: offer.lifetime, from: LifetimeFrom::SignIn };
    Ok(Some(LifetimeAnswer::Known(known)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_number_a_time_span_and_nothing_at_all_are_answers() {
        let offers = offers(&[TimeDelta::days(14)]);
        let known = |days| {
            let lifetime = TimeDelta::days(days);
            Some(LifetimeAnswer::Known(SignInLifetime { lifetime, from: LifetimeFrom::SignIn }))
        };
        assert_eq!(understood("1", &offers), Ok(known(14)));
        assert_eq!(understood("2", &offers), Ok(known(30)));
        assert_eq!(understood("3", &offers), Ok(Some(LifetimeAnswer::NotKnown)));
        assert_eq!(understood("7d", &offers), Ok(known(7)));
        assert_eq!(understood("", &offers), Ok(None));
        for wrong in ["0", "4", "soon"] {
            assert!(matches!(understood(wrong, &offers), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
