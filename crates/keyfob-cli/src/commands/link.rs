//! `keyfob clients`, `link` and `unlink`: entries in MCP clients' configurations that point at keyfob.

pub(crate) mod proxied;

use keyfob_core::failure::Failure;
use keyfob_links::client::{Client, Via, Wanted, Writing};
use keyfob_links::clients::{self, ALL};
use keyfob_links::link::{LinkError, Links, Plan};
use keyfob_links::proxied::{Address, carry_out, forget};
use keyfob_platform::client_keys::ProxyDoorsHere;
use keyfob_platform::client_programs::SystemClientPrograms;
use serde_json::json;

use crate::arguments::{Clients, LinkTo, LinkVia, Unlink};
use crate::context::Context;
use crate::{output, words};

pub(crate) fn clients(arguments: &Clients, context: &Context) -> Result<(), Failure> {
    let machine = SystemClientPrograms::new(&context.paths);
    let ledger = Links::new(&machine, context.paths.links_dir()).ledger()?;
    let linked = |client: &Client| -> Vec<_> {
        let links = ledger.links.iter().filter(|link| link.client == client.id);
        links.map(|link| (link.profile.clone(), link.via)).collect()
    };
    if arguments.json {
        let all: Vec<_> = ALL
            .iter()
            .map(|client| {
                let linked: Vec<_> = linked(client)
                    .iter()
                    .map(|(profile, via)| json!({ "profile": profile, "via": via }))
                    .collect();
                json!({ "id": client.id, "name": client.name, "installed": (client.installed)(&machine),
                    "config": client.file(&machine), "linked": linked })
            })
            .collect();
        output::data(&serde_json::to_string_pretty(&all).map_err(|error| Failure::Bug(error.to_string()))?);
        return Ok(());
    }
    let (here, others): (Vec<&Client>, Vec<&Client>) =
        ALL.into_iter().partition(|client| (client.installed)(&machine) || !linked(client).is_empty());
    let row = |client: &&Client| {
        let links = linked(client)
            .iter()
            .map(|(profile, via)| format!("{profile} ({})", via.word()))
            .collect::<Vec<_>>();
        let links = if links.is_empty() { "not linked".to_owned() } else { links.join(", ") };
        [client.id.to_owned(), client.name.to_owned(), links]
    };
    let rows: Vec<_> = here.iter().map(row).collect();
    if rows.is_empty() {
        output::data("None of the clients that keyfob knows was found on this machine.");
    } else {
        output::data(&words::columns(&rows).join("\n"));
    }
    let others: Vec<_> = others.iter().map(|client| client.id).collect();
    let others = format!("not found here: {}", others.join(" "));
    output::note(&output::width().map_or_else(|| others.clone(), |width| words::wrapped(&others, width)));
    output::hint("keyfob link NAME CLIENT --dry-run shows what a link would change");
    Ok(())
}

pub(crate) async fn link(arguments: &LinkTo, context: &Context) -> Result<(), Failure> {
    let client = client(&arguments.client)?;
    let profile = context.profile(&arguments.name)?;
    let machine = SystemClientPrograms::new(&context.paths);
    let links = Links::new(&machine, context.paths.links_dir());
    let mut wanted = Wanted {
        profile: profile.name.to_string(),
        url: profile.url.to_string(),
        program: this_program()?,
        home: context.paths.home_argument()?.map(|home| home.to_string_lossy().into_owned()),
        proxy: None,
        via: arguments.via.map_or_else(|| best_way(client), via),
    };
    if let Writing::Snippet(snippet) = &client.writing {
        output::note(client.afterwards);
        output::data(&snippet(&wanted));
        return Ok(());
    }
    let doors = ProxyDoorsHere::new(&context.paths);
    let address = match wanted.via {
        Via::Proxy if client.ways.contains(&Via::Proxy) => {
            let there = links.ledger()?.find(client.id, &wanted.profile).cloned();
            let of = |doors: &_| Address::of(doors, client.id, &profile, there.as_ref());
            Some(if arguments.dry_run { Address::on_trial(&doors, &profile)? } else { of(&doors)? })
        }
        _ => None,
    };
    wanted.proxy = address.as_ref().map(Address::text);
    let plan = match links.plan(client, &wanted) {
        Err(LinkError::Linked(_)) => {
            output::good(&format!("{} is linked to {} already", client.name, wanted.profile));
            return Ok(());
        }
        plan => plan?,
    };
    if arguments.dry_run {
        show(&plan);
        return Ok(());
    }
    output::note(plan.shown().trim_end());
    carry_out(&doors, client.id, &profile, address.as_ref(), || Ok(links.carry_out(&plan)?))?;
    output::good(&format!("{} is linked to {} by its {}", client.name, wanted.profile, wanted.via.word()));
    output::note(&client.after_linking(wanted.via));
    if let Some(address) = &address {
        context.tell_keeper(Some(&profile.name)).await;
        proxied::say_who_answers(address.port(), context).await;
    }
    Ok(())
}

pub(crate) fn unlink(arguments: &Unlink, context: &Context) -> Result<(), Failure> {
    let client = client(&arguments.client)?;
    let machine = SystemClientPrograms::new(&context.paths);
    let links = Links::new(&machine, context.paths.links_dir());
    let plan = links.plan_undo(client, &arguments.name)?;
    if arguments.dry_run {
        show(&plan);
        return Ok(());
    }
    links.carry_out(&plan)?;
    forget(&ProxyDoorsHere::new(&context.paths), client.id, &arguments.name)?;
    let file =
        plan.file().map(|file| format!("; {} has the rest as it was", file.display())).unwrap_or_default();
    output::good(&format!("{} is no longer linked to {}{file}", client.name, arguments.name));
    output::note(client.afterwards);
    Ok(())
}

fn show(plan: &Plan) {
    output::data(plan.shown().trim_end());
    output::note("nothing was changed");
}

/// Each client's ways stand in their order.
fn best_way(client: &Client) -> Via {
    client.ways.first().copied().unwrap_or(Via::Bridge)
}

fn via(given: LinkVia) -> Via {
    match given {
        LinkVia::Helper => Via::Helper,
        LinkVia::Proxy => Via::Proxy,
        LinkVia::Bridge => Via::Bridge,
    }
}

fn client(id: &str) -> Result<&'static Client, Failure> {
    clients::named(id).ok_or_else(|| {
        let known: Vec<_> = ALL.iter().map(|client| client.id).collect();
        Failure::Usage(format!("keyfob knows no client `{id}`; it knows: {}", known.join(" ")))
    })
}

/// Clients start keyfob without a shell's path.
fn this_program() -> Result<String, Failure> {
    let path =
        std::env::current_exe().map_err(|error| Failure::Bug(format!("no path of keyfob: {error}")))?;
    Ok(path.to_string_lossy().into_owned())
}
