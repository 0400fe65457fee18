//! What is asked of the user beyond a sign-in, and who may settle it.

use std::time::Duration;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::ports::CredentialStore;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::Failure;
use keyfob_core::scope::ScopeSet;
use tokio::task::JoinHandle;

use crate::doubles::{World, held};
use crate::server::{name, sign_in};

/// A keeper whose one profile may read, and a bridge that waits for the user's word about more.
async fn asked() -> (std::sync::Arc<World>, AgentHandle, JoinHandle<Result<(), Failure>>) {
    let world = World::new();
    sign_in(&world, 0).await;
    grants(&world, "read").await;
    let keeper = AgentHandle::start(world.ports(), KeeperKind::App, 1);
    keeper.has_read().await;
    let asker = keeper.clone();
    let waiting = tokio::spawn(async move {
        asker.step_up_decided(&name(0), &ScopeSet::parse("write admin"), "bridge").await
    });
    let mut seen = keeper.step_ups();
    seen.wait_for(|asked| asked.contains_key(&name(0))).await.unwrap();
    (world, keeper, waiting)
}

/// Another process writes what a sign-in there was given.
async fn grants(world: &World, scopes: &str) {
    let mut record = world.read(&name(0)).await.unwrap().unwrap();
    let before = record.generation;
    record.sign_in.as_mut().unwrap().tokens.scopes = Some(ScopeSet::parse(scopes));
    record.generation += 1;
    world.commit(&name(0), before, &record).await.unwrap();
}

async fn answered(waiting: JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap()
}

/// D8: a sign-in on the command line brings what a bridge waits for.
#[tokio::test(start_paused = true)]
async fn whoever_brings_the_scopes_settles_the_question() {
    let (world, keeper, waiting) = asked().await;
    held(&world.told).clear();
    for (granted, settled) in [("read", false), ("read write", false), ("read write admin", true)] {
        grants(&world, granted).await;
        keeper.look_again(Some(&name(0))).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(waiting.is_finished(), settled, "{granted}");
    }
    assert_eq!(answered(waiting).await, Ok(()));
    assert!(keeper.step_ups().borrow().is_empty());
    assert_eq!(held(&world.told).len(), 1, "the desktop's question goes as well");
}

/// D8: what a record says it has, and its server refuses all the same, is for the user to decide.
#[tokio::test(start_paused = true)]
async fn a_record_that_had_the_scopes_before_settles_nothing() {
    let (world, keeper, waiting) = asked().await;
    grants(&world, "read write admin").await;
    keeper.look_again(Some(&name(0))).await;
    assert_eq!(answered(waiting).await, Ok(()));
    let profile = held(&world.profiles)[0].clone();
    keeper.offer_step_up(&profile, &ScopeSet::parse("write"), "bridge");
    grants(&world, "read write admin").await;
    keeper.look_again(Some(&name(0))).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(keeper.step_ups().borrow().contains_key(&name(0)));
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_removed_asks_for_nothing() {
    let (world, keeper, waiting) = asked().await;
    held(&world.profiles).clear();
    world.settings_version.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    keeper.look_again(None).await;
    assert_eq!(answered(waiting).await, Ok(()));
    assert!(keeper.step_ups().borrow().is_empty());
}
