//! Portals that lie and move, authorization servers good and evil: whatever they publish, redirect and answer, no code, token
//! or client secret reaches a place that its own issuer has not published.

use std::sync::Arc;

use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_agent::journeys::sign_out::sign_out;
use keyfob_agent::ports::AddressGuard;
use keyfob_core::profile::Profile;
use keyfob_proxy::mcp_client::McpClient;
use keyfob_proxy::token_source::KeptTokens;
use tokio::sync::mpsc;

use crate::dice::{Dice, cases};
use crate::machine::Machine;
use crate::network::{Sent, Servers};
use crate::site::{profile_for, sign_in_once};
use crate::world::{Canary, World};

/// What a profile may point at, one after the other.
const PORTALS: [&str; 4] = [
    "https://portal.example/mcp",
    "https://portal.example/mcp/other",
    "https://portal.example:8443/mcp",
    "https://evil.example/mcp",
];

/// B8, B9, F1, F9, F10, G2, V10, fault 41: with `KEYFOB_CASES` cases (scripts/test.sh deep), else 2,000.
#[tokio::test(start_paused = true)]
async fn no_secret_reaches_a_host_outside_its_binding() {
    let mut secrets = 0_u64;
    for seed in 0..cases(2_000) {
        secrets += one_case(seed).await;
    }
    assert!(secrets > cases(2_000), "secrets were sent where they belong: {secrets}");
}

/// How many secrets were sent, each to where it belongs.
async fn one_case(seed: u64) -> u64 {
    let mut dice = Dice::new(seed ^ 0x5EED_0000_0000_0000);
    let world = Arc::new(World::new(seed));
    let mut profile = profile_for(PORTALS[0]);
    let machine = Machine::with(Arc::clone(&world) as Arc<dyn Servers>, vec![profile.clone()]);
    let mut sent = 0;
    sign_in_once(&machine, &profile).await.ok();
    sent += check(&world, &machine, seed);
    for _ in 0..=dice.below(4) {
        world.migrate(&mut dice);
        if dice.once_in(4) {
            profile = profile_for(dice.one_of(&PORTALS));
        }
        act(&machine, &profile, &mut dice).await;
        sent += check(&world, &machine, seed);
    }
    sent
}

async fn act(machine: &Machine, profile: &Profile, dice: &mut Dice) {
    let fresh = HandOutRequest { fresh: true, ..HandOutRequest::default() };
    match dice.below(6) {
        0 | 1 => drop(hand_out(&machine.ports, profile, &fresh).await),
        2 => drop(sign_in_once(machine, profile).await),
        3 => drop(sign_out(&machine.ports, profile).await),
        _ => {
            let (progress, _heard) = mpsc::unbounded_channel();
            let tokens = KeptTokens::interactive(machine.ports.clone(), profile.clone(), progress);
            let http = Arc::clone(&machine.ports.http);
            drop(McpClient::connect(http, profile, Arc::new(tokens)).await);
        }
    }
}

/// Holds every request since the last look against the bindings.
fn check(world: &World, machine: &Machine, seed: u64) -> u64 {
    let mut found = 0;
    for sent in machine.network.sent().iter().filter(|sent| leaves(sent)) {
        for canary in Canary::all_in(&sent.whole()) {
            let why = world.refuses(&canary, sent);
            assert_eq!(why, None, "seed {seed}: {canary:?} went to {} in {}", sent.url, sent.whole());
            found += 1;
        }
    }
    machine.network.forget();
    found
}

/// The platform's guard lets nothing out to a private address that is not meant (A9).
fn leaves(sent: &Sent) -> bool {
    let private = sent.url.host_str().is_some_and(|host| host.starts_with("127."));
    sent.guard == AddressGuard::Anywhere || !private
}

/// The check can fail: a token in the wrong place is found.
#[test]
fn a_secret_in_the_wrong_place_is_found() {
    let world = World::new(1);
    let canary = Canary::new("refresh", 0, 0, 7);
    assert_eq!(Canary::all_in(&format!("a=b&refresh_token={canary}&c")), vec![canary.clone()]);
    let evil = crate::network::Sent {
        how: crate::network::How::Credentials,
        method: http::Method::POST,
        url: "https://evil.example/token".parse().unwrap(),
        headers: http::HeaderMap::new(),
        authorization: None,
        body: format!("refresh_token={canary}"),
        guard: AddressGuard::PublicOnly,
    };
    assert!(world.refuses(&canary, &evil).is_some());
}
