//! Writing a new access token to the places a profile names, and taking it away again. A place that fails never fails the
//! renewal: the token is durable already, and the failure is told.

pub mod command;
pub mod formats;
pub(crate) mod mend;
mod template;

use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::failure::StoreProblem;
use keyfob_core::profile::{Delivery, DeliveryTarget, Profile, TokenFileFormat};

use crate::journal::{JournalEntry, JournalEvent};
use crate::journeys::record;
use crate::ports::Ports;

/// How one delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Where.
    pub target: DeliveryTarget,
    /// Why it did not work.
    pub problem: Option<StoreProblem>,
}

impl DeliveryReport {
    /// What did not work and why, in words; `None` for what did.
    pub fn told(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        let verb = if matches!(self.target, DeliveryTarget::Command(_)) { "run" } else { "written" };
        Some(format!("{} was not {verb}: {problem}", self.target))
    }
}

/// Writes the token everywhere. One report per place, in the profile's order.
pub async fn deliver(ports: &Ports, profile: &Profile, credential: &Credential) -> Vec<DeliveryReport> {
    let mut reports = Vec::new();
    let Some(sign_in) = credential.sign_in_for(&profile.url) else { return reports };
    for delivery in &profile.deliver {
        let began = ports.clock.now().boot_ms;
        let problem = match &delivery.target {
            DeliveryTarget::Command(command) => {
                let tokens = tokens(ports, delivery, sign_in);
                command::begin(ports, profile, credential, command, &tokens).err().map(StoreProblem::Io)
            }
            _ => write(ports, delivery, sign_in).await.err(),
        };
        match &problem {
            // Whoever runs it tells how it went.
            None if matches!(delivery.target, DeliveryTarget::Command(_)) => {}
            None => {
                let target = Some(delivery.target.to_string());
                record(ports, profile, JournalEvent::Delivered, Some(began), target);
            }
            Some(problem) => not_delivered(ports, profile, &delivery.target.to_string(), problem),
        }
        reports.push(DeliveryReport { target: delivery.target.clone(), problem });
    }
    reports
}

fn not_delivered(ports: &Ports, profile: &Profile, what: &str, problem: &StoreProblem) {
    let entry = JournalEntry::new(ports.clock.now().wall, JournalEvent::DeliveryFailed).about(&profile.name);
    let entry = entry.because(&problem.clone().into());
    ports.journal.append(&entry.saying(format!("{what}: {problem}")));
}

async fn write(ports: &Ports, delivery: &Delivery, sign_in: &SignIn) -> Result<(), StoreProblem> {
    let tokens = tokens(ports, delivery, sign_in);
    match &delivery.target {
        DeliveryTarget::TokenFile { path, format: TokenFileFormat::Env { key } } => {
            ports.token_files.write_env_line(path, key, &tokens.bare()).await
        }
        DeliveryTarget::TokenFile { path, format: TokenFileFormat::Template { template } } => {
            let text = ports.token_files.read_template(template).await?;
            let filled = tokens.from_template(&text).map_err(StoreProblem::Io)?;
            ports.token_files.write(path, &filled).await
        }
        DeliveryTarget::TokenFile { path, format } => {
            ports.token_files.write(path, &tokens.file(format)).await
        }
        DeliveryTarget::KeyringEntry { service, account, format } => {
            ports.keyring_entries.write(service, account, &tokens.keyring(*format)).await
        }
        DeliveryTarget::Command(_) => Ok(()),
    }
}

fn tokens<'a>(ports: &Ports, delivery: &Delivery, sign_in: &'a SignIn) -> formats::Tokens<'a> {
    formats::Tokens {
        sign_in,
        include_refresh_token: delivery.include_refresh_token,
        local_offset: ports.token_files.local_offset(&sign_in.tokens.obtained),
    }
}

/// Takes the token away from everywhere: on sign-out, on removal, and once it is dead and cannot be renewed. One report per file
/// and entry of the keyring.
pub async fn withdraw(ports: &Ports, profile: &Profile) -> Vec<DeliveryReport> {
    let mut reports = Vec::new();
    for delivery in &profile.deliver {
        let removed = match &delivery.target {
            DeliveryTarget::TokenFile { path, format: TokenFileFormat::Env { key } } => {
                ports.token_files.remove_env_line(path, key).await
            }
            DeliveryTarget::TokenFile { path, .. } => ports.token_files.remove(path).await,
            DeliveryTarget::KeyringEntry { service, account, .. } => {
                ports.keyring_entries.remove(service, account).await
            }
            DeliveryTarget::Command(_) => {
                ports.commands.forget(&profile.name);
                continue;
            }
        };
        if let Err(problem) = &removed {
            not_delivered(ports, profile, &format!("{} could not be removed", delivery.target), problem);
        }
        reports.push(DeliveryReport { target: delivery.target.clone(), problem: removed.err() });
    }
    reports
}

/// Takes the token away where the sign-in has ended and the token itself is past its end.
pub async fn withdraw_if_dead(ports: &Ports, profile: &Profile, credential: &Credential) {
    let Some(sign_in) = &credential.sign_in else { return };
    let over = !sign_in.tokens.is_valid_for(chrono::TimeDelta::zero(), &ports.clock.now());
    if sign_in.dead.is_some() && over {
        withdraw(ports, profile).await;
    }
}
