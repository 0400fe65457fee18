//! Shows a folder of this machine in the desktop's file manager: a path as exactly one argument, never an address (V1).

use std::path::Path;

use keyfob_core::failure::{Failure, StoreProblem};

/// Shows it.
///
/// # Errors
/// It is no folder's absolute path, or no program of the desktop shows it; the cause names the path, which can be copied.
pub async fn open_folder(folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    if !folder.is_absolute() {
        return Err(Failure::Usage(format!("{shown} is no absolute path")));
    }
    if !folder.is_dir() {
        return Err(Failure::Usage(format!("there is no folder {shown} yet")));
    }
    start(folder).await.map_err(|why| StoreProblem::Io(format!("{shown} could not be shown: {why}")).into())
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn start(folder: &Path) -> Result<(), String> {
    let display = ["DISPLAY", "WAYLAND_DISPLAY"];
    if !display.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return Err("there is no display".into());
    }
    crate::browser::opener::open_by_desktop(&folder.to_string_lossy()).await
}

/// `open` of macOS and Explorer, which says nothing useful when it ends; written with care, not run here.
#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn start(folder: &Path) -> Result<(), String> {
    let program = if cfg!(windows) { "explorer" } else { "open" };
    let started = tokio::process::Command::new(program).arg(folder).spawn();
    started.map(drop).map_err(|error| format!("{program}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V1
    #[tokio::test]
    async fn what_is_no_folder_of_this_machine_is_not_opened() {
        for bad in ["https://a.example/", "file:///tmp", "--help", "relative", ""] {
            let refused = open_folder(Path::new(bad)).await.unwrap_err();
            assert!(refused.to_string().contains("no absolute path"), "{bad}: {refused}");
        }
        let folder = tempfile::tempdir().unwrap();
        let refused = open_folder(&folder.path().join("not there")).await.unwrap_err();
        assert!(refused.to_string().contains("there is no folder"), "{refused}");
    }
}
