//! `keyfob agent --install` and `--uninstall`: the keeper as a service. What is written is shown, and what could not be
//! done is the next command.

use keyfob_core::failure::Failure;
use keyfob_platform::local_pages::loopback_address;
use keyfob_platform::program;
use keyfob_platform::service_install::{self as place, Written, tell_manager};
use keyfob_platform::service_unit::{self as unit, Service};

use crate::arguments::Agent;
use crate::context::Context;
use crate::output;

/// What the service cannot know from its own environment. None of these is a secret.
const CARRIED: [&str; 5] =
    ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "KEYFOB_STORE", "KEYFOB_PASSPHRASE_FILE"];

/// The backend whose key systemd hands to the service.
const SEALED_BY_SYSTEMD: &str = "systemd-creds";

/// Writes and starts the service.
pub(super) async fn install(arguments: &Agent, context: &Context) -> Result<(), Failure> {
    let service = service(arguments, context)?;
    if arguments.system {
        return install_for_the_system(&service, context).await;
    }
    if cfg!(target_os = "macos") {
        return install_launch_agent(&service).await;
    }
    if cfg!(windows) {
        return install_task(&service, context).await;
    }
    let path = place::user_unit_path().ok_or_else(no_home)?;
    let text = unit::user_unit(&service).map_err(|error| Failure::Usage(error.to_string()))?;
    let written = place::write(&path, &text)?;
    show(&path, &text, written);
    start(&["systemctl", "--user"], written, context).await;
    output::hint("on a machine without an open session it goes on running after: loginctl enable-linger");
    Ok(())
}

/// Takes the service away.
pub(super) async fn uninstall(arguments: &Agent, context: &Context) -> Result<(), Failure> {
    let (path, stop): (_, &[&str]) = if arguments.system {
        (place::system_unit_path(), &["systemctl", "disable", "--now", "keyfob.service"])
    } else if cfg!(target_os = "macos") {
        (place::launch_agent_path().ok_or_else(no_home)?, &["launchctl", "remove", "keyfob.agent"])
    } else if cfg!(windows) {
        (task_path(context), &["schtasks", "/Delete", "/F", "/TN", "keyfob"])
    } else {
        let path = place::user_unit_path().ok_or_else(no_home)?;
        (path, &["systemctl", "--user", "disable", "--now", "keyfob.service"])
    };
    if !path.exists() {
        output::note(&format!("there is no {}: nothing to take away", path.display()));
        return Ok(());
    }
    // Before the file goes: a service manager stops only what it knows.
    if let Err(why) = tell_manager(stop).await {
        output::warning(&format!("the service could not be stopped: {why}"));
        output::hint(&stop.join(" "));
    }
    place::remove(&path)?;
    if stop.first() == Some(&"systemctl") {
        let reload: Vec<_> =
            stop.iter().copied().take_while(|word| *word != "disable").chain(["daemon-reload"]).collect();
        let _ = tell_manager(&reload).await;
    }
    output::good(&format!("removed {}", path.display()));
    Ok(())
}

async fn install_for_the_system(service: &Service, context: &Context) -> Result<(), Failure> {
    let path = place::system_unit_path();
    let sealed = seals_with_systemd(context).await?;
    let mut service = service.clone();
    if sealed {
        service.environment.retain(|(name, _)| name != "KEYFOB_STORE");
        service.environment.push(("KEYFOB_STORE".into(), SEALED_BY_SYSTEMD.into()));
    }
    let user = place::service_user();
    let text =
        unit::system_unit(&service, &user, sealed).map_err(|error| Failure::Usage(error.to_string()))?;
    if place::is_root() {
        let written = place::write(&path, &text)?;
        show(&path, &text, written);
        hint_sealing_key(sealed, &user);
        if !sealed || std::path::Path::new(unit::CREDENTIAL_FILE).exists() {
            start(&["systemctl"], written, context).await;
        } else {
            output::hint("then: systemctl daemon-reload && systemctl enable --now keyfob");
        }
        return Ok(());
    }
    output::data(text.trim_end());
    output::note(&format!("nothing was written: {} belongs to root", path.display()));
    hint_sealing_key(sealed, &user);
    output::hint(&format!(
        "keyfob agent --install --system | sudo tee {} && sudo systemctl daemon-reload && sudo systemctl enable --now keyfob",
        path.display()
    ));
    Ok(())
}

/// A store made already keeps its backend; a new one of a system service has no keyring and nobody to ask.
async fn seals_with_systemd(context: &Context) -> Result<bool, Failure> {
    if context.paths.store_record().exists() {
        return Ok(context.ports()?.store.status().await.backend == SEALED_BY_SYSTEMD);
    }
    Ok(std::env::var("KEYFOB_STORE").map_or(true, |chosen| chosen.is_empty() || chosen == SEALED_BY_SYSTEMD))
}

