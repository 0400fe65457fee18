//! What the window can ask for. Each command hands over to the keeper and is done.

use keyfob_core::profile::{LifetimeAnswer, Profile};
use tauri::{AppHandle, State};

use super::error::CommandError;
use super::shown::Snapshot;
use super::view::{LookedUp, NewProfile, look_up_profile, parse_name, revocation_note};
use crate::desk::Desk;
use crate::shell::autostart;

type Answer<T> = Result<T, CommandError>;

#[tauri::command]
pub(crate) async fn snapshot(desk: State<'_, Desk>) -> Answer<Snapshot> {
    Ok(Snapshot::from(desk.agent.snapshots().borrow().as_ref()))
}

#[tauri::command]
pub(crate) async fn look_up(desk: State<'_, Desk>, url: String) -> Answer<LookedUp> {
    let profile = look_up_profile(&url)?;
    let examined = desk.agent.examine(&profile).await.map_err(CommandError::about(&profile.name))?;
    Ok(LookedUp::new(&profile, &examined))
}

#[tauri::command]
pub(crate) async fn add_profile(desk: State<'_, Desk>, profile: NewProfile) -> Answer<()> {
    let profile = Profile::try_from(profile)?;
    let about = CommandError::about(&profile.name);
    desk.agent.examine(&profile).await.map_err(&about)?;
    desk.agent.add(&profile, None).await.map_err(about)
}

#[tauri::command]
pub(crate) async fn sign_in(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.sign_in(name.clone()).await.map_err(CommandError::at_sign_in(&name))
}

#[tauri::command]
pub(crate) async fn cancel_sign_in(desk: State<'_, Desk>, name: String) -> Answer<()> {
    desk.agent.cancel_sign_in(parse_name(&name)?).await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn refresh(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.refresh(name.clone()).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn sign_out(desk: State<'_, Desk>, name: String) -> Answer<Option<String>> {
    let name = parse_name(&name)?;
    let outcome = desk.agent.sign_out(&name).await.map_err(CommandError::about(&name))?;
    Ok(revocation_note(&outcome))
}

#[tauri::command]
pub(crate) async fn remove(desk: State<'_, Desk>, name: String) -> Answer<Option<String>> {
    let name = parse_name(&name)?;
    let outcome = desk.agent.remove(&name).await.map_err(CommandError::about(&name))?;
    Ok(revocation_note(&outcome))
}

#[tauri::command]
pub(crate) async fn pause(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.set_paused(&name, true).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn resume(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.set_paused(&name, false).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn set_sign_in_lifetime(
    desk: State<'_, Desk>,
    name: String,
    lifetime: String,
) -> Answer<()> {
    let name = parse_name(&name)?;
    let about = CommandError::about(&name);
    let answer = LifetimeAnswer::parse(&lifetime).map_err(&about)?;
    desk.agent.set_sign_in_lifetime(&name, answer).await.map_err(about)
}

#[tauri::command]
pub(crate) async fn try_demo(desk: State<'_, Desk>) -> Answer<()> {
    desk.start_demo().await.map_err(|failure| CommandError::of_none(&failure))
}

#[tauri::command]
pub(crate) async fn offer_start_at_login(app: AppHandle, desk: State<'_, Desk>) -> Answer<bool> {
    let signed_in = desk.agent.snapshots().borrow().each().any(|profile| profile.sign_in.is_some());
    Ok(signed_in && !autostart::was_asked(&app, &desk.paths)?)
}

#[tauri::command]
pub(crate) async fn answer_start_at_login(app: AppHandle, desk: State<'_, Desk>, on: bool) -> Answer<()> {
    autostart::answer(&app, &desk.paths, on)
}
