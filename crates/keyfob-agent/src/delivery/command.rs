//! Commands of the user's that get each new token: which of them are allowed, and what they are given.
//!
//! A command runs only as its owner allowed it (V9): the approval is pinned to each byte of it and to the server whose token
//! it gets, and lies in the sealed record. It is begun and never waited for; how it went stands in the journal.

use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::profile::{CommandDelivery, CommandInput, DeliveryTarget, Profile, run_mark};
use keyfob_core::secret::Fingerprint;

use super::formats::Tokens;
use crate::ports::{CommandRun, Ports};

/// What stands in the way of a command that nobody has allowed; the profile's name goes behind it.
pub const APPROVAL_NEEDED: &str = "it waits for your approval: keyfob approve";

/// A command of a profile and whether it may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandApproval {
    /// The command.
    pub command: CommandDelivery,
    /// What an approval is pinned to.
    pub fingerprint: Fingerprint,
    /// Whether it is allowed as it stands.
    pub is_approved: bool,
}

/// The profile's commands, in its order; `None` before there was a sign-in: until then nobody knows whose tokens they get.
pub fn approvals(profile: &Profile, credential: &Credential) -> Option<Vec<CommandApproval>> {
    let issuer = &credential.registration.as_ref()?.issuer;
    let commands = profile.deliver.iter().filter_map(|delivery| match &delivery.target {
        DeliveryTarget::Command(command) => Some(command),
        _ => None,
    });
    let approval = |command: &CommandDelivery| {
        let fingerprint = command.fingerprint(profile.url.as_str(), issuer);
        let is_approved = credential.approved_commands.contains(&fingerprint);
        CommandApproval { command: command.clone(), fingerprint, is_approved }
    };
    Some(commands.map(approval).collect())
}

/// Begins a command if it is allowed; says what stands in its way.
pub(super) fn begin(
    ports: &Ports,
    profile: &Profile,
    credential: &Credential,
    command: &CommandDelivery,
    tokens: &Tokens<'_>,
) -> Result<(), String> {
    let all = approvals(profile, credential).unwrap_or_default();
    let allowed = all.iter().find(|approval| approval.is_approved && approval.command == *command);
    let Some(allowed) = allowed else { return Err(format!("{APPROVAL_NEEDED} {}", profile.name)) };
    let run = run(profile, allowed, tokens);
    // A keeper that starts delivers what it finds, because the one before it may have been cut off: but to each command once.
    if !ports.commands.has_run(&profile.name, &run.mark) {
        ports.commands.begin(run);
    }
    Ok(())
}

/// Begins the allowed ones among `wanted` with the token that is held, for those allowed just now.
pub fn begin_approved(ports: &Ports, profile: &Profile, credential: &Credential, wanted: &[Fingerprint]) {
    let Some(sign_in) = credential.sign_in_for(&profile.url) else { return };
    let is_good = sign_in.tokens.is_valid_for(profile.margin, &ports.clock.now());
    for approval in approvals(profile, credential).unwrap_or_default() {
        if is_good && approval.is_approved && wanted.contains(&approval.fingerprint) {
            ports.commands.begin(run(profile, &approval, &tokens(sign_in)));
        }
    }
}

fn tokens(sign_in: &SignIn) -> Tokens<'_> {
    Tokens { sign_in, include_refresh_token: false, local_offset: 0 }
}

fn run(profile: &Profile, allowed: &CommandApproval, tokens: &Tokens<'_>) -> CommandRun {
    let command = &allowed.command;
    let mark = run_mark(&allowed.fingerprint, &tokens.sign_in.tokens.access_token.fingerprint());
    let (variable, secret) = match &command.input {
        CommandInput::Variable { name } => (Some(name.clone()), tokens.bare()),
        input => (None, tokens.command_input(input)),
    };
    CommandRun { profile: profile.name.clone(), argv: command.argv.clone(), variable, mark, secret }
}
