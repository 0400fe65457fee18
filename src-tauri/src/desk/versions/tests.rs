//! What is said of other versions, and when it is looked at.

use super::*;

fn others(on_disk: Option<&str>, met: Option<&str>) -> Others {
    Others { replaced: false, on_disk: on_disk.map(str::to_owned), met: met.map(str::to_owned) }
}

#[test]
fn a_newer_version_goes_before_an_older_one_and_the_same_one_is_no_news() {
    assert_eq!(others(None, None).version(), None);
    assert_eq!(others(Some(OURS), None).version(), None);
    assert_eq!(others(Some("99.0.0"), Some("0.0.1")).version(), Some(("99.0.0", true)));
    assert_eq!(others(Some("0.0.1"), Some("99.10.0")).version(), Some(("99.10.0", true)));
    assert_eq!(others(Some(OURS), Some("0.0.9")).version(), Some(("0.0.9", false)));
    let replaced = Others { replaced: true, ..others(None, Some("99.0.0")) };
    assert_eq!(replaced.version(), None, "nobody said that it was replaced by that one");
}

#[test]
fn versions_are_compared_by_number() {
    assert_eq!(compared("0.10.0", "0.9.9"), Ordering::Greater);
    assert_eq!(compared("0.9", "0.9.1"), Ordering::Less);
    assert_eq!(compared("1.0.0-beta.2", "1.0.0"), Ordering::Equal);
    assert_eq!(version_in("keyfob 0.2.0\n"), Some("0.2.0".into()));
    assert_eq!(version_in("some other program 3"), None);
    assert_eq!(version_in("keyfob is not found"), None);
}

/// A command line that says `version`, under a name that no other look has seen.
#[cfg(unix)]
fn command_line(folder: &Path, version: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (path, fresh) = (folder.join("keyfob"), folder.join(version));
    std::fs::write(
        &fresh,
        format!("#!/bin/sh\necho asked >> '{}'\necho keyfob {version}\n", folder.join("asked").display()),
    )
    .unwrap();
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(fresh, &path).unwrap();
    path
}

#[cfg(unix)]
#[tokio::test]
async fn an_updated_command_line_is_asked_once_and_an_updated_app_wants_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let paths = keyfob_platform::paths::Paths::resolve(Some(folder.path().join("home"))).unwrap();
    let app = folder.path().join("keyfob-app");
    std::fs::write(&app, "as it runs").unwrap();
    let versions = Versions {
        known: watch::Sender::default(),
        own: Mark::of(&app).map(|mark| (app.clone(), mark)),
        looked: Mutex::default(),
    };
    let look =
        async |path: &Path| versions.look(Some(path.to_owned()), SystemClientPrograms::new(&paths)).await;
    let path = command_line(folder.path(), OURS);
    look(&path).await;
    assert_eq!((versions.watch().borrow().version(), versions.watch().borrow().replaced), (None, false));
    command_line(folder.path(), "99.10.0");
    look(&path).await;
    look(&path).await;
    assert_eq!(versions.watch().borrow().version(), Some(("99.10.0", true)));
    assert_eq!(std::fs::read_to_string(folder.path().join("asked")).unwrap().lines().count(), 2);
    // A package takes the old file away before it puts the new one there.
    std::fs::remove_file(&app).unwrap();
    look(&path).await;
    assert!(!versions.watch().borrow().replaced);
    std::fs::write(&app, "another program").unwrap();
    look(&path).await;
    assert!(versions.watch().borrow().replaced);
}
