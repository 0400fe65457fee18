//! `keyfob clients`: which clients are on this machine, what is linked to them, and which entries keyfob could take the place of.

use keyfob_core::failure::Failure;
use keyfob_core::server_text::shown;
use keyfob_links::client::{Client, Via};
use keyfob_links::clients::ALL;
use keyfob_links::ledger::Ledger;
use keyfob_links::link::Links;
use keyfob_links::replaceable::{self, Replaceable};
use keyfob_platform::client_programs::SystemClientPrograms;
use serde_json::{Value, json};

use crate::arguments::Clients;
use crate::context::Context;
use crate::{output, words};

pub(crate) fn clients(arguments: &Clients, context: &Context) -> Result<(), Failure> {
    let machine = SystemClientPrograms::new(&context.paths);
    let ledger = Links::new(&machine, context.paths.links_dir()).ledger()?;
    if arguments.json {
        let all: Vec<_> = ALL.iter().map(|client| as_json(client, &ledger, &machine)).collect();
        output::data(&serde_json::to_string_pretty(&all).map_err(|error| Failure::Bug(error.to_string()))?);
        return Ok(());
    }
    let (here, others): (Vec<&Client>, Vec<&Client>) = ALL
        .into_iter()
        .partition(|client| (client.installed)(&machine) || linked(client, &ledger).next().is_some());
    let rows: Vec<_> = here.iter().map(|client| row(client, &ledger)).collect();
    if rows.is_empty() {
        output::data("None of the clients that keyfob knows was found on this machine.");
    } else {
        output::data(&words::columns(&rows).join("\n"));
    }
    let others: Vec<_> = others.iter().map(|client| client.id).collect();
    let others = format!("not found here: {}", others.join(" "));
    output::note(&output::width().map_or_else(|| others.clone(), |width| words::wrapped(&others, width)));
    output::hint("keyfob link NAME CLIENT --dry-run shows what a link would change");
    for client in here {
        for entry in replaceable::entries(client, &machine) {
            offer(client, &entry, context);
        }
    }
    Ok(())
}

fn linked<'a>(client: &'a Client, ledger: &'a Ledger) -> impl Iterator<Item = (&'a str, Via)> {
    let links = ledger.links.iter().filter(|link| link.client == client.id);
    links.map(|link| (link.profile.as_str(), link.via))
}

fn as_json(client: &Client, ledger: &Ledger, machine: &SystemClientPrograms) -> Value {
    let linked: Vec<_> =
        linked(client, ledger).map(|(profile, via)| json!({ "profile": profile, "via": via })).collect();
    let replaceable: Vec<_> = replaceable::entries(client, machine)
        .iter()
        .map(|entry| json!({ "entry": entry.name, "url": entry.url, "why": entry.habit.word() }))
        .collect();
    json!({ "id": client.id, "name": client.name, "installed": (client.installed)(machine),
        "config": client.file(machine), "linked": linked, "replaceable": replaceable })
}

fn row(client: &Client, ledger: &Ledger) -> [String; 3] {
    let links: Vec<_> =
        linked(client, ledger).map(|(profile, via)| format!("{profile} ({})", via.word())).collect();
    let links = if links.is_empty() { "not linked".to_owned() } else { links.join(", ") };
    [client.id.to_owned(), client.name.to_owned(), links]
}

/// Says what an entry does, and the commands that put keyfob in its place.
fn offer(client: &Client, entry: &Replaceable, context: &Context) {
    let name = shown(&entry.name);
    output::note(&format!("{}: `{name}` {} ({})", client.name, entry.habit.in_words(), entry.url));
    let profiles = context.ports().and_then(|ports| ports.settings.list()).unwrap_or_default();
    let profile =
        profiles.into_iter().find(|profile| entry.is_for(profile)).map(|profile| profile.name.to_string());
    let first = match &profile {
        Some(_) => String::new(),
        None => format!("keyfob add NAME {} --sign-in, then ", entry.url),
    };
    let profile = profile.as_deref().unwrap_or("NAME");
    let plain = entry.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let name = if plain { name } else { "ENTRY".into() };
    output::hint(&format!("{first}keyfob link {profile} {} --replace {name}", client.id));
}
