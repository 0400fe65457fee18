//! The floor that keyfob's window is measured against (`scripts/bench.sh window`): the least Tauri app. It has no window until a
//! line comes on standard input; then one with one button, that is there without a script. It ends with its input.
#![forbid(unsafe_code)]

use std::io::BufRead;

use tauri::http::Response;
use tauri::{AppHandle, RunEvent, WebviewUrl, WebviewWindowBuilder};

const PAGE: &str = "<!doctype html><title>bare</title><body style='margin:0'>\
    <button style='margin:80px;padding:20px 60px;border:0;background:#3655c7;color:#fff'>Ready</button>";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tauri::Builder::default()
        .register_uri_scheme_protocol("bare", |_, _| {
            let mut page = Response::new(PAGE.as_bytes());
            page.headers_mut()
                .insert("content-type", tauri::http::HeaderValue::from_static("text/html; charset=utf-8"));
            page
        })
        .setup(|app| {
            let handle = app.handle().clone();
            std::thread::Builder::new().spawn(move || follow(&handle))?;
            Ok(())
        })
        .build(tauri::generate_context!())?
        .run(|_, event| {
            if let RunEvent::ExitRequested { code: None, api, .. } = event {
                api.prevent_exit();
            }
        });
    Ok(())
}

/// One window for each line.
fn follow(app: &AppHandle) {
    for _line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let handle = app.clone();
        let _ = app.run_on_main_thread(move || {
            let _ = open(&handle);
        });
    }
    app.exit(0);
}

fn open(app: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    let page = WebviewUrl::CustomProtocol("bare://localhost/".parse()?);
    WebviewWindowBuilder::new(app, "main", page).title("bare").inner_size(880.0, 680.0).build()?;
    Ok(())
}
