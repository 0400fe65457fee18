//! `keyfob-app`: the keeper in the tray. This file puts the parts together and is done.
#![forbid(unsafe_code)]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod desk;
mod ipc;
mod shell;

use std::process::ExitCode;
use std::sync::Arc;

use arguments::Arguments;
use desk::Desk;
use desk::store::TypedPassphrase;
use keyfob_agent::control::server::DoorRequest;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::Failure;
use keyfob_platform::compose::Composition;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::paths::Paths;
use keyfob_proxy::loopback_proxy::LoopbackProxy;
use shell::notifications::{self, DesktopNotifier};
use shell::{autostart, preferences, tray, windows};
use tauri::{Manager, RunEvent};

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
    if runtime.block_on(shell::shown_by_the_first(&paths)) {
        return Ok(());
    }
    let (notifier, pressed) = DesktopNotifier::new();
    let passphrase = TypedPassphrase::default();
    let composition = Composition::new(paths.clone(), Arc::new(notifier));
    let ports = Composition { prompt: Some(passphrase.prompt()), ..composition }.ports()?;
    let mut keeper = runtime.block_on(Keeper::take_over(&paths, ports, KeeperKind::App))?;
    let door = keeper.take_door();
    let _proxy = LoopbackProxy::start(keeper.proxy_ports(&paths)?)?;
    let desk = Desk::new(keeper, paths, passphrase);
    let wanted = arguments.clone();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(autostart::plugin())
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
        .build(tauri::generate_context!())
        .map_err(|error| Failure::Bug(format!("the desktop part: {error}")))?;
    app.run(|app, event| match event {
        // Closing the last window leaves the tray.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        RunEvent::Exit => tauri::async_runtime::block_on(app.state::<Desk>().end()),
        _ => {}
    });
    Ok(())
}

/// What comes from outside the window: other keyfob processes, and the system's wish to end.
fn listen(app: &tauri::AppHandle, mut door: tokio::sync::mpsc::UnboundedReceiver<DoorRequest>) {
    let for_door = app.clone();
    tauri::async_runtime::spawn(async move {
        while let Some(request) = door.recv().await {
            match request {
                DoorRequest::ShowWindow => windows::show_logged(&for_door),
                DoorRequest::StepDown => for_door.exit(0),
            }
        }
    });
    let for_signal = app.clone();
    tauri::async_runtime::spawn(async move {
        shell::told_to_end().await;
        for_signal.exit(0);
    });
}
