//! Draws the tray's model: icon, tooltip, menu; and carries out what is chosen there.

use std::sync::Mutex;

use keyfob_agent::agent::Asked;
use keyfob_agent::snapshot::Snapshot;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use tauri::image::Image;
use tauri::menu::{CheckMenuItemBuilder, Menu, MenuBuilder, MenuItemBuilder, SubmenuBuilder};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};

use super::tray_model::{ForAll, TrayAction, TrayModel, TrayPicture};
use super::windows::{self, Place};
use super::{outside, preferences};
use crate::desk::Desk;
use crate::ipc::preferences::Preferences;

const ID: &str = "keyfob";
const OPEN: &str = "open";
const ADD: &str = "add";
const FOR_ALL: &str = "for-all";
const START: &str = "start-at-login";
const QUIT: &str = "quit";

/// What is drawn now, so that only changes are drawn again: a menu that is rebuilt closes under the pointer.
#[derive(Default)]
struct Drawn(Mutex<Option<TrayModel>>);

/// Puts the icon into the tray. It has a menu from the start: one without is never shown on Linux.
pub(crate) fn install(app: &AppHandle) -> tauri::Result<()> {
    app.manage(Drawn::default());
    let snapshot = app.state::<Desk>().agent.snapshots().borrow().clone();
    let preferred = *preferences::watch(app).borrow();
    let model = TrayModel::of(&snapshot, &Asked::new(), preferred, chrono::Utc::now());
    TrayIconBuilder::with_id(ID)
        .icon(picture(model.picture)?)
        .tooltip(&model.tooltip)
        .menu(&menu(app, &model)?)
        .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
        .build(app)?;
    Ok(())
}

/// Draws a snapshot, if it looks different from the last one.
pub(crate) fn show(app: &AppHandle, snapshot: &Snapshot, asked: &Asked, preferred: Preferences) {
    let model = TrayModel::of(snapshot, asked, preferred, chrono::Utc::now());
    let drawn = app.state::<Drawn>();
    let mut last = drawn.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if last.as_ref() == Some(&model) {
        return;
    }
    match draw(app, &model) {
        Ok(()) => *last = Some(model),
        Err(error) => tracing::warn!(%error, "the tray could not be drawn"),
    }
}

fn draw(app: &AppHandle, model: &TrayModel) -> tauri::Result<()> {
    let Some(tray) = app.tray_by_id(ID) else { return Ok(()) };
    tray.set_icon(Some(picture(model.picture)?))?;
    tray.set_tooltip(Some(&model.tooltip))?;
    tray.set_menu(Some(menu(app, model)?))
}

fn picture(picture: TrayPicture) -> tauri::Result<Image<'static>> {
    Image::from_bytes(match picture {
        TrayPicture::Well => include_bytes!("../../../icons/tray/well.png"),
        TrayPicture::Soon => include_bytes!("../../../icons/tray/soon.png"),
        TrayPicture::Act => include_bytes!("../../../icons/tray/act.png"),
        TrayPicture::Offline => include_bytes!("../../../icons/tray/offline.png"),
        TrayPicture::Paused => include_bytes!("../../../icons/tray/paused.png"),
    })
}

fn menu(app: &AppHandle, model: &TrayModel) -> tauri::Result<Menu<Wry>> {
    let mut menu = MenuBuilder::new(app);
    // Panels of Linux show no tooltip of ours: there, its words are the first line.
    if cfg!(target_os = "linux") {
        menu = menu.item(&MenuItemBuilder::new(&model.tooltip).enabled(false).build(app)?).separator();
    }
    for row in &model.rows {
        let mut actions = SubmenuBuilder::new(app, &row.text);
        for (action, words) in &row.actions {
            actions = actions.text(format!("{}/{}", action.id(), row.profile), *words);
        }
        menu = menu.item(&actions.build()?);
    }
    if !model.rows.is_empty() {
        menu = menu.separator();
    }
    let open = MenuItemBuilder::with_id(OPEN, "Open keyfob").build(app)?;
    let add = MenuItemBuilder::with_id(ADD, "Add a portal…").build(app)?;
    menu = menu.item(&open).item(&add);
    if let Some(for_all) = model.for_all {
        menu = menu.text(FOR_ALL, for_all_words(for_all));
    }
    let start =
        CheckMenuItemBuilder::with_id(START, "Start at login").checked(model.start_at_login).build(app)?;
    let quit = MenuItemBuilder::with_id(QUIT, "Quit").build(app)?;
    menu.item(&start).separator().item(&quit).build()
}

