//! Single flight: however many want the token at its end, and by whichever door, the server sees one renewal.

use keyfob_agent::ports::Ports;
use keyfob_demo::{Endpoint, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Running, portal};

use crate::callers::{Bridge, Given, bridge, print_of, processes, socket_callers, tasks};
use crate::in_process::{expire, ports, record};
use crate::times;

/// A signed-in user with a keeper, two bridges, and two more keyfobs in this process.
struct Crowd {
    keyfob: Keyfob,
    portal: Portal,
    others: [Ports; 2],
    keeper: Running,
    bridges: [Bridge; 2],
}

/// How many come by each door.
#[derive(Clone, Copy)]
struct Callers {
    processes: usize,
    socket: usize,
    tasks: usize,
    by_each_bridge: usize,
}

async fn crowd() -> Crowd {
    // Every used refresh token that comes back counts as reuse: no grace hides a second flight.
    let options = PortalOptions { refresh_grace: std::time::Duration::ZERO, ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let bridges = [bridge(&keyfob).await, bridge(&keyfob).await];
    let others = [ports(&keyfob), ports(&keyfob)];
    Crowd { keyfob, portal, others, keeper, bridges }
}

impl Crowd {
    /// One end of a token, met by all of them at once; what they were given.
    async fn expiry(&mut self, callers: Callers) -> Given {
        expire(&self.others[0], "a").await;
        let [first, second] = &mut self.bridges;
        let (printed, sent, taken, (), ()) = tokio::join!(
            processes(&self.keyfob, callers.processes),
            socket_callers(&self.keyfob, callers.socket),
            tasks(&self.others, callers.tasks),
            first.calls(callers.by_each_bridge),
            second.calls(callers.by_each_bridge),
        );
        [printed, sent, taken].into_iter().flatten().collect()
    }

    /// The token the record holds now.
    async fn held(&self) -> u64 {
        let sign_in = record(&self.others[0], "a").await.sign_in.unwrap();
        print_of(&sign_in.tokens.access_token.fingerprint())
    }

    async fn end(self) {
        let [first, second] = self.bridges;
        first.ended().await;
        second.ended().await;
        self.keeper.terminate();
        self.keeper.ended().await.expect_code(0);
    }
}

/// Fault 7, trust rule 1: no keeper, each process for itself.
#[tokio::test]
async fn two_hundred_processes_at_the_end_of_a_token_make_one_renewal() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let own = ports(&keyfob);
    expire(&own, "a").await;
    let given = processes(&keyfob, 200).await;
    let held = record(&own, "a").await.sign_in.unwrap().tokens.access_token.fingerprint();
    assert_eq!(given, Given::from([print_of(&held)]));
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused, refreshes.refused), (1, 0, 0, 0));
}

/// Fault 7, trust rule 1: processes, callers at the keeper's socket, commands without keeper and bridges, all at once.
#[tokio::test]
async fn two_hundred_callers_by_every_door_make_one_renewal_and_have_the_new_token() {
    let mut crowd = crowd().await;
    let before = crowd.held().await;
    let refused = crowd.portal.record().ask(|seen| seen.mcp_refused);
    let callers = Callers { processes: 60, socket: 60, tasks: 40, by_each_bridge: 20 };
    let given = crowd.expiry(callers).await;
    let held = crowd.held().await;
    assert_ne!(held, before);
    assert_eq!(given, Given::from([held]));
    let seen = crowd.portal.record().seen();
    assert_eq!(seen.count(Endpoint::Refresh), 1);
    let calls: std::collections::BTreeSet<_> =
        seen.at(Endpoint::McpCall).map(|call| call.header("authorization").unwrap()).collect();
    assert_eq!(
        (seen.tool_calls.len(), calls.len(), seen.mcp_refused),
        (40, 1, refused),
        "bridges sent the new token"
    );
    crowd.end().await;
}

/// Fault 7: as many renewals as ends, and never a token that was used before.
#[tokio::test]
async fn every_end_of_a_token_makes_one_renewal_and_no_used_token_is_sent() {
    let mut crowd = crowd().await;
    let ends = times(40, 500);
    let callers = match times(0, 1) {
        0 => Callers { processes: 2, socket: 10, tasks: 10, by_each_bridge: 4 },
        _ => Callers { processes: 20, socket: 100, tasks: 40, by_each_bridge: 20 },
    };
    for end in 1..=ends {
        let before = crowd.held().await;
        let given = crowd.expiry(callers).await;
        let refreshes = crowd.portal.record().ask(|seen| seen.refreshes);
        assert_eq!(given, Given::from([crowd.held().await]), "end {end}, {refreshes:?}, before {before}");
        assert_eq!((refreshes.renewed, refreshes.repeated), (end as u64, 0), "end {end}");
        assert_eq!((refreshes.reused, refreshes.refused), (0, 0), "end {end}");
    }
    crowd.end().await;
}
