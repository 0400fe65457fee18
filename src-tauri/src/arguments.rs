//! The app's few arguments: `--home DIR`, `--show`, `--hidden`, and `--after-rest`, which the app gives itself.

use std::ffi::OsString;
use std::path::PathBuf;

use tauri::{AppHandle, Manager};

use crate::desk::Desk;
use crate::shell::tray;

/// Opens the window.
pub(crate) const SHOW: &str = "--show";
/// Starts in the tray.
const HIDDEN: &str = "--hidden";
/// Goes on in the tray, whatever else would open a window.
pub(crate) const AFTER_REST: &str = "--after-rest";

/// How the app was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Everything under this folder.
    pub(crate) home: Option<PathBuf>,
    show: bool,
    /// The app itself began anew: nothing that anybody would call a start.
    pub(crate) after_rest: bool,
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
                Some(SHOW) => read.show = true,
                Some(HIDDEN) => read.hidden = true,
                Some(AFTER_REST) => (read.hidden, read.after_rest) = (true, true),
                Some("--home") => read.home = arguments.next().map(PathBuf::from),
                _ => {}
            }
        }
        read
    }

    /// The window opens when asked for, on the very first run, and where there is no tray to open it from.
    pub(crate) fn opens_window(&self, app: &AppHandle) -> bool {
        let has_no_way_in = || !self.after_rest && !tray::is_visible();
        self.show || has_no_way_in() || (!self.hidden && app.state::<Desk>().is_first_run())
    }
}

/// The arguments for a start like this one, but for `how`.
pub(crate) fn again(given: &[OsString], how: &str) -> Vec<OsString> {
    let others = given.iter().filter(|one| ![SHOW, HIDDEN, AFTER_REST].iter().any(|known| *one == known));
    others.cloned().chain([how.into()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_arguments_are_read_and_others_passed_over() {
        let read =
            Arguments::read(["--home", "/h", "--enable-x", "--hidden"].map(OsString::from).into_iter());
        assert_eq!(read, Arguments { home: Some("/h".into()), show: false, hidden: true, after_rest: false });
    }

    #[test]
    fn a_start_like_this_one_keeps_all_but_how_it_was_shown() {
        let given = ["keyfob-app", "--home", "/h", "--after-rest", "--enable-x"].map(OsString::from);
        let shown = again(&given, SHOW);
        assert_eq!(shown, ["keyfob-app", "--home", "/h", "--enable-x", "--show"].map(OsString::from));
        assert_eq!(again(&shown, AFTER_REST).last().unwrap(), "--after-rest");
    }
}
