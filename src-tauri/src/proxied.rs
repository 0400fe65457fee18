//! The loopback proxy beside the app's keeper.

use std::sync::Arc;

use keyfob_core::failure::Failure;
use keyfob_platform::client_keys::ClientKeysFile;
use keyfob_platform::config_file::Settings;
use keyfob_platform::http_client::forwarding::ForwardingClient;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::paths::Paths;
use keyfob_proxy::loopback_proxy::{LoopbackProxy, RunningProxy};

/// Serves linked clients until dropped; listens as soon as a port was chosen.
pub(crate) fn serve(paths: &Paths, keeper: &Keeper) -> Result<RunningProxy, Failure> {
    let forwarder = Arc::new(ForwardingClient::new(&Settings::read(paths)?.network)?);
    let keys = Arc::new(ClientKeysFile::new(paths));
    let proxy = LoopbackProxy::new(keeper.agent.clone(), keys, forwarder);
    let started = proxy.start(keeper.local_entrances(paths));
    started.map_err(|error| Failure::Bug(format!("no thread for the proxy: {error}")))
}
