//! What others may watch of a running keeper: numbers for Prometheus and one sentence of health.

use std::sync::Arc;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::health::health;
use keyfob_agent::metrics::Metrics;
use keyfob_platform::local_pages::{LocalPage, LocalPages};

/// The pages of one keeper.
pub(super) struct Watched {
    pub(super) agent: AgentHandle,
    pub(super) metrics: Arc<Metrics>,
}

impl LocalPages for Watched {
    fn page(&self, path: &str) -> Option<LocalPage> {
        let snapshots = self.agent.snapshots();
        let snapshot = snapshots.borrow();
        match path {
            "/metrics" => Some(LocalPage {
                status: 200,
                content_type: "text/plain; version=0.0.4; charset=utf-8",
                body: self.metrics.page(&snapshot, self.agent.ports().clock.now().wall),
            }),
            "/health" => {
                let health = health(&snapshot, self.agent.ports().clock.now().wall);
                Some(LocalPage {
                    status: if health.healthy { 200 } else { 503 },
                    content_type: "application/json",
                    body: serde_json::to_string(&health).unwrap_or_default() + "\n",
                })
            }
            _ => None,
        }
    }
}
