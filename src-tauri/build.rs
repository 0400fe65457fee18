//! Prepares what Tauri bakes in: configuration, capabilities, icons.

fn main() {
    tauri_build::build();
}
