//! `keyfob doctor`: the walk along the chain of authorization, told step by step as it goes.

mod page;

use keyfob_agent::journeys::doctor::{Examination, Progress, Trial, doctor};
use keyfob_core::diagnosis::{Diagnosis, Verdict, evidence, report};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_platform::lease::Lease;
use keyfob_proxy::hello::Hello;
use tokio::sync::mpsc;

use super::sign_in::{self, Pasting};
use crate::arguments::{BrowserChoice, Doctor};
use crate::context::Context;
use crate::waiting::told;
use crate::{exit_code, output};
use page::Page;

/// The exit code of a chain that is broken.
const BROKEN: u8 = 7;

pub(crate) async fn run(arguments: &Doctor, context: &Context) -> Result<u8, Failure> {
    let (profile, is_named) = profile(arguments, context)?;
    let page = Page::new(output::width(), output::colours(), arguments.verbose);
    let (progress, heard) = mpsc::unbounded_channel();
    if !arguments.json {
        output::data(&page.title(&arguments.target, &evidence::url(profile.url.url())));
    }
    let (pasting, pasted) = Pasting::new(&arguments.browser);
    let teller = tokio::spawn(tell((!arguments.json).then_some(page), heard, pasting));
    let machine = if is_named { Some(keeper(context).await) } else { None };
    let trial = if arguments.sign_in { Some(trial(&profile, &arguments.browser, pasted)?) } else { None };
    let examination = Examination { handshake: &Hello, machine, trial };
    let diagnosis = Box::pin(doctor(&told(context.ports()?), &profile, examination, progress)).await;
    let _ = teller.await;
    conclude(&diagnosis, &page, arguments)?;
    Ok(code(&diagnosis))
}

/// The profile of this name, and true; for a URL one that is never kept.
fn profile(arguments: &Doctor, context: &Context) -> Result<(Profile, bool), Failure> {
    let target = &arguments.target;
    let (mut profile, is_named) = match context.profile(target) {
        Err(Failure::NoSuchProfile(_)) if target.contains("://") => {
            let url = CheckedUrl::parse(target)?;
            (Profile::new(ProfileName::from_host(url.url().host_str().unwrap_or_default()), url), false)
        }
        found => (found?, true),
    };
    profile.private_network |= arguments.private_network;
    Ok((profile, is_named))
}

/// Kind and process id of the keeper that runs, whatever its version.
async fn keeper(context: &Context) -> Option<(String, u32)> {
    let shown = context.keeper().await?.snapshot().await.ok().map(|snapshot| snapshot.agent);
    if let Some((kind, pid)) = shown.and_then(|agent| Some((agent.kind?, agent.pid?))) {
        return Some((format!("{kind:?}").to_lowercase(), pid));
    }
    Lease::holder(&context.paths.lease()).map(|holder| (holder.kind, holder.pid))
}

/// Tells a person how it goes; without a page only what the sign-in wants of them.
async fn tell(page: Option<Page>, mut heard: mpsc::UnboundedReceiver<Progress>, pasting: Pasting) {
    let (sign_in, of_sign_in) = mpsc::unbounded_channel();
    let told = tokio::spawn(sign_in::tell(of_sign_in, Some(pasting)));
    while let Some(progress) = heard.recv().await {
        match (progress, page) {
            (Progress::SignIn(progress), _) => {
                output::passed();
                let _ = sign_in.send(*progress);
            }
            (Progress::Looking(step), Some(_)) => output::passing(&format!("… {}", step.title())),
            (Progress::Found(finding), Some(page)) => {
                output::passed();
                output::data(&page.step(&finding));
            }
            _ => {}
        }
    }
    drop(sign_in);
    let _ = told.await;
    output::passed();
}

fn trial(
    profile: &Profile,
    choice: &BrowserChoice,
    pasted: mpsc::Receiver<String>,
) -> Result<Trial, Failure> {
    Ok(Trial {
        open_browser: !choice.no_browser,
        timeout: sign_in::timeout(profile, choice)?,
        pasted: Some(pasted),
    })
}

fn conclude(diagnosis: &Diagnosis, page: &Page, arguments: &Doctor) -> Result<(), Failure> {
    if arguments.json {
        let text =
            serde_json::to_string_pretty(diagnosis).map_err(|error| Failure::Bug(error.to_string()))?;
        output::data(&text);
    } else {
        output::data(&page.verdict(diagnosis));
    }
    let Some(path) = &arguments.report else { return Ok(()) };
    std::fs::write(path, report::markdown(diagnosis, env!("CARGO_PKG_VERSION"))).map_err(|error| {
        Failure::Usage(format!("the report {} could not be written: {error}", path.display()))
    })?;
    output::good(&format!("the report is in {}; it holds no secret, and names the server", path.display()));
    Ok(())
}

/// 0 for what works, 5 for what could not be reached, 7 for what is broken.
fn code(diagnosis: &Diagnosis) -> u8 {
    let broken = diagnosis.broken().and_then(|finding| finding.failure.as_ref());
    match (diagnosis.verdict(), broken) {
        (Verdict::Fail, Some(Failure::Temporary(_) | Failure::UserDeclined(_) | Failure::SignInTimedOut)) => {
            broken.map_or(BROKEN, exit_code::of)
        }
        (Verdict::Fail, _) => BROKEN,
        _ => 0,
    }
}
