//! The app's few arguments: `--home DIR`, `--show`, `--hidden`.

use std::ffi::OsString;
use std::path::PathBuf;

use tauri::{AppHandle, Manager};

use crate::desk::Desk;
use crate::shell::tray;

/// How the app was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Everything under this folder.
    pub(crate) home: Option<PathBuf>,
    show: bool,
    /// Nobody waits for a window.
    pub(crate) hidden: bool,
}

impl Arguments {
    /// Reads them; what is not known is passed over, because desktops add their own.
    pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Self {
        let mut read = Self { home: std::env::var_os("KEYFOB_HOME").map(PathBuf::from), ..Self::default() };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--show") => read.show = true,
                Some("--hidden") => read.hidden = true,
                Some("--home") => read.home = arguments.next().map(PathBuf::from),
                _ => {}
            }
        }
        read
    }

    /// The window opens when asked for, on the very first run, and where there is no tray to open it from.
    pub(crate) fn opens_window(&self, app: &AppHandle) -> bool {
        self.show || !tray::is_visible() || (!self.hidden && app.state::<Desk>().is_first_run())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_arguments_are_read_and_others_passed_over() {
        let read =
            Arguments::read(["--home", "/h", "--enable-x", "--hidden"].map(OsString::from).into_iter());
        assert_eq!(read, Arguments { home: Some("/h".into()), show: false, hidden: true });
    }
}
