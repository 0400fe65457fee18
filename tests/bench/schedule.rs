//! What one renewal costs a keeper with few and with many profiles: its work must grow with what changes.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{Notifier, Ports};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::credential_state::StateWord;
use keyfob_core::identity::ProfileName;
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_tests::{Keyfob, portal};

use crate::measure::{line, median, ratio};
use crate::store::in_memory;

/// Renewals that are timed for each number of profiles.
const RENEWALS: usize = 60;
/// A keeper that has read all its records within this time is well.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(2);

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

pub(crate) async fn with_more_profiles() {
    println!("\nOne renewal by a keeper of many profiles (in memory; the server runs in this process)");
    let (user, portal) = (Keyfob::new(), portal().await);
    let url = portal.mcp_url();
    user.sign_in_to("p-0", url.as_str()).await;
    let renewed = name(0);
    let mut signed_in = ports(&user.home()).store.read(&renewed).await.expect("a store").expect("a record");
    let mut first = None;
    for count in [10, 1_000, 10_000] {
        let folder = in_memory();
        let home = folder.path().join("home");
        let ports = ports(&home);
        for number in 0..count {
            ports.store.commit(&name(number), 0, &signed_in).await.expect("a record");
        }
        let settings = (0..count).fold(String::new(), |mut text, number| {
            let _ = writeln!(text, "[profiles.p-{number}]\nurl = \"{url}\"");
            text
        });
        std::fs::write(home.join("profiles.toml"), settings).expect("profiles.toml");
        let agent = AgentHandle::start(ports.clone(), KeeperKind::Headless, std::process::id());
        all_are_active(&agent, count).await;
        let mut taken = Vec::new();
        for _ in 0..RENEWALS {
            let began = std::time::Instant::now();
            agent.refresh(renewed.clone()).await.expect("renewed");
            taken.push(began.elapsed());
        }
        agent.stop().await;
        let taken = median(taken);
        let first = *first.get_or_insert(taken);
        let bar = (count > 10).then_some(1.5);
        line(&format!("{count} profiles"), taken, ratio(taken, first), "10 profiles", bar);
        // The next keeper goes on with the tokens that are alive.
        signed_in = ports.store.read(&renewed).await.expect("a store").expect("a record");
    }
}

async fn all_are_active(agent: &AgentHandle, count: usize) {
    let mut snapshots = agent.snapshots();
    let all = snapshots.wait_for(|snapshot| {
        snapshot.profiles.len() == count
            && snapshot.profiles.iter().all(|profile| profile.state == StateWord::Active)
    });
    tokio::time::timeout(PATIENCE, all).await.expect("in time").expect("a running keeper");
}

fn ports(home: &Path) -> Ports {
    let paths = Paths::resolve(Some(home.to_owned())).expect("a home");
    let store = Some(Choice::named("key-file").expect("a backend"));
    Composition { store, ..Composition::new(paths, Arc::new(Silent)) }.ports().expect("ports")
}

fn name(number: usize) -> ProfileName {
    ProfileName::parse(&format!("p-{number}")).expect("a name")
}
