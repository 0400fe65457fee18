//! What the loopback proxy is made of: the keeper, and its own ports.

use std::sync::Arc;

use crate::agent::AgentHandle;
use crate::local_proxy::Forwarder;
use crate::ports::ClientKeys;

/// All that the proxy needs of the keeper and the machine around it.
pub struct ProxyPorts<E> {
    /// Gives tokens.
    pub agent: AgentHandle,
    /// Says who may come in, and to what.
    pub keys: Arc<dyn ClientKeys>,
    /// Leads out.
    pub forwarder: Arc<dyn Forwarder>,
    /// Where clients come in.
    pub entrances: E,
}
