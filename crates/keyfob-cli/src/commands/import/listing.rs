//! What there is to take over on this machine, as a table or as JSON. No secret is in it.

use keyfob_agent::client_programs::ClientPrograms;
use keyfob_agent::foreign_stores::{Seen, Stored, survey};
use keyfob_core::failure::Failure;
use keyfob_core::server_text::shown;

use crate::{output, words};

pub(super) fn print(json: bool, machine: &dyn ClientPrograms, urls: &[String]) -> Result<(), Failure> {
    let survey = survey(machine, urls);
    for problem in &survey.problems {
        output::warning(problem);
    }
    if json {
        let text =
            serde_json::to_string_pretty(&survey.seen).map_err(|error| Failure::Bug(error.to_string()))?;
        output::data(&text);
        return Ok(());
    }
    if survey.seen.is_empty() {
        output::note("No sign-in of another program was found.");
        output::hint("tokens in a file: keyfob import FILE; pasted: keyfob import -");
        return Ok(());
    }
    let heading = ["SOURCE", "SERVER", "URL", "RENEWS"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heading).chain(survey.seen.iter().map(row)).collect();
    for line in words::columns(&rows) {
        output::data(&line);
    }
    output::hint(&next(&survey.seen));
    Ok(())
}

fn row(seen: &Seen) -> [String; 4] {
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".into());
    let renews = if seen.renews { "yes" } else { "no" };
    [seen.source.to_owned(), or_unknown(&seen.server), or_unknown(&seen.url), renews.to_owned()]
}

/// The command for the first of them.
fn next(seen: &[Seen]) -> String {
    let Some(first) = seen.first() else { return "keyfob import FILE".into() };
    let several = seen.iter().filter(|other| other.source == first.source).count() > 1;
    let which = match (&first.server, &first.url) {
        (_, None) => " --url URL".into(),
        (Some(server), _) if several => format!(" --server {server}"),
        (None, Some(url)) if several => format!(" --server {url}"),
        _ => String::new(),
    };
    format!("keyfob import {}{which}", first.source)
}

/// What a person calls it.
pub(super) fn name(stored: &Stored) -> String {
    let named = stored.sign_in.server.as_deref().or(stored.sign_in.url.as_deref());
    named.map_or_else(|| stored.file.display().to_string(), shown)
}
