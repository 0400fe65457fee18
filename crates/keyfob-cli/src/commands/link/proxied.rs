//! Who answers at the loopback proxy that a client was just linked to.

use std::time::Duration;

use keyfob_links::client::Via;
use keyfob_links::link::Links;
use keyfob_platform::client_programs::SystemClientPrograms;
use keyfob_platform::config_file::Settings;
use keyfob_platform::local_entrances::answers_at;
use keyfob_platform::service_install;

use crate::context::Context;
use crate::output;

/// How long a keeper that was told may take to listen.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A link without anybody who answers at its port is told, with the next step.
pub(super) async fn say_who_answers(port: u16, context: &Context) {
    if context.keeper().await.is_none() {
        output::warning(&format!(
            "no keeper runs: nobody answers at port {port} until the tray app or `keyfob agent` is started"
        ));
        output::hint("start the tray app and switch on its start at login, or: keyfob agent --install");
        return;
    }
    let listens = async {
        while !answers_at(port).await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let answered = tokio::time::timeout(PATIENCE, listens).await.is_ok();
    if answered && !service_install::starts_by_itself() {
        output::hint(
            "the client needs keyfob at every start, and nothing starts it at login: switch that on in the tray app's \
             settings, or: keyfob agent --install",
        );
    }
    if !answered {
        output::warning(&format!("the keeper does not answer at port {port}: another program may have it"));
        output::hint(&format!(
            "end the program on port {port}; or choose another port under [proxy] in config.toml, restart the keeper, \
             and link again"
        ));
    }
}

/// The proxy in a line: its port, who is linked to it, and whether it answers. `None` where no client was ever linked by it.
pub(crate) async fn shown(context: &Context) -> Option<String> {
    let port = Settings::read(&context.paths).ok()?.proxy.port?;
    let machine = SystemClientPrograms::new(&context.paths);
    let ledger = Links::new(&machine, context.paths.links_dir()).ledger().ok()?;
    let linked = ledger.links.iter().filter(|link| link.via == Via::Proxy);
    let linked: Vec<_> = linked.map(|link| format!("{} ({})", link.client, link.profile)).collect();
    let who = if linked.is_empty() { "no client is linked".to_owned() } else { linked.join(", ") };
    Some(match (answers_at(port).await, context.keeper().await.is_some()) {
        (true, _) => format!("proxy: port {port}, {who}"),
        (false, true) if linked.is_empty() => format!("proxy: off, {who}"),
        (false, true) => {
            format!("proxy: nobody answers at port {port}, for {who}; another program may have it")
        }
        (false, false) => format!("proxy: off until a keeper runs, {who}"),
    })
}
