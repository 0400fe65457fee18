//! Start at login: offered once, after the first sign-in, switched in the settings, and never switched on unasked. A home of
//! one's own has an entry of its own, which names it.

use std::path::{Path, PathBuf};

use keyfob_platform::paths::Paths;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Wry};
use tauri_plugin_autostart::{Builder, ManagerExt};
use tauri_plugin_store::StoreExt;

use crate::ipc::error::CommandError;

/// What the desktop calls it: the `productName` of tauri.conf.json.
const NAME: &str = "keyfob";
const ASKED: &str = "start_at_login_asked";

/// The plugin, starting the app without its window, in the folders that are in force now.
pub(crate) fn plugin(paths: &Paths) -> TauriPlugin<Wry> {
    let home = paths.home_argument().unwrap_or_else(|problem| {
        tracing::warn!(%problem, "start at login will not know these folders");
        None
    });
    Builder::new().app_name(entry(paths)).args(arguments(home.as_deref())).build()
}

fn arguments(home: Option<&Path>) -> Vec<String> {
    let home = home.map(|home| ["--home".to_owned(), quoted(&home.to_string_lossy())]);
    std::iter::once("--hidden".to_owned()).chain(home.into_iter().flatten()).collect()
}

/// What the desktop's entry is called: one for the usual folders, one for each home of one's own.
fn entry(paths: &Paths) -> String {
    match paths.home_argument() {
        Ok(Some(home)) if paths.where_toml().is_none() => format!("{NAME}{}", slug(&home.to_string_lossy())),
        _ => NAME.to_owned(),
    }
}

/// `/home/ada/work` as `-home-ada-work`: fit for the name of a file.
fn slug(path: &str) -> String {
    path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// An argument as the line of a desktop entry takes it (Desktop Entry Specification, "The Exec key"), whose backslashes are
/// doubled once more as in every text there; the plugin joins its arguments with spaces. A Launch Agent has them in a list.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,=".contains(c);
    if cfg!(target_os = "macos") || argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    if cfg!(windows) {
        return format!("\"{argument}\"");
    }
    let escaped = argument.chars().fold(String::new(), |mut text, c| {
        match c {
            '"' | '`' | '$' => text.push_str(r"\\"),
            '\\' => text.push_str(r"\\\"),
            '%' => text.push('%'),
            _ => {}
        }
        text.push(c);
        text
    });
    format!("\"{escaped}\"")
}

/// The file by which a Linux desktop starts the app, while there is one.
pub(crate) fn file(paths: &Paths) -> Option<PathBuf> {
    let file = std::env::home_dir()?.join(".config/autostart").join(format!("{}.desktop", entry(paths)));
    file.exists().then_some(file)
}

/// Whether the user was asked already.
pub(crate) fn was_asked(app: &AppHandle, paths: &Paths) -> Result<bool, CommandError> {
    Ok(app.store(paths.app_preferences())?.get(ASKED).is_some())
}

/// Whether the desktop starts the app; where that cannot be read it does not.
pub(crate) fn is_on(app: &AppHandle) -> bool {
    app.autolaunch().is_enabled().unwrap_or_else(|error| {
        tracing::warn!(%error, "whether keyfob starts at login cannot be read");
        false
    })
}

/// Switches it on or off.
pub(crate) fn switch(app: &AppHandle, on: bool) -> Result<(), CommandError> {
    let launch = app.autolaunch();
    Ok(if on { launch.enable() } else { launch.disable() }?)
}

/// The user has answered, and is not asked again.
pub(crate) fn answered(app: &AppHandle, paths: &Paths) -> Result<(), CommandError> {
    let preferences = app.store(paths.app_preferences())?;
    preferences.set(ASKED, true);
    Ok(preferences.save()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(home: &str) -> Paths {
        Paths::resolve(Some(home.into())).unwrap()
    }

    #[test]
    fn a_home_of_ones_own_is_named_and_has_an_entry_of_its_own() {
        let paths = at("/home/ada/Two keys");
        assert_eq!(entry(&paths), "keyfob-home-ada-Two-keys");
        let home = paths.home_argument().unwrap();
        let line = arguments(home.as_deref()).join(" ");
        assert_eq!(line, r#"--hidden --home "/home/ada/Two keys""#);
        assert_ne!(entry(&at("/home/ada/other")), entry(&paths));
    }

    #[test]
    fn the_usual_folders_need_no_word() {
        assert_eq!(arguments(None), ["--hidden"]);
    }

    /// What a desktop reads back is the folder, whatever its name is: two layers of backslashes, and no field code.
    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn no_folders_name_becomes_another_command() {
        assert_eq!(quoted("/home/ada/kf-1.0"), "/home/ada/kf-1.0");
        assert_eq!(quoted("/h/100%f"), r#""/h/100%%f""#);
        assert_eq!(quoted(r#"/h/a"b"#), r#""/h/a\\"b""#);
        assert_eq!(quoted("/h/$HOME`x`"), r#""/h/\\$HOME\\`x\\`""#);
        assert_eq!(quoted(r"/h/a\b"), r#""/h/a\\\\b""#);
    }
}
