//! The desktop's own clipboard. It is opened at the first copy and stays open: on X11 and Wayland what is copied lives in the
//! program that copied it.

#[cfg(target_os = "macos")]
use arboard::SetExtApple as _;
#[cfg(all(unix, not(target_os = "macos")))]
use arboard::SetExtLinux as _;
#[cfg(windows)]
use arboard::SetExtWindows as _;

use super::Clipboard;

/// Opened when it is needed.
#[derive(Default)]
pub(crate) struct DesktopClipboard(Option<arboard::Clipboard>);

impl DesktopClipboard {
    fn opened(&mut self) -> Result<&mut arboard::Clipboard, String> {
        if self.0.is_none() {
            self.0 = Some(arboard::Clipboard::new().map_err(|error| error.to_string())?);
        }
        self.0.as_mut().ok_or_else(|| "it is gone".into())
    }
}

impl Clipboard for DesktopClipboard {
    /// With the mark by which programs that keep clipboards leave secrets out.
    fn hold(&mut self, text: &str) -> Result<(), String> {
        let held = self.opened()?.set().exclude_from_history().text(text);
        held.map_err(|error| error.to_string())
    }

    fn text(&mut self) -> Result<Option<String>, String> {
        match self.opened()?.get_text() {
            Ok(text) => Ok(Some(text)),
            Err(arboard::Error::ContentNotAvailable) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn clear(&mut self) -> Result<(), String> {
        self.opened()?.clear().map_err(|error| error.to_string())
    }
}
