//! systemd units. Hardening is limited to what holds for a user's own service manager too, and to what the user's own
//! commands (`on_event`, deliveries) can live with: no rule against generated code, which would end Node.

use super::{MARK, Service, Unwritable, one_line};

/// Where the encrypted sealing key of a system service lies, and its name in the unit.
pub const CREDENTIAL_FILE: &str = "/etc/credstore.encrypted/keyfob-sealing-key";
const CREDENTIAL: &str = "keyfob-sealing-key";

/// Longer than a renewal under way may take at the end (30 s).
const STOP_PATIENCE: &str = "40s";

/// For the user's own service manager.
pub fn user_unit(service: &Service) -> Result<String, Unwritable> {
    let lines = [
        unit_section(None),
        service_section(service)?,
        shared_hardening(),
        install_section("default.target"),
    ];
    Ok(lines.join("\n"))
}

/// For the system's service manager, running as `user`; `sealed` takes the sealing key from an encrypted credential.
pub fn system_unit(service: &Service, user: &str, sealed: bool) -> Result<String, Unwritable> {
    let mut section = vec![service_section(service)?, format!("User={}\n", escaped(one_line(user)?))];
    if sealed {
        section.push(format!(
            "# Bound to this machine (and its TPM, if it has one); opened by systemd for this service alone.\n\
             LoadCredentialEncrypted={CREDENTIAL}:{CREDENTIAL_FILE}\n"
        ));
    }
    let lines = [
        unit_section(Some("network-online.target")),
        section.concat(),
        shared_hardening() + SYSTEM_HARDENING,
        install_section("multi-user.target"),
    ];
    Ok(lines.join("\n"))
}

fn unit_section(after: Option<&str>) -> String {
    let after = after.map(|target| format!("Wants={target}\nAfter={target}\n")).unwrap_or_default();
    format!(
        "# {MARK}. Undo: keyfob agent --uninstall\n\
         [Unit]\n\
         Description=keyfob keeps MCP sign-ins alive\n\
         {after}\
         # Never given up: a store that is locked today is open tomorrow.\n\
         StartLimitIntervalSec=0\n"
    )
}

fn service_section(service: &Service) -> Result<String, Unwritable> {
    let words: Vec<_> = service.words()?.into_iter().map(quoted).collect();
    let mut text = vec![format!(
        "[Service]\n\
         Type=notify\n\
         NotifyAccess=main\n\
         ExecStart={}\n\
         Restart=on-failure\n\
         RestartSec=10s\n\
         # A typing error in a file or an argument is not mended by trying again.\n\
         RestartPreventExitStatus=2\n\
         TimeoutStopSec={STOP_PATIENCE}\n\
         KillMode=mixed\n",
        words.join(" ")
    )];
    for (name, value) in &service.environment {
        let assignment = format!("{}={}", one_line(name)?, one_line(value)?);
        text.push(format!("Environment={}\n", quoted_value(&assignment)));
    }
    Ok(text.concat())
}

fn shared_hardening() -> String {
    "# No core dumps, private files, no new powers.\n\
     LimitCORE=0\n\
     UMask=0077\n\
     NoNewPrivileges=yes\n\
     LockPersonality=yes\n\
     RestrictRealtime=yes\n\
     RestrictSUIDSGID=yes\n\
     SystemCallArchitectures=native\n\
     RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
        .to_owned()
}

/// What only the system's manager can do for an unprivileged user.
const SYSTEM_HARDENING: &str = "CapabilityBoundingSet=\n\
    PrivateDevices=yes\n\
    ProtectSystem=full\n\
    ProtectClock=yes\n\
    ProtectControlGroups=yes\n\
    ProtectHostname=yes\n\
    ProtectKernelLogs=yes\n\
    ProtectKernelModules=yes\n\
    ProtectKernelTunables=yes\n";

fn install_section(wanted_by: &str) -> String {
    format!("[Install]\nWantedBy={wanted_by}\n")
}

/// One word of a command line: in quotes, with systemd's own specifiers and variables taken literally.
fn quoted(word: &str) -> String {
    quoted_value(word).replace('$', "$$")
}

fn quoted_value(text: &str) -> String {
    format!("\"{}\"", escaped(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}
