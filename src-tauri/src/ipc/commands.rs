//! What the window can ask for. Each command hands over to the keeper and is done.

use keyfob_core::profile::{LifetimeAnswer, Profile};
use keyfob_core::resource::CheckedUrl;
use tauri::{AppHandle, State};

use super::error::CommandError;
use super::shown::Snapshot;
use super::view::{LookedUp, NewProfile, parse_name, revocation_note};
use crate::desk::Desk;
use crate::shell::autostart;

type Answer<T> = Result<T, CommandError>;

#[tauri::command]
pub(crate) async fn snapshot(desk: State<'_, Desk>) -> Answer<Snapshot> {
    Ok(Snapshot::from(desk.agent.snapshots().borrow().as_ref()))
}

#[tauri::command]
pub(crate) async fn look_up(desk: State<'_, Desk>, url: String) -> Answer<LookedUp> {
    let profile = Profile::new(
        parse_name("look-up")?,
        CheckedUrl::parse(&url).map_err(keyfob_core::failure::Failure::from)?,
    );
    let examined = desk.agent.examine(&profile).await?;
    Ok(LookedUp::new(&profile, &examined))
}

#[tauri::command]
pub(crate) async fn add_profile(desk: State<'_, Desk>, profile: NewProfile) -> Answer<()> {
    let profile = Profile::try_from(profile)?;
    desk.agent.examine(&profile).await?;
    Ok(desk.agent.add(&profile, None).await?)
}

#[tauri::command]
pub(crate) async fn sign_in(desk: State<'_, Desk>, name: String) -> Answer<()> {
    Ok(desk.sign_in(parse_name(&name)?).await?)
}

#[tauri::command]
pub(crate) async fn cancel_sign_in(desk: State<'_, Desk>, name: String) -> Answer<()> {
    desk.agent.cancel_sign_in(parse_name(&name)?).await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn refresh(desk: State<'_, Desk>, name: String) -> Answer<()> {
    Ok(desk.agent.refresh(parse_name(&name)?).await?)
}

#[tauri::command]
pub(crate) async fn sign_out(desk: State<'_, Desk>, name: String) -> Answer<Option<String>> {
    Ok(revocation_note(&desk.agent.sign_out(&parse_name(&name)?).await?))
}

#[tauri::command]
pub(crate) async fn remove(desk: State<'_, Desk>, name: String) -> Answer<Option<String>> {
    Ok(revocation_note(&desk.agent.remove(&parse_name(&name)?).await?))
}

#[tauri::command]
pub(crate) async fn pause(desk: State<'_, Desk>, name: String) -> Answer<()> {
    Ok(desk.agent.set_paused(&parse_name(&name)?, true).await?)
}

#[tauri::command]
pub(crate) async fn resume(desk: State<'_, Desk>, name: String) -> Answer<()> {
    Ok(desk.agent.set_paused(&parse_name(&name)?, false).await?)
}

#[tauri::command]
pub(crate) async fn set_sign_in_lifetime(
    desk: State<'_, Desk>,
    name: String,
    lifetime: String,
) -> Answer<()> {
    Ok(desk.agent.set_sign_in_lifetime(&parse_name(&name)?, LifetimeAnswer::parse(&lifetime)?).await?)
}

#[tauri::command]
pub(crate) async fn try_demo(desk: State<'_, Desk>) -> Answer<()> {
    Ok(desk.start_demo().await?)
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
