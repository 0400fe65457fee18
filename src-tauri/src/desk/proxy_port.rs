//! The loopback proxy's port: it stands in the configurations of linked programs, so a new one is written there too.

use std::time::Duration;

use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_links::client::Via;
use keyfob_links::ledger::Link;
use keyfob_platform::config_file::Settings;
use keyfob_platform::local_entrances::answers_at;

use super::Desk;

/// How long the proxy may take to listen at its new port.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What became of a new port.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PortChanged {
    /// Programs whose configuration still names the old port, each with the reason.
    pub(crate) left: Vec<String>,
    pub(crate) listens: bool,
}

impl Desk {
    /// The links that name the port.
    pub(crate) fn proxied_links(&self) -> Result<Vec<Link>, Failure> {
        Ok(self.linking().links()?.into_iter().filter(|link| link.via == Via::Proxy).collect())
    }

    /// Keeps the port, then links again what was linked through the old one.
    pub(crate) async fn change_proxy_port(&self, port: u16) -> Result<PortChanged, Failure> {
        Settings::keep_proxy_port(&self.paths, port)?;
        self.agent.look_again(None).await;
        let mut left = Vec::new();
        for link in self.proxied_links()? {
            let Ok(profile) = ProfileName::parse(&link.profile) else { continue };
            if let Err(failure) = self.linking().link(&profile, &link.client, Via::Proxy, None).await {
                left.push(format!("{} ({}): {failure}", link.client, link.profile));
            }
        }
        Ok(PortChanged { left, listens: soon_answers_at(port).await })
    }
}

async fn soon_answers_at(port: u16) -> bool {
    let listens = async {
        while !answers_at(port).await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, listens).await.is_ok()
}
