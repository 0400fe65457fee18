//! What the window can ask about clients on this machine and their links.

use keyfob_core::identity::ProfileName;
use tauri::State;

use super::error::CommandError;
use super::linked::{ClientShown, FoundServerShown, ImportableShown, LinkShown, PlanShown, ViaShown};
use super::view::parse_name;
use crate::desk::Desk;

type Answer<T> = Result<T, CommandError>;

#[tauri::command]
pub(crate) async fn servers_here(desk: State<'_, Desk>) -> Answer<Vec<FoundServerShown>> {
    Ok(desk.linking().servers_here().into_iter().map(FoundServerShown::from).collect())
}

/// Sign-ins of other programs that can be taken over.
#[tauri::command]
pub(crate) async fn importable(desk: State<'_, Desk>) -> Answer<Vec<ImportableShown>> {
    let found = desk.importable().map_err(|failure| CommandError::of_none(&failure))?;
    Ok(found.into_iter().filter_map(ImportableShown::of).collect())
}

/// Takes one over; a note comes back where the other program must stop renewing it.
#[tauri::command]
pub(crate) async fn import_sign_in(
    desk: State<'_, Desk>,
    source: String,
    url: String,
    name: String,
) -> Answer<Option<String>> {
    let name = parse_name(&name)?;
    desk.import(&source, &url, name.clone()).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn links(desk: State<'_, Desk>) -> Answer<Vec<LinkShown>> {
    let links = desk.linking().links().map_err(|failure| CommandError::of_none(&failure))?;
    Ok(links.iter().map(LinkShown::from).collect())
}

#[tauri::command]
pub(crate) async fn clients(desk: State<'_, Desk>, name: String) -> Answer<Vec<ClientShown>> {
    let name = parse_name(&name)?;
    let about = CommandError::about(&name);
    let (links, clients) =
        (desk.linking().links().map_err(&about)?, desk.linking().clients_for(&name).map_err(&about)?);
    let shown = |(client, entries)| ClientShown::new(client, entries, name.as_str(), &links);
    Ok(clients.into_iter().map(shown).collect())
}

#[tauri::command]
pub(crate) async fn plan_link(
    desk: State<'_, Desk>,
    name: String,
    client: String,
    via: Option<ViaShown>,
    replace: Option<String>,
) -> Answer<PlanShown> {
    let name = parse_name(&name)?;
    let about = CommandError::about(&name);
    let (linking, via) = (desk.linking(), via.map(Into::into));
    let prepared = linking.plan_link(&name, &client, via, replace.as_deref()).map_err(&about)?;
    let replaces = is_linked(&desk, &name, &client).map_err(about)?;
    Ok(PlanShown::new(&prepared, replaces))
}

fn is_linked(desk: &Desk, name: &ProfileName, client: &str) -> Result<bool, keyfob_core::failure::Failure> {
    Ok(desk.linking().links()?.iter().any(|link| link.client == client && link.profile == name.as_str()))
}

#[tauri::command]
pub(crate) async fn plan_unlink(desk: State<'_, Desk>, name: String, client: String) -> Answer<PlanShown> {
    let name = parse_name(&name)?;
    let prepared = desk.linking().plan_unlink(&name, &client).map_err(CommandError::about(&name))?;
    Ok(PlanShown::new(&prepared, false))
}

/// A note comes back where the link is made and nobody answers it yet.
#[tauri::command]
pub(crate) async fn link(
    desk: State<'_, Desk>,
    name: String,
    client: String,
    via: ViaShown,
    replace: Option<String>,
) -> Answer<Option<String>> {
    let name = parse_name(&name)?;
    desk.linking().link(&name, &client, via.into(), replace).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn unlink(desk: State<'_, Desk>, name: String, client: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.linking().unlink(&name, &client).await.map_err(CommandError::about(&name))
}
