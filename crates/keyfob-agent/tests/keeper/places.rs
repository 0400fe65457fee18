//! Places that somebody else changed, put right by the keeper.

use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journeys::sign_out::sign_out;
use keyfob_agent::ports::CredentialStore as _;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::profile::{Delivery, DeliveryTarget, KeyringFormat};

use crate::doubles::{World, held};
use crate::server::{Server, sign_in};

/// A sign-in whose tokens go into a keyring entry of another program.
async fn signed_in_with_an_entry() -> Arc<World> {
    let world = World::new();
    sign_in(&world, 0).await;
    let target = DeliveryTarget::KeyringEntry {
        service: "app".into(),
        account: "ada".into(),
        format: KeyringFormat::Bare,
    };
    held(&world.profiles)[0].deliver = vec![Delivery { target, include_refresh_token: false }];
    world
}

/// Nobody tells of changes in a keyring: it is looked at, and written only where it was changed.
#[tokio::test(start_paused = true)]
async fn a_keyring_entry_that_somebody_changed_is_right_again_within_a_minute() {
    let world = signed_in_with_an_entry().await;
    let server = Server::new(&world, Duration::from_millis(500));
    let _keeper = AgentHandle::start(server.ports(), KeeperKind::Headless, 1);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(*held(&world.entry), (1, true), "at the start, and not again while it is as it should be");
    held(&world.entry).1 = false;
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(*held(&world.entry), (2, true));
    assert_eq!(server.count(), 0, "no renewal");
}

/// The keeper renews early: when the sign-in's end is known, its last token is good for a while. It goes at its own end.
#[tokio::test(start_paused = true)]
async fn a_place_is_emptied_when_the_last_token_of_a_sign_in_that_ended_is_over() {
    let world = signed_in_with_an_entry().await;
    let server = Server::new(&world, Duration::from_millis(500));
    server.answers_next([Ok((400, r#"{"error":"invalid_grant"}"#.into()))]);
    let _keeper = AgentHandle::start(server.ports(), KeeperKind::Headless, 1);
    tokio::time::sleep(Duration::from_mins(58)).await;
    assert_eq!(
        (server.count(), held(&world.entry).1),
        (1, true),
        "the sign-in has ended, and the token is good"
    );
    tokio::time::sleep(Duration::from_mins(4)).await;
    assert_eq!((server.count(), held(&world.entry).1), (1, false));
}

/// What stays is said to whoever signs out, and nothing keeps the sign-out from its end.
#[tokio::test(start_paused = true)]
async fn an_entry_that_somebody_else_wrote_stays_at_the_sign_out_and_is_said() {
    for is_theirs in [false, true] {
        let world = signed_in_with_an_entry().await;
        let server = Server::new(&world, Duration::from_millis(500));
        held(&world.entry).1 = !is_theirs;
        let profile = held(&world.profiles)[0].clone();
        let done = sign_out(&server.ports(), &profile).await.unwrap();
        let [place] = &done.places[..] else { panic!("{done:?}") };
        assert_eq!(place.target.to_string(), "keyring app/ada");
        let why = place.problem.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(why.contains("so it stays"), is_theirs, "{why}");
        let record = world.read(&profile.name).await.unwrap().unwrap();
        assert_eq!(record.sign_in, None, "and the tokens are forgotten");
    }
}
