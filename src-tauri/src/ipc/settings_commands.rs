//! What the settings view can ask for.

use tauri::AppHandle;

use super::error::CommandError;
use super::preferences::{Preferences, Theme};
use crate::shell::preferences as preferred;

type Answer<T> = Result<T, CommandError>;

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
