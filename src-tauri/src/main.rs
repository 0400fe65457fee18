//! `keyfob-app`: the keeper in the tray. This file puts the parts together and is done.
#![forbid(unsafe_code)]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod desk;
mod ipc;
mod keeping;
mod shell;

use std::process::ExitCode;
use std::time::Duration;

use arguments::Arguments;
use desk::Desk;
use keeping::Kept;
use keyfob_core::failure::{About, Failure};
use keyfob_platform::paths::Paths;
use shell::{autostart, notifications, outside, preferences, refused, restart, tray, windows};
use tauri::{Manager, RunEvent};

/// How long a start may take before a window says what holds it up.
const SILENCE: Duration = Duration::from_millis(2_500);

fn main() -> ExitCode {
    let arguments = Arguments::read(std::env::args_os().skip(1));
    let filter = tracing_subscriber::EnvFilter::try_from_env("KEYFOB_LOG").unwrap_or_else(|_| "warn".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!(%failure, hint = failure.hint(About::Any), "keyfob-app cannot run");
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
    let mut keeping = runtime.spawn(keeping::keep(paths.clone(), arguments.after_rest));
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

fn show(kept: Kept, arguments: &Arguments) -> Result<(), Failure> {
    let Kept { desk, door, pressed } = kept;
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
            outside::listen(&handle, door);
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
        RunEvent::ExitRequested { code: None, api, .. } => {
            api.prevent_exit();
            #[cfg(target_os = "linux")]
            shell::rest::after_the_last_window(app);
        }
        RunEvent::Exit => {
            tauri::async_runtime::block_on(app.state::<Desk>().end(restart::goes_on(app)));
            restart::if_asked(app);
        }
        _ => {}
    });
    Ok(())
}
