//! Who answers at the loopback proxy that a client was just linked to.

use std::time::Duration;

use keyfob_platform::local_entrances::answers_at;

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
    if tokio::time::timeout(PATIENCE, listens).await.is_err() {
        output::warning(&format!("the keeper does not answer at port {port}: another program may have it"));
        output::hint(&format!(
            "end the program on port {port}; or choose another port under [proxy] in config.toml, restart the keeper, \
             and link again"
        ));
    }
}
