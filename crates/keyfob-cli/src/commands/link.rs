//! `keyfob clients`, `link` and `unlink`: entries in MCP clients' configurations that point at keyfob.

mod listing;
pub(crate) mod proxied;

pub(crate) use listing::clients;

use keyfob_core::failure::Failure;
use keyfob_core::server_text::shown;
use keyfob_links::client::{Client, Via, Wanted, Writing};
use keyfob_links::clients::{self, ALL};
use keyfob_links::link::{LinkError, Links, Plan};
use keyfob_links::proxied::{Address, carry_out, forget};
use keyfob_platform::client_keys::ProxyDoorsHere;
use keyfob_platform::client_programs::SystemClientPrograms;
use keyfob_platform::program;

use crate::arguments::{LinkTo, LinkVia, Unlink};
use crate::context::Context;
use crate::output;

pub(crate) async fn link(arguments: &LinkTo, context: &Context) -> Result<(), Failure> {
    let client = client(&arguments.client)?;
    let profile = context.profile(&arguments.name)?;
    let machine = SystemClientPrograms::new(&context.paths);
    let links = Links::new(&machine, context.paths.links_dir());
    let carried = links.carried(client, profile.name.as_str(), arguments.replace.as_deref())?;
    let mut wanted = Wanted {
        profile: profile.name.to_string(),
        url: profile.url.to_string(),
        program: this_program()?,
        home: context.paths.home_argument()?.map(|home| home.to_string_lossy().into_owned()),
        proxy: None,
        via: arguments.via.map_or_else(|| client.way(&carried), via),
        carried,
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
    let plan = match links.plan_replacing(client, &wanted, arguments.replace.as_deref()) {
        Err(LinkError::Linked(_)) => {
            output::good(&format!("{} is linked to {} already", client.name, wanted.profile));
            return Ok(());
        }
        plan => plan?,
    };
    say_what_goes_on(&wanted, arguments.replace.as_deref());
    if arguments.dry_run {
        show(&plan);
        return Ok(());
    }
    output::note(plan.shown().trim_end());
    carry_out(&doors, client.id, &profile, address.as_ref(), || Ok(links.carry_out(&plan)?))?;
    say_linked(client, &wanted, arguments.replace.as_deref());
    if let Some(address) = &address {
        context.tell_keeper(Some(&profile.name)).await;
        proxied::say_who_answers(address.port(), context).await;
    }
    Ok(())
}

/// Before anything is changed: what of the entry that makes room goes on, and what does not.
fn say_what_goes_on(wanted: &Wanted, replaced: Option<&str>) {
    let whose = replaced.map_or_else(|| "the link".to_owned(), |name| format!("`{}`", shown(name)));
    match (wanted.carried.what(), wanted.via) {
        (Some(what), Via::Bridge) => {
            output::note(&format!("the bridge goes on with what {whose} says: {what}"));
        }
        (Some(what), way) => {
            output::warning(&format!("the {} does not go on with what {whose} says: {what}", way.word()));
            output::hint("--via bridge goes on with it");
        }
        (None, _) => {}
    }
    if let Some(left_out) = wanted.carried.left_out() {
        output::note(&format!("not taken over from {whose}: {left_out}"));
    }
}

fn say_linked(client: &Client, wanted: &Wanted, replaced: Option<&str>) {
    let (profile, way) = (&wanted.profile, wanted.via.word());
    output::good(&format!("{} is linked to {profile} through the {way}", client.name));
    output::note(&client.after_linking(wanted.via));
    if let Some(replaced) = replaced {
        say_what_made_room(replaced);
    }
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
    carry_out_end(client, &arguments.name, &plan, &links, context)
}

/// Ends a link whose profile goes.
pub(super) fn end_link(
    client: &'static Client,
    profile: &str,
    links: &Links<'_>,
    context: &Context,
) -> Result<(), Failure> {
    carry_out_end(client, profile, &links.plan_undo(client, profile)?, links, context)
}

fn carry_out_end(
    client: &Client,
    profile: &str,
    plan: &Plan,
    links: &Links<'_>,
    context: &Context,
) -> Result<(), Failure> {
    links.carry_out(plan)?;
    forget(&ProxyDoorsHere::new(&context.paths), client.id, profile)?;
    let what = if plan.removes_the_file() { "was made for it and is gone" } else { "has the rest as it was" };
    let file = plan.file().map(|file| format!("; {} {what}", file.display())).unwrap_or_default();
    output::good(&format!("{} is no longer linked to {profile}{file}", client.name));
    say_what_is_left(plan);
    output::note(client.after_unlinking);
    Ok(())
}

fn say_what_made_room(replaced: &str) {
    output::note(&format!(
        "`{}` made room for it and comes back with keyfob unlink. A token that stood there goes on working: end it at the server \
         that gave it",
        shown(replaced),
    ));
}

/// Entries that do not come back are not lost.
fn say_what_is_left(plan: &Plan) {
    for left in plan.left() {
        let name = shown(&left.name);
        output::warning(&format!("`{name}` does not come back: {}", left.why));
        output::hint(&format!("it stands in {}", left.kept.display()));
    }
}

fn show(plan: &Plan) {
    output::data(plan.shown().trim_end());
    say_what_is_left(plan);
    output::note("nothing was changed");
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
    let path = program::our_command().map_err(|error| Failure::Bug(format!("no path of keyfob: {error}")))?;
    Ok(path.to_string_lossy().into_owned())
}
