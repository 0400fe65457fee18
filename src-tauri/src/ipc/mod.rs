//! The window's only way in: commands, one event, their shapes. No command returns a token, and none could: a snapshot holds
//! no secret by type.

pub(crate) mod commands;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod examined;
pub(crate) mod file_kind;
pub(crate) mod link_commands;
pub(crate) mod linked;
pub(crate) mod preferences;
pub(crate) mod settings_commands;
pub(crate) mod settings_shown;
pub(crate) mod shown;
pub(crate) mod told;
pub(crate) mod under_way;
pub(crate) mod view;

#[cfg(test)]
mod shapes_tests;
#[cfg(test)]
mod tests;

use tauri::Wry;
use tauri::ipc::Invoke;

/// Every command there is.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        commands::snapshot,
        commands::look_up,
        commands::add_profile,
        commands::sign_in,
        commands::cancel_sign_in,
        commands::answer_account,
        commands::decline_more,
        commands::refresh,
        commands::sign_out,
        commands::remove,
        commands::pause,
        commands::resume,
        commands::set_sign_in_lifetime,
        commands::set_reminders,
        commands::doctor,
        commands::journal,
        link_commands::servers_here,
        link_commands::importable,
        link_commands::import_sign_in,
        link_commands::links,
        link_commands::clients,
        link_commands::plan_link,
        link_commands::plan_unlink,
        link_commands::link,
        link_commands::unlink,
        commands::try_demo,
        commands::offer_start_at_login,
        commands::answer_start_at_login,
        commands::restart,
        settings_commands::settings,
        settings_commands::move_store,
        settings_commands::unlock_store,
        settings_commands::unlock_keyring,
        settings_commands::open_folder,
        settings_commands::change_proxy_port,
        settings_commands::preferences,
        settings_commands::set_theme,
        settings_commands::set_start_at_login,
    ]
}