fn for_all_words(for_all: ForAll) -> &'static str {
    match for_all {
        ForAll::Pause => "Pause all renewals",
        ForAll::Resume => "Resume all renewals",
    }
}

fn chosen(app: &AppHandle, id: &str) {
    match id.split_once('/') {
        None if id == OPEN => windows::show_logged(app),
        None if id == ADD => windows::show_at(app, Place::Add),
        None if id == FOR_ALL => pause_or_resume_all(app),
        None if id == START => switch_start_at_login(app),
        None if id == QUIT => app.exit(0),
        None => {}
        Some((action, profile)) => {
            let action = TrayAction::ALL.into_iter().find(|known| known.id() == action);
            if let (Some(action), Ok(name)) = (action, ProfileName::parse(profile)) {
                carry_out(app, action, name);
            }
        }
    }
}

/// By what is so now; what the menu said may be older.
fn pause_or_resume_all(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let snapshot = app.state::<Desk>().agent.snapshots().borrow().clone();
        let pause = TrayModel::of(&snapshot, &Asked::new(), Preferences::default(), chrono::Utc::now())
            .for_all
            == Some(ForAll::Pause);
        for profile in snapshot.each().filter(|profile| profile.sign_in.is_some()) {
            let Ok(name) = ProfileName::parse(&profile.name) else { continue };
            if let Err(failure) = app.state::<Desk>().agent.set_paused(&name, pause).await {
                tracing::warn!(%failure, profile = %name, "its renewal was neither paused nor resumed");
                windows::show_logged(&app);
            }
        }
    });
}

/// A check mark that the desktop has switched by itself is drawn anew where it could not be kept.
fn switch_start_at_login(app: &AppHandle) {
    let on = !preferences::look_again(app).start_at_login;
    if let Err(error) = preferences::set_start_at_login(app, on) {
        tracing::warn!(?error, "start at login was not switched");
        windows::show_logged(app);
    }
}

fn carry_out(app: &AppHandle, action: TrayAction, name: ProfileName) {
    match action {
        TrayAction::SignIn => return outside::sign_in(app, name),
        TrayAction::Decide => return windows::show_logged(app),
        TrayAction::Connect => return windows::show_at(app, Place::Connect(name)),
        TrayAction::Open => return windows::show_at(app, Place::Portal(name)),
        _ => {}
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(failure) = act(&app, action, name).await {
            tracing::warn!(%failure, "an action of the tray failed");
            windows::show_logged(&app);
        }
    });
}

async fn act(app: &AppHandle, action: TrayAction, name: ProfileName) -> Result<(), Failure> {
    let desk = app.state::<Desk>();
    let agent = &desk.agent;
    match action {
        TrayAction::CopyToken => desk.copy_token(&name).await,
        TrayAction::Refresh => agent.refresh(name).await,
        TrayAction::SignOut => agent.sign_out(&name).await.map(|_| ()),
        TrayAction::Pause => agent.set_paused(&name, true).await,
        TrayAction::Resume => agent.set_paused(&name, false).await,
        TrayAction::SignIn | TrayAction::Decide | TrayAction::Connect | TrayAction::Open => Ok(()),
    }
}

/// Whether anybody shows tray icons. On Linux a panel says so on the session bus.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn is_visible() -> bool {
    let asked = || {
        let bus = zbus::blocking::Connection::session()?;
        let name = "org.freedesktop.DBus";
        let reply = bus.call_method(
            Some(name),
            "/org/freedesktop/DBus",
            Some(name),
            "NameHasOwner",
            &"org.kde.StatusNotifierWatcher",
        )?;
        reply.body().deserialize::<bool>()
    };
    asked().unwrap_or(false)
}

/// Windows and macOS always have a tray.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) fn is_visible() -> bool {
    true
}
