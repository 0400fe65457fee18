//! `keyfob connect`: the stdio bridge to a portal.

mod as_mcp_remote;
mod at_the_window;

use std::sync::Arc;

use keyfob_agent::journeys::examine::examine;
use keyfob_agent::journeys::profiles;
use keyfob_agent::ports::Ports;
use keyfob_core::failure::{Failure, Incompatibility};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_platform::standard_output::StandardOutput;
use keyfob_platform::{program, threads};
use keyfob_proxy::bridge::Bridge;
use keyfob_proxy::taken_tokens::Taker;
use keyfob_proxy::token_source::{KeptTokens, NoTokens, TokenSource};
use tokio::sync::mpsc;

use self::at_the_window::AtTheWindow;
use super::sign_in::tell;
use crate::arguments::{AsMcpRemote, Connect};
use crate::context::Context;
use crate::output;
use crate::waiting::told;

pub(crate) async fn run(connect: &Connect, context: &Context) -> Result<(), Failure> {
    let target = connect.target.as_str();
    let wishes = as_mcp_remote::wishes(&connect.as_mcp_remote)?;
    let ports = context.ports()?;
    let (profile, wants_sign_in) = match context.profile(target) {
        Ok(profile) => (profile, true),
        Err(Failure::NoSuchProfile(_)) if target.contains("://") => {
            for_url(CheckedUrl::parse(target)?, &connect.as_mcp_remote, ports).await?
        }
        Err(failure) => return Err(failure),
    };
    let tokens: Arc<dyn TokenSource> = if wants_sign_in {
        let (progress, heard) = mpsc::unbounded_channel();
        // Standard input is the client's.
        tokio::spawn(tell(heard, None));
        let tokens = KeptTokens::interactive(ports.clone(), profile.clone(), progress);
        let program = Some(program::behind_this_process());
        let tokens = tokens.taken_by(Taker { program, words: "through the bridge".into() });
        let tokens = tokens.asking(Arc::new(AtTheWindow::new(&context.paths)));
        // Signed in at the start, where a person is at hand, and not at the first message.
        tokens.token().await?;
        context.tell_keeper(Some(&profile.name)).await;
        Arc::new(tokens)
    } else {
        Arc::new(NoTokens)
    };
    let bridge = Bridge::new(Arc::clone(&ports.http), &profile, tokens, Arc::clone(&ports.clock), wishes);
    let broken = |error: std::io::Error| Failure::Bug(format!("standard input or output: {error}"));
    // Reading and writing have a thread each, and tokio panics where the system has none left (fault 39).
    threads::are_left(2).map_err(broken)?;
    let input = tokio::io::BufReader::new(tokio::io::stdin());
    match bridge.run(input, StandardOutput::new()).await {
        // A client that reads no more has ended.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended.map_err(broken),
    }
}

/// The one profile with this URL; with none, one named after the host is made and kept; with several, it must be said
/// which. A server without OAuth is bridged as it is.
async fn for_url(url: CheckedUrl, given: &AsMcpRemote, ports: &Ports) -> Result<(Profile, bool), Failure> {
    let all = ports.settings.list()?;
    let mut same: Vec<Profile> = all.iter().filter(|profile| profile.url == url).cloned().collect();
    if same.len() > 1 || given.resource.is_some() {
        let meant = same.iter().map(|profile| as_mcp_remote::means(given, profile));
        let meant = meant.collect::<Result<Vec<_>, _>>()?;
        same = same.into_iter().zip(meant).filter_map(|(profile, meant)| meant.then_some(profile)).collect();
    }
    if same.len() > 1 {
        let names: Vec<_> = same.iter().map(|profile| profile.name.to_string()).collect();
        return Err(Failure::Usage(format!(
            "several profiles have this URL; name one: {}",
            names.join(", ")
        )));
    }
    if let Some(profile) = same.pop() {
        return Ok((profile, true));
    }
    let mut profile = Profile::new(free_name(&url, &all), url);
    let proof = as_mcp_remote::take_into(given, &mut profile)?;
    match examine(&told(ports), &profile).await {
        Err(Failure::AuthorizationServerIncompatible(Incompatibility::NoSignInWanted)) => {
            return Ok((profile, false));
        }
        examined => examined?,
    };
    profiles::add(ports, &profile, proof).await?;
    output::note(&format!("made the profile {}", profile.name));
    Ok((profile, true))
}

fn free_name(url: &CheckedUrl, all: &[Profile]) -> ProfileName {
    let base = ProfileName::from_host(url.url().host_str().unwrap_or_default());
    let taken = |name: &ProfileName| all.iter().any(|profile| profile.name == *name);
    let numbered = (2..).filter_map(|n| {
        ProfileName::parse(&format!("{}-{n}", base.as_str().get(..58).unwrap_or(base.as_str()))).ok()
    });
    std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base)
}
