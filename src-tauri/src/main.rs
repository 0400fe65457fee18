//! `keyfob-app`: the keeper in the tray. This file puts the parts together and is done.
#![forbid(unsafe_code)]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod desk;
mod ipc;
mod shell;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arguments::Arguments;
use desk::Desk;
use desk::store::TypedPassphrase;
use keyfob_agent::control::server::DoorRequest;
use keyfob_agent::journal::JournalEvent;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::Failure;
use keyfob_platform::compose::Composition;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::paths::Paths;
use keyfob_proxy::loopback_proxy::{LoopbackProxy, RunningProxy};
use shell::notifications::{self, DesktopNotifier, Pressed};
use shell::{autostart, preferences, refused, restart, tray, windows};
use tauri::{Manager, RunEvent};
use tokio::sync::mpsc;

/// How long a start may take before a window says what holds it up.
const SILENCE: Duration = Duration::from_millis(2_500);

fn main() -> ExitCode {
    let arguments = Arguments::read(std::env::args_os().skip(1));
    let filter = tracing_subscriber::EnvFilter::try_from_env("KEYFOB_LOG").unwrap_or_else(|_| "warn".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!(%failure, hint = failure.hint("NAME"), "keyfob-app cannot run");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Failure::Bug(format!("no runtime: {error}")))?;
    tauri::async_runtime::set(runtime.handle().clone());
    let _entered = runtime.enter();
    let paths = Paths::resolve(arguments.home.clone())?;
    let mut keeping = runtime.spawn(keep(paths.clone()));
    let patience = if arguments.hidden { Duration::MAX } else { SILENCE };
    let Ok(kept) = runtime.block_on(async { tokio::time::timeout(patience, &mut keeping).await }) else {
        return refused::wait(keeping, &paths, context()).map_err(|error| no_desktop(&error));
    };
    match kept.unwrap_or_else(|error| Err(Failure::Bug(error.to_string()))) {
        Ok(None) => Ok(()),
        Ok(Some(kept)) => show(kept, arguments),
        Err(failure) => {
            if let Err(error) = refused::show(&failure, context()) {
                tracing::warn!(%error, "no window can say why");
            }
            Err(failure)
        }
    }
}

fn no_desktop(error: &tauri::Error) -> Failure {
    Failure::Bug(format!("the desktop part: {error}"))
}

fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// What is there before any desktop: the keeper, what it was asked, and who speaks to it.
struct Kept {
    desk: Desk,
    door: mpsc::UnboundedReceiver<DoorRequest>,
    pressed: mpsc::UnboundedReceiver<Pressed>,
    proxy: RunningProxy,
}

/// Becomes the keeper; nothing where a first app runs already.
async fn keep(paths: Paths) -> Result<Option<Kept>, Failure> {
    if shell::shown_by_the_first(&paths).await {
        return Ok(None);
    }
    let (notifier, pressed) = DesktopNotifier::new();
    let passphrase = TypedPassphrase::default();
    let composition = Composition::new(paths.clone(), Arc::new(notifier));
    let ports = Composition { prompt: Some(passphrase.prompt()), ..composition }.ports()?;
    let mut keeper = Keeper::take_over(&paths, ports, KeeperKind::App).await?;
    desk::note(keeper.agent.ports(), JournalEvent::KeeperStarted);
    let door = keeper.take_door();
    let proxy = LoopbackProxy::start(keeper.proxy_ports(&paths)?)?;
    Ok(Some(Kept { desk: Desk::new(keeper, paths, passphrase), door, pressed, proxy }))
}

fn show(kept: Kept, arguments: &Arguments) -> Result<(), Failure> {
    let Kept { desk, door, pressed, proxy: _proxy } = kept;
    let start_at_login = autostart::plugin(&desk.paths);
    let wanted = arguments.clone();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(start_at_login)
        .manage(desk)
        .invoke_handler(ipc::handler())
        .setup(move |app| {
            let handle = app.handle().clone();
            preferences::install(&handle, &app.state::<Desk>().paths);
            tray::install(&handle)?;
            ipc::events::follow(&handle);
            listen(&handle, door);
            notifications::follow_buttons(&handle, pressed);
            if wanted.opens_window(&handle) {
                windows::show(&handle)?;
            }
            Ok(())
        })
        .build(context())
        .map_err(|error| no_desktop(&error))?;
    app.run(|app, event| match event {
        // Closing the last window leaves the tray.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        RunEvent::Exit => {
            tauri::async_runtime::block_on(app.state::<Desk>().end());
            restart::if_asked(app);
        }
        _ => {}
    });
    Ok(())
}

/// What comes from outside the window: other keyfob processes, and the system's wish to end.
fn listen(app: &tauri::AppHandle, mut door: mpsc::UnboundedReceiver<DoorRequest>) {
    let for_door = app.clone();
    tauri::async_runtime::spawn(async move {
        while let Some(request) = door.recv().await {
            match request {
                DoorRequest::ShowWindow => windows::show_logged(&for_door),
                DoorRequest::StepDown => for_door.exit(0),
                DoorRequest::OtherVersion(version) => for_door.state::<Desk>().versions.met(version),
            }
        }
    });
    let for_signal = app.clone();
    tauri::async_runtime::spawn(async move {
        shell::told_to_end().await;
        for_signal.exit(0);
    });
}
