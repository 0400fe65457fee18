//! Demo portals as journeys use them.

use keyfob_demo::oddities::Oddities;
use keyfob_demo::{Portal, PortalOptions};

/// An exemplary portal.
pub async fn portal() -> Portal {
    portal_with(|_| {}).await
}

/// An exemplary portal but for these oddities.
pub async fn portal_with(change: impl FnOnce(&mut Oddities)) -> Portal {
    let mut options = PortalOptions::default();
    change(&mut options.oddities);
    Portal::start(options).await.expect("a portal on a free port")
}
