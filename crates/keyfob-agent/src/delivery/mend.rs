//! Putting right what somebody else changed: a token file, a line of a `.env` or a keyring entry that no longer holds the token, or
//! holds one that is over and will not be renewed.
//! A command is given each token once and has nothing to be put right.

use std::time::Duration;

use chrono::TimeDelta;
use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::failure::StoreProblem;
use keyfob_core::profile::{Delivery, DeliveryTarget, Profile, TokenFileFormat};

use super::{not_delivered, tokens, withdraw, write};
use crate::journal::JournalEvent;
use crate::journeys::record;
use crate::ports::Ports;

/// A renewal under way brings a new token anyway, and holds the lock no longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes the token again where one of the profile's places that `concerns` picks does not hold it. Under the profile's lock, so
/// that an older token never replaces one that a renewal has just brought.
pub(crate) async fn mend(ports: &Ports, profile: &Profile, concerns: impl Fn(&DeliveryTarget) -> bool) {
    let Ok(_lock) = ports.store.lock(&profile.name, PATIENCE).await else { return };
    let Ok(Some(credential)) = ports.store.read(&profile.name).await else { return };
    let Some(sign_in) = in_force(ports, profile, &credential) else {
        return take_away_what_is_over(ports, profile, &credential).await;
    };
    let mut mended = false;
    for delivery in profile.deliver.iter().filter(|delivery| concerns(&delivery.target)) {
        mended |= mend_one(ports, profile, delivery, sign_in).await;
    }
    // A sign-out does not wait for the lock. It took away what was there before this: it wins.
    if mended && let Ok(Some(Credential { sign_in: None, .. }) | None) = ports.store.read(&profile.name).await
    {
        withdraw(ports, profile).await;
    }
}

/// Where a place still holds a token that is past its end and will not be renewed, it goes from all of them. Under the profile's lock
/// as well.
pub(crate) async fn take_away_what_is_over(ports: &Ports, profile: &Profile, credential: &Credential) {
    let Some(sign_in) = &credential.sign_in else { return };
    if sign_in.dead.is_none() || sign_in.tokens.is_valid_for(TimeDelta::zero(), &ports.clock.now()) {
        return;
    }
    for delivery in &profile.deliver {
        let is_command = matches!(delivery.target, DeliveryTarget::Command(_));
        if !is_command && matches!(holds(ports, delivery, sign_in).await, Ok(true)) {
            withdraw(ports, profile).await;
            return;
        }
    }
}

/// A token that is worth having: this machine's, and not past its end.
fn in_force<'a>(ports: &Ports, profile: &Profile, credential: &'a Credential) -> Option<&'a SignIn> {
    let sign_in = credential.sign_in_for(&profile.url)?;
    let is_ours = credential.machine_id == *ports.machine_id;
    (is_ours && sign_in.tokens.is_valid_for(TimeDelta::zero(), &ports.clock.now())).then_some(sign_in)
}

async fn mend_one(ports: &Ports, profile: &Profile, delivery: &Delivery, sign_in: &SignIn) -> bool {
    let began = ports.clock.now().boot_ms;
    match holds(ports, delivery, sign_in).await {
        Ok(true) => return false,
        // Locked, slow or gone for now: the next look, or the next token, finds it.
        Err(problem) if matches!(delivery.target, DeliveryTarget::KeyringEntry { .. }) => {
            tracing::debug!(%problem, target = %delivery.target, "cannot be looked at");
            return false;
        }
        Ok(false) | Err(_) => {}
    }
    match write(ports, delivery, sign_in).await {
        Ok(()) => {
            let what = format!("{}, which somebody else had changed", delivery.target);
            record(ports, profile, JournalEvent::Delivered, Some(began), Some(what));
        }
        Err(problem) => not_delivered(ports, profile, &delivery.target.to_string(), &problem),
    }
    true
}

async fn holds(ports: &Ports, delivery: &Delivery, sign_in: &SignIn) -> Result<bool, StoreProblem> {
    let tokens = tokens(ports, delivery, sign_in);
    match &delivery.target {
        DeliveryTarget::TokenFile { path, format: TokenFileFormat::Env { key } } => {
            ports.token_files.holds_env_line(path, key, &tokens.bare()).await
        }
        DeliveryTarget::TokenFile { path, format: TokenFileFormat::Template { template } } => {
            let text = ports.token_files.read_template(template).await?;
            let filled = tokens.from_template(&text).map_err(StoreProblem::Io)?;
            ports.token_files.holds(path, &filled).await
        }
        DeliveryTarget::TokenFile { path, format } => {
            ports.token_files.holds(path, &tokens.file(format)).await
        }
        DeliveryTarget::KeyringEntry { service, account, format } => {
            ports.keyring_entries.holds(service, account, &tokens.keyring(*format)).await
        }
        DeliveryTarget::Command(_) => Ok(true),
    }
}
