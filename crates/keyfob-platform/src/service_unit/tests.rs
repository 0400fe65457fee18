//! Units: what is in them, that nothing can break out of its line, and what systemd itself says of them.

use super::*;

fn service() -> Service {
    Service {
        program: "/opt/my tools/key\"fob\\100%$HOME".into(),
        arguments: ["agent", "--home", "/srv/a b"].map(str::to_owned).to_vec(),
        environment: vec![("XDG_DATA_HOME".into(), "/d \"x\" 5%".into())],
    }
}

#[test]
fn a_word_of_the_command_stays_one_word() {
    let unit = user_unit(&service()).unwrap();
    let line = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    assert_eq!(line, r#"ExecStart="/opt/my tools/key\"fob\\100%%$$HOME" "agent" "--home" "/srv/a b""#);
    assert!(unit.contains(r#"Environment="XDG_DATA_HOME=/d \"x\" 5%%""#), "{unit}");
}

#[test]
fn a_line_break_is_refused_everywhere() {
    let of = |program: &str, argument: &str, value: &str| Service {
        program: program.into(),
        arguments: vec![argument.into()],
        environment: vec![("A".into(), value.into())],
    };
    for service in [of("/a\nUser=root", "b", "c"), of("/a", "b\r\nc", "d"), of("/a", "b", "c\nd")] {
        assert!(user_unit(&service).is_err(), "{service:?}");
        assert!(system_unit(&service, "ada", true).is_err());
        assert!(launch_agent(&service).is_err());
    }
    assert!(system_unit(&of("/a", "b", "c"), "ada\nUser=root", true).is_err());
    assert!(task(&of("/a\n", "b", "c")).is_err());
}

#[test]
fn the_keepers_unit_notifies_restarts_and_gives_a_renewal_time_to_end() {
    let unit = user_unit(&service()).unwrap();
    for line in
        ["Type=notify", "NotifyAccess=main", "Restart=on-failure", "TimeoutStopSec=40s", "LimitCORE=0"]
    {
        assert!(unit.lines().any(|l| l == line), "{line}");
    }
    assert!(unit.contains(MARK) && !unit.contains("User=") && !unit.contains("Credential"));
}

#[test]
fn a_system_unit_has_its_user_and_the_sealed_key_where_wanted() {
    let unit = system_unit(&service(), "ada", true).unwrap();
    assert!(unit.contains("\nUser=ada\n"));
    let credential =
        "\nLoadCredentialEncrypted=keyfob-sealing-key:/etc/credstore.encrypted/keyfob-sealing-key\n";
    assert!(unit.contains(credential));
    assert!(!system_unit(&service(), "ada", false).unwrap().contains("LoadCredential"));
}

/// What `systemd-analyze verify` says of a unit in a folder of its own; `None` where there is no such program.
#[cfg(target_os = "linux")]
fn verified(unit: &str, user: bool) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyfob.service");
    std::fs::write(&path, unit).unwrap();
    let mut command = std::process::Command::new("systemd-analyze");
    command.args(user.then_some("--user")).arg("verify").arg("--man=no").arg(&path);
    let runtime = folder.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    let output = command.env("XDG_RUNTIME_DIR", &runtime).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Whatever it finds wrong with other units of this machine is not ours.
    Some(said.lines().filter(|line| line.contains("keyfob.service")).collect::<Vec<_>>().join("\n"))
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_finds_nothing_wrong_with_either_unit() {
    let service = Service { program: "/bin/true".into(), ..service() };
    let broken = user_unit(&service).unwrap().replace("Type=notify", "Type=nonsense");
    match verified(&broken, true) {
        None => return,
        Some(said) => assert!(said.contains("nonsense"), "the check itself works: {said}"),
    }
    assert_eq!(verified(&user_unit(&service).unwrap(), true).unwrap(), "");
    assert_eq!(verified(&system_unit(&service, "root", true).unwrap(), false).unwrap(), "");
}

#[test]
fn a_launch_agent_escapes_what_xml_would_read() {
    let service = Service { program: "/a/<b>&c".into(), ..service() };
    let text = launch_agent(&service).unwrap();
    assert!(text.contains("<string>/a/&lt;b&gt;&amp;c</string>\n    <string>agent</string>"));
    assert!(text.contains("<key>XDG_DATA_HOME</key>\n    <string>/d &quot;x&quot; 5%</string>"));
    assert!(text.contains(MARK));
}

#[test]
fn a_task_quotes_its_arguments_as_windows_reads_them() {
    let service = Service {
        program: r"C:\Program Files\keyfob.exe".into(),
        arguments: vec!["agent".into(), r#"a "b\" c\"#.into()],
        environment: vec![],
    };
    let text = task(&service).unwrap();
    assert!(text.contains(r"<Command>C:\Program Files\keyfob.exe</Command>"));
    let arguments = r#""agent" "a \"b\\\" c\\""#.replace('"', "&quot;");
    assert!(text.contains(&format!("<Arguments>{arguments}</Arguments>")), "{text}");
}

/// The package brings the unit that `keyfob agent --install` would write, with the program where the package puts it.
#[test]
fn the_packages_unit_is_the_one_that_is_written_by_install() {
    let service = Service {
        program: "/usr/bin/keyfob".into(),
        arguments: vec!["agent".into()],
        environment: Vec::new(),
    };
    let packaged = include_str!("../../../../src-tauri/package/keyfob.service");
    let without_remarks = |unit: &str| unit[unit.find("[Unit]").unwrap()..].to_owned();
    assert_eq!(without_remarks(packaged), without_remarks(&user_unit(&service).unwrap()));
}
