//! The one window: made on demand, destroyed when closed, so that an idle tray has no web process.

use keyfob_core::identity::ProfileName;
use tauri::{AppHandle, Emitter, Manager, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use super::preferences;
use crate::desk::Desk;

const LABEL: &str = "main";
/// The event that tells a window which is there already.
const PLACE: &str = "place";

/// Where in the window somebody wants to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Wherever it is, or at the list.
    Anywhere,
    /// At the wizard.
    Add,
    /// At a portal's page.
    Portal(ProfileName),
    /// There, at the programs that may use it.
    Connect(ProfileName),
}

impl Place {
    /// As the page reads it, behind its address or in an event (`ui/src/model/place.ts`); a name is of letters, digits and hyphens.
    fn fragment(&self) -> Option<String> {
        match self {
            Self::Anywhere => None,
            Self::Add => Some("add".into()),
            Self::Portal(name) => Some(format!("portal/{name}")),
            Self::Connect(name) => Some(format!("connect/{name}")),
        }
    }
}

/// Shows the window, making it if there is none.
pub(crate) fn show(app: &AppHandle) -> tauri::Result<()> {
    show_there(app, &Place::Anywhere)
}

fn show_there(app: &AppHandle, place: &Place) -> tauri::Result<()> {
    let fragment = place.fragment();
    if let Some(window) = app.get_webview_window(LABEL) {
        if let Some(fragment) = fragment {
            app.emit(PLACE, fragment)?;
        }
        window.unminimize()?;
        window.show()?;
        return window.set_focus();
    }
    let url = fragment
        .map_or_else(WebviewUrl::default, |place| WebviewUrl::App(format!("index.html#{place}").into()));
    let window = WebviewWindowBuilder::new(app, LABEL, url)
        .title("keyfob")
        .inner_size(880.0, 680.0)
        .min_inner_size(360.0, 420.0)
        .theme(preferences::window_theme(app))
        // The window shows our own pages and nothing else, whatever a page asks for (V15).
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Focused(true) = event {
            look_again(&handle);
        }
    });
    Ok(())
}

/// While nobody looked, keyfob may have been updated.
fn look_again(app: &AppHandle) {
    let Some(desk) = app.try_state::<Desk>() else { return };
    let linking = desk.linking();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        app.state::<Desk>().versions.look(linking.command_line(), linking.client_programs()).await;
    });
}

/// The same where nobody waits for an answer.
pub(crate) fn show_logged(app: &AppHandle) {
    show_at(app, Place::Anywhere);
}

/// The same at a place.
pub(crate) fn show_at(app: &AppHandle, place: Place) {
    let handle = app.clone();
    let shown = app.run_on_main_thread(move || {
        if let Err(error) = show_there(&handle, &place) {
            tracing::error!(%error, "the window cannot be shown");
        }
    });
    if let Err(error) = shown {
        tracing::error!(%error, "the window cannot be shown");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_as_the_page_reads_it() {
        let work = || ProfileName::parse("work").unwrap();
        let places = [Place::Anywhere, Place::Add, Place::Portal(work()), Place::Connect(work())];
        let named = places.map(|place| place.fragment().unwrap_or_default());
        assert_eq!(named, ["", "add", "portal/work", "connect/work"]);
    }
}
