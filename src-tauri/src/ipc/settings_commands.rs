//! What the settings view can ask for.

use keyfob_platform::config_file::Settings;
use keyfob_platform::local_entrances::answers_at;
use tauri::{AppHandle, State};
use zeroize::Zeroizing;

use super::error::CommandError;
use super::linked::LinkShown;
use super::preferences::{Preferences, Theme};
use super::settings_shown::{
    BackendShown, FileShown, PortChangedShown, ProxyShown, SettingsShown, StoreMoved,
};
use crate::desk::Desk;
use crate::shell::preferences as preferred;

type Answer<T> = Result<T, CommandError>;

#[tauri::command]
pub(crate) async fn settings(desk: State<'_, Desk>) -> Answer<SettingsShown> {
    let of_none = |failure| CommandError::of_none(&failure);
    let profiles = desk.agent.ports().settings.list().map_err(of_none)?;
    let files = desk.files(&profiles).map_err(of_none)?;
    Ok(SettingsShown { proxy: proxy(&desk).await?, files: files.into_iter().map(FileShown::from).collect() })
}

async fn proxy(desk: &Desk) -> Answer<ProxyShown> {
    let of_none = |failure| CommandError::of_none(&failure);
    let port = Settings::read(&desk.paths).map_err(of_none)?.proxy.port;
    let links = desk.proxied_links().map_err(of_none)?.iter().map(LinkShown::from).collect();
    let listens = match port {
        Some(port) => answers_at(port).await,
        None => false,
    };
    Ok(ProxyShown { port, listens, links })
}

/// Also links anew what names the old port.
#[tauri::command]
pub(crate) async fn change_proxy_port(desk: State<'_, Desk>, port: u16) -> Answer<PortChangedShown> {
    let changed = desk.change_proxy_port(port).await.map_err(|failure| CommandError::of_none(&failure))?;
    Ok(changed.into())
}

/// A passphrase only goes in: it is wrapped at once, and shown by nothing.
#[tauri::command]
pub(crate) async fn move_store(
    desk: State<'_, Desk>,
    to: BackendShown,
    passphrase: Option<String>,
) -> Answer<StoreMoved> {
    let moved = desk.move_store(to.into(), passphrase.map(Zeroizing::new)).await;
    Ok(StoreMoved::new(&moved.map_err(|failure| CommandError::of_none(&failure))?, to))
}

#[tauri::command]
pub(crate) async fn unlock_store(desk: State<'_, Desk>, passphrase: String) -> Answer<()> {
    let unlocked = desk.unlock_store(Zeroizing::new(passphrase)).await;
    unlocked.map_err(|failure| CommandError::of_none(&failure))
}

/// Answers once the desktop's own question is answered.
#[tauri::command]
pub(crate) async fn unlock_keyring(desk: State<'_, Desk>) -> Answer<()> {
    desk.unlock_keyring().await.map_err(|failure| CommandError::of_none(&failure))
}

/// Shows the folder of a file that `settings` has named.
#[tauri::command]
pub(crate) async fn open_folder(desk: State<'_, Desk>, path: String) -> Answer<()> {
    desk.open_folder_of(&path).await.map_err(|failure| CommandError::of_none(&failure))
}

#[tauri::command]
pub(crate) async fn preferences(app: AppHandle) -> Answer<Preferences> {
    Ok(preferred::look_again(&app))
}

#[tauri::command]
pub(crate) async fn set_theme(app: AppHandle, theme: Theme) -> Answer<()> {
    preferred::set_theme(&app, theme)
}

#[tauri::command]
pub(crate) async fn set_start_at_login(app: AppHandle, on: bool) -> Answer<()> {
    preferred::set_start_at_login(&app, on)
}
