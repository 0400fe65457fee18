//! What the keeper's work costs, counted and not timed: entries looked at, records read, pictures replaced. None of it may grow
//! with how many profiles there are.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::ports::{Clock, CredentialStore};
use keyfob_agent::snapshot::{KeeperKind, Snapshot};

use crate::doubles::World;
use crate::server::{Server, name, sign_in_quickly};

const SIZES: [usize; 3] = [10, 1_000, 10_000];

async fn keeper_of(profiles: usize) -> (Arc<World>, Arc<Server>, AgentHandle) {
    let world = World::new();
    for number in 0..profiles {
        sign_in_quickly(&world, number);
    }
    let server = Server::new(&world, Duration::from_millis(5));
    let keeper = AgentHandle::start(server.ports(), KeeperKind::Headless, 1);
    keeper.has_read().await;
    (world, server, keeper)
}

/// Entries looked at, records read, and pictures replaced while `work` is done.
async fn counted(world: &World, keeper: &AgentHandle, work: impl Future<Output = ()>) -> (u64, u64, usize) {
    let before: Arc<Snapshot> = Arc::clone(&keeper.snapshots().borrow());
    let (looked, read) = (keeper.looked(), world.reads[0].load(SeqCst));
    work.await;
    let after: Arc<Snapshot> = Arc::clone(&keeper.snapshots().borrow());
    assert_eq!(before.profiles.len(), after.profiles.len());
    let pictures = before.profiles.iter().zip(&after.profiles);
    let replaced = pictures.filter(|(before, after)| !Arc::ptr_eq(before, after)).count();
    (keeper.looked() - looked, world.reads[0].load(SeqCst) - read, replaced)
}

/// fault 50
#[tokio::test(start_paused = true)]
async fn a_renewal_costs_the_same_among_ten_and_among_ten_thousand_profiles() {
    let mut costs = Vec::new();
    for profiles in SIZES {
        let (world, server, keeper) = keeper_of(profiles).await;
        let renewal = async { keeper.refresh(name(7)).await.unwrap() };
        costs.push(counted(&world, &keeper, renewal).await);
        assert_eq!(server.count(), 1);
    }
    assert_eq!(costs, [costs[0]; 3]);
    let (looked, read, replaced) = costs[0];
    assert!(looked <= 20 && read <= 3 && replaced == 1, "{costs:?}");
}

/// fault 50
#[tokio::test(start_paused = true)]
async fn a_word_that_one_record_has_changed_reads_that_record_alone() {
    let mut costs = Vec::new();
    for profiles in SIZES {
        let (world, _server, keeper) = keeper_of(profiles).await;
        let change = async {
            let before = world.read(&name(3)).await.unwrap().unwrap();
            world.commit(&name(3), before.generation, &before.signed_out()).await.unwrap();
            let mut snapshots = keeper.snapshots();
            snapshots.mark_unchanged();
            keeper.look_again(Some(&name(3))).await;
            snapshots.changed().await.unwrap();
        };
        costs.push(counted(&world, &keeper, change).await);
    }
    assert_eq!(costs, [costs[0]; 3]);
    let (looked, read, replaced) = costs[0];
    // One of the reads is the test's own.
    assert!(looked <= 10 && read == 2 && replaced == 1, "{costs:?}");
}

/// fault 50
#[tokio::test(start_paused = true)]
async fn ten_idle_minutes_look_at_nobody_and_read_nothing() {
    for profiles in SIZES {
        let (world, _server, keeper) = keeper_of(profiles).await;
        // The question when a sign-in ends is put after ten minutes, to everybody.
        let idle = async { tokio::time::sleep(Duration::from_mins(9)).await };
        // The first wake compares the clocks for the first time.
        tokio::time::sleep(Duration::from_secs(40)).await;
        assert_eq!(counted(&world, &keeper, idle).await, (0, 0, 0), "{profiles} profiles");
    }
}

/// fault 40
#[tokio::test(start_paused = true)]
async fn at_the_start_every_record_is_read_once_and_eight_at_a_time() {
    let (world, _server, keeper) = keeper_of(1_000).await;
    let [all, _, most] = &world.reads;
    assert_eq!((all.load(SeqCst), most.load(SeqCst)), (1_000, 8));
    assert_eq!(keeper.snapshots().borrow().profiles.len(), 1_000);
    assert!(keeper.snapshots().borrow().each().all(|profile| profile.access_token.is_some()));
    assert_eq!(world.passed().num_seconds(), 0, "{}", world.now().boot_ms);
}
