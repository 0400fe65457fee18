//! `keyfob client-metadata`: the document by which servers know keyfob where it does not register itself; printed to be
//! hosted, and checked where it is hosted.

use keyfob_agent::journeys::client_metadata::hosted_flaws;
use keyfob_agent::ports::AddressGuard;
use keyfob_core::client_registration::metadata_document::{Flaw, Gravity, document, usual_redirects};
use keyfob_core::failure::Failure;
use keyfob_core::profile::RedirectChoice;

use super::delivery_argument;
use crate::arguments::ClientMetadata;
use crate::context::Context;
use crate::{exit_code, output, words};

/// The exit code of a document that a server would refuse.
const UNFIT: u8 = 7;

pub(crate) async fn run(arguments: &ClientMetadata, context: &Context) -> Result<u8, Failure> {
    let redirects = redirects(arguments, context)?;
    if arguments.check {
        return check(arguments, &redirects, context).await;
    }
    let document = document(&arguments.url, &arguments.client_name, &redirects)?;
    output::data(&format!("{document:#}"));
    output::note(&format!(
        "Serve this at {} as application/json, with status 200 and no redirect.",
        arguments.url
    ));
    output::note(
        "Then profiles made with --client-metadata-url use it where the server takes such documents.",
    );
    output::hint(&format!("keyfob client-metadata --url {} --check", arguments.url));
    Ok(0)
}

/// The ones given, else the usual ones; and always those of the profiles that use this document.
fn redirects(arguments: &ClientMetadata, context: &Context) -> Result<Vec<RedirectChoice>, Failure> {
    let given = arguments.redirects.iter().map(|text| delivery_argument::redirect(text));
    let mut all = given.collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        all = usual_redirects();
    }
    let profiles = context.ports()?.settings.list()?;
    let users = profiles.into_iter().filter(|p| p.client.metadata_url.as_ref() == Some(&arguments.url));
    for profile in users {
        if !all.contains(&profile.redirect) {
            all.push(profile.redirect);
        }
    }
    Ok(all)
}

async fn check(
    arguments: &ClientMetadata,
    redirects: &[RedirectChoice],
    context: &Context,
) -> Result<u8, Failure> {
    let guard = if arguments.private_network { AddressGuard::Anywhere } else { AddressGuard::PublicOnly };
    let flaws = match hosted_flaws(&*context.ports()?.http, &arguments.url, redirects, guard).await {
        Ok(flaws) => flaws,
        Err(failure) => {
            let next = failure.is_temporary().then(|| {
                format!("nothing answers at {}: serve the document there, then check again", arguments.url)
            });
            output::failure_with(&failure, next.as_deref());
            return Ok(exit_code::of(&failure));
        }
    };
    let rows: Vec<_> = flaws.iter().map(row).collect();
    for line in words::columns(&rows) {
        output::data(&line);
    }
    if flaws.iter().any(|flaw| flaw.gravity == Gravity::Refused) {
        output::warning("authorization servers refuse this document");
        output::hint(&format!("keyfob client-metadata --url {}", arguments.url));
        return Ok(UNFIT);
    }
    output::good(&format!("{} will do", arguments.url));
    Ok(0)
}

fn row(flaw: &Flaw) -> [String; 3] {
    let mark = if flaw.gravity == Gravity::Refused { "✗" } else { "!" };
    [mark.into(), flaw.field.into(), flaw.what.clone()]
}