fn hint_sealing_key(sealed: bool, user: &str) {
    if !sealed {
        return;
    }
    let file = unit::CREDENTIAL_FILE;
    output::hint(&format!(
        "make the sealing key once, as root: mkdir -p -m 700 /etc/credstore.encrypted && head -c 32 /dev/urandom | systemd-creds encrypt --name=keyfob-sealing-key - {file}"
    ));
    output::hint(&format!(
        "sign in with the same key: sudo systemd-run --pty --wait -p User={user} -p LoadCredentialEncrypted=keyfob-sealing-key:{file} -E KEYFOB_STORE=systemd-creds keyfob sign-in NAME --no-browser"
    ));
}

async fn install_launch_agent(service: &Service) -> Result<(), Failure> {
    let path = place::launch_agent_path().ok_or_else(no_home)?;
    let text = unit::launch_agent(service).map_err(|error| Failure::Usage(error.to_string()))?;
    let written = place::write(&path, &text)?;
    show(&path, &text, written);
    let shown = path.display().to_string();
    load(&["launchctl", "load", "-w", &shown]).await;
    Ok(())
}

async fn install_task(service: &Service, context: &Context) -> Result<(), Failure> {
    let path = task_path(context);
    let text = unit::task(service).map_err(|error| Failure::Usage(error.to_string()))?;
    let written = place::write(&path, &text)?;
    show(&path, &text, written);
    for (name, _) in &service.environment {
        output::hint(&format!("a task knows the account's own variables alone: setx {name} …"));
    }
    let shown = path.display().to_string();
    load(&["schtasks", "/Create", "/F", "/TN", "keyfob", "/XML", &shown]).await;
    Ok(())
}

async fn load(command: &[&str]) {
    match tell_manager(command).await {
        Ok(()) => output::good("the keeper starts with your session"),
        Err(why) => {
            output::warning(&format!("it is not started yet: {why}"));
            output::hint(&command.join(" "));
        }
    }
}

/// Enables and starts the unit, or says how. `systemctl` is the command with its scope.
async fn start(systemctl: &[&str], written: Written, context: &Context) {
    let with = |words: &[&'static str]| -> Vec<String> {
        systemctl
            .iter()
            .map(|word| (*word).to_owned())
            .chain(words.iter().map(|word| (*word).to_owned()))
            .collect()
    };
    let keeper_runs = context.keeper().await.is_some();
    let mut commands = vec![with(&["daemon-reload"]), with(&["enable", "keyfob.service"])];
    match written {
        // Where ours runs already, it takes up what has changed; where the tray app is the keeper, it waits for its end.
        Written::Changed => commands.push(with(&["try-restart", "keyfob.service"])),
        Written::New | Written::Unchanged => {}
    }
    if !keeper_runs {
        commands.push(with(&["start", "keyfob.service"]));
    }
    for (done, command) in commands.iter().enumerate() {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        if let Err(why) = tell_manager(&words).await {
            output::warning(&format!("it is not started yet: {why}"));
            let rest: Vec<_> = commands[done..].iter().map(|command| command.join(" ")).collect();
            output::hint(&rest.join(" && "));
            return;
        }
    }
    output::good("the service is enabled and starts with every session");
    if keeper_runs {
        output::note(
            "a keeper runs already; the service takes its place when it ends and the next session begins",
        );
    }
}

fn service(arguments: &Agent, context: &Context) -> Result<Service, Failure> {
    let program = program::our_command()
        .map_err(|error| Failure::Usage(format!("this program does not know its own path: {error}")))?;
    let mut words = Vec::new();
    if let Some(home) = &context.home {
        let home = std::path::absolute(home).ok().and_then(|home| home.to_str().map(str::to_owned));
        words.extend(["--home".to_owned(), home.ok_or_else(|| Failure::Usage("--home is no text".into()))?]);
    }
    words.push("agent".to_owned());
    if let Some(address) = &arguments.metrics {
        // Said now, and not by a service that does not start.
        loopback_address(address)?;
        words.extend(["--metrics".to_owned(), address.clone()]);
    }
    let environment = CARRIED.into_iter().filter_map(|name| {
        Some((name.to_owned(), std::env::var(name).ok().filter(|value| !value.is_empty())?))
    });
    // Relative to a folder that the service does not start in.
    let environment = environment.map(|(name, value)| {
        let is_path = name != "KEYFOB_STORE";
        let absolute = std::path::absolute(&value).ok().and_then(|path| path.to_str().map(str::to_owned));
        (name, absolute.filter(|_| is_path).unwrap_or(value))
    });
    Ok(Service { program, arguments: words, environment: environment.collect() })
}

fn show(path: &std::path::Path, text: &str, written: Written) {
    output::data(text.trim_end());
    let what = match written {
        Written::New => "wrote",
        Written::Changed => "changed",
        Written::Unchanged => "nothing to change in",
    };
    output::good(&format!("{what} {}", path.display()));
}

fn task_path(context: &Context) -> std::path::PathBuf {
    context.paths.state_dir().join("keyfob-task.xml")
}

fn no_home() -> Failure {
    Failure::Usage("there is no home folder: set HOME".into())
}
