//! What waits for a person: sign-ins under way or failed, and what clients ask for beyond a sign-in, as the window gets them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use keyfob_agent::agent::Asked;
use keyfob_core::grant::device_code::DevicePrompt;
use keyfob_core::identity::ProfileName;
use keyfob_links::clients;
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::error::CommandError;
use crate::desk::sign_ins::{Stage, UnderWay};

/// A sign-in that this app does, or one that has just failed.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "SignInUnderWay"))]
pub(crate) struct UnderWayShown {
    profile: String,
    step: SignInStep,
    /// Where to go on, if no browser could be started.
    address: Option<String>,
    device: Option<DeviceShown>,
    /// Another account signed in than before: which of them stays is to be said.
    accounts: Option<AccountsShown>,
    /// Why it failed.
    refusal: Option<CommandError>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum SignInStep {
    Looking,
    Browser,
    Device,
    Account,
    Finishing,
    Failed,
}

/// The account so far, and the one that has signed in now.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "OtherAccount"))]
pub(crate) struct AccountsShown {
    before: String,
    now: String,
}

/// What a person needs to go on at any device with a browser. It gives no token by itself.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "DevicePrompt"))]
pub(crate) struct DeviceShown {
    user_code: String,
    /// Where to type it.
    page: String,
    /// The page's host, to be recognised.
    site: String,
    #[cfg_attr(test, ts(type = "Instant"))]
    until: DateTime<Utc>,
    /// A browser was started at the page.
    opened: bool,
    /// The best address as a QR code, row by row: `1` is dark; none for one too long.
    picture: Vec<String>,
}

/// What clients ask for beyond a sign-in.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "StepUp"))]
pub(crate) struct StepUpShown {
    profile: String,
    scopes: Vec<String>,
    /// Their names, as people call them.
    clients: Vec<String>,
}

/// Every sign-in under way.
pub(crate) fn sign_ins(all: &UnderWay) -> Vec<UnderWayShown> {
    all.iter().map(|(profile, (_, stage))| sign_in(profile, stage)).collect()
}

fn sign_in(profile: &ProfileName, stage: &Stage) -> UnderWayShown {
    let (mut address, mut device, mut accounts, mut refusal) = (None, None, None, None);
    match stage {
        Stage::Looking | Stage::Finishing => {}
        Stage::Browser(url) => address = url.as_ref().map(ToString::to_string),
        Stage::Device { prompt, until, opened } => device = Some(device_of(prompt, *until, *opened)),
        Stage::OtherAccount { before, now } => {
            accounts = Some(AccountsShown { before: before.clone(), now: now.clone() });
        }
        Stage::Failed(failure) => {
            refusal = Some(CommandError::at_sign_in(profile)(failure.as_ref().clone()));
        }
    }
    UnderWayShown { profile: profile.to_string(), step: step_of(stage), address, device, accounts, refusal }
}

fn step_of(stage: &Stage) -> SignInStep {
    match stage {
        Stage::Looking => SignInStep::Looking,
        Stage::Browser(_) => SignInStep::Browser,
        Stage::Device { .. } => SignInStep::Device,
        Stage::OtherAccount { .. } => SignInStep::Account,
        Stage::Finishing => SignInStep::Finishing,
        Stage::Failed(_) => SignInStep::Failed,
    }
}

fn device_of(prompt: &DevicePrompt, until: DateTime<Utc>, opened: bool) -> DeviceShown {
    DeviceShown {
        user_code: prompt.user_code.clone(),
        page: prompt.page.to_string(),
        site: prompt.site().to_owned(),
        until,
        opened,
        picture: picture(prompt.best_page().as_str()),
    }
}

/// An address as the modules of a QR code.
fn picture(address: &str) -> Vec<String> {
    let Ok(code) = QrCode::with_error_correction_level(address, EcLevel::M) else { return Vec::new() };
    let bit = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
    code.to_colors().chunks(code.width()).map(|row| row.iter().map(bit).collect()).collect()
}

/// What is asked for and nobody has decided about.
pub(crate) fn step_ups(asked: &Asked) -> Vec<StepUpShown> {
    let shown = |(profile, step_up): (&ProfileName, &keyfob_agent::agent::StepUp)| StepUpShown {
        profile: profile.to_string(),
        scopes: step_up.scopes.names().iter().map(|name| keyfob_core::server_text::shown(name)).collect(),
        clients: names(&step_up.clients),
    };
    asked.iter().map(shown).collect()
}

fn names(ids: &BTreeSet<String>) -> Vec<String> {
    ids.iter().map(|id| client_name(id).to_owned()).collect()
}

/// A client's name for people; what keyfob does not know keeps its id.
pub(crate) fn client_name(id: &str) -> &str {
    clients::named(id).map_or(id, |client| client.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_square_of_modules_and_an_endless_one_none() {
        let rows = picture("https://login.example.com/device?user_code=WDJB-MJHT");
        assert!(rows.len() >= 21 && rows.iter().all(|row| row.len() == rows.len()), "{rows:?}");
        // The finder pattern of every QR code.
        assert!(rows[0].starts_with("11111110") && rows[1].starts_with("10000010"));
        assert_eq!(picture(&"x".repeat(5_000)), Vec::<String>::new());
    }

    #[test]
    fn a_client_is_called_by_its_name() {
        assert_eq!(client_name("claude-code"), "Claude Code");
        assert_eq!(client_name("of-tomorrow"), "of-tomorrow");
    }
}
