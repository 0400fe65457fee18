//! When the keeper renews, and how much at once: through sleep, wake, no network, other machines and weeks of trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use chrono::TimeDelta;
use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_agent::ports::{Clock, CredentialStore, PowerEvent, SleepDelay, TransportFailure};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::credential::Credential;
use keyfob_core::credential_state::StateWord;
use keyfob_core::failure::{Failure, SignInNeeded, StoreProblem};

use crate::doubles::{World, held};
use crate::server::{Answer, Server, name, sign_in};

async fn signed_in(profiles: usize) -> Arc<World> {
    let world = World::new();
    for number in 0..profiles {
        sign_in(&world, number).await;
    }
    world
}

fn keeper(server: &Arc<Server>) -> AgentHandle {
    AgentHandle::start(server.ports(), KeeperKind::Headless, 1)
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// How many profiles hold a token that is valid for another minute.
fn fresh(world: &World) -> usize {
    let now = world.now();
    let records = held(&world.records);
    let tokens = records.values().filter_map(|record| Some(&record.sign_in.as_ref()?.tokens));
    tokens.filter(|tokens| tokens.is_valid_for(TimeDelta::minutes(1), &now)).count()
}

fn state(keeper: &AgentHandle) -> StateWord {
    keeper.snapshots().borrow().profiles[0].state
}

async fn change(world: &World, number: usize, change: impl FnOnce(&Credential) -> Credential) {
    let before = world.read(&name(number)).await.unwrap().unwrap();
    world.commit(&name(number), before.generation, &change(&before)).await.unwrap();
}

/// fault 5, trust rule 4: the network that broke one connection may not stand yet for the next. The server forgives a repeat for
/// seconds, so that the repeats go on.
#[tokio::test(start_paused = true)]
async fn after_a_cut_a_connection_that_does_not_stand_yet_ends_no_repeats() {
    let world = signed_in(1).await;
    let server = Server::new(&world, Duration::from_millis(10));
    let keeper = keeper(&server);
    server.answers_next([
        Err(TransportFailure::Cut("reset".into())),
        Err(TransportFailure::NotSent("no route".into())),
    ]);
    keeper.refresh(name(0)).await.unwrap();
    let record = world.read(&name(0)).await.unwrap().unwrap();
    assert_eq!((server.count(), record.history.failures, record.has_open_intent()), (3, 0, false));
}

/// fault 5, trust rule 4: the first connection may break before the server has read the token, and the second may be the one
/// that spends it. The grace of five seconds runs from there, and two answers may be lost in it.
#[tokio::test(start_paused = true)]
async fn whichever_send_spent_the_token_two_more_follow_within_five_seconds() {
    for unread in 0..3 {
        let world = signed_in(1).await;
        let server = Server::new(&world, Duration::from_millis(1_500));
        let keeper = keeper(&server);
        server.answers_next((0..unread + 2).map(|_| Err(TransportFailure::Cut("reset".into()))));
        keeper.refresh(name(0)).await.unwrap();
        let (asked, _) = server.seen();
        assert_eq!(asked.len(), unread + 3, "{unread} unread");
        let second_repeat_after = asked[unread + 2] - asked[unread];
        assert!(second_repeat_after < TimeDelta::seconds(5), "{unread} unread: {second_repeat_after}");
    }
}

/// faults 8, 44: what a renewal could not even begin with is no word about a sign-in that is gone meanwhile.
#[tokio::test(start_paused = true)]
async fn a_renewal_that_could_not_begin_is_not_shown_after_a_sign_out() {
    let world = signed_in(1).await;
    let server = Server::new(&world, Duration::from_millis(10));
    let keeper = keeper(&server);
    keeper.has_read().await;
    let turn = world.lock(&name(0), Duration::ZERO).await.unwrap();
    let asked = tokio::spawn({
        let keeper = keeper.clone();
        async move { keeper.refresh(name(0)).await }
    });
    pass(Duration::from_secs(1)).await;
    assert_eq!(state(&keeper), StateWord::Refreshing);
    change(&world, 0, Credential::signed_out).await;
    keeper.look_again(Some(&name(0))).await;
    pass(Duration::from_secs(1)).await;
    *held(&world.locked) = Some(StoreProblem::Io("the disk hangs".into()));
    drop(turn);
    asked.await.unwrap().unwrap_err();
    assert_eq!(state(&keeper), StateWord::SignedOut);
}

/// The journal tells whoever asked why they got nothing; nobody has declined.
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_token_of_a_profile_that_is_removed_is_told_so() {
    let world = signed_in(1).await;
    let server = Server::new(&world, Duration::from_secs(2));
    let keeper = keeper(&server);
    keeper.has_read().await;
    let asked = tokio::spawn({
        let keeper = keeper.clone();
        async move { keeper.refresh(name(0)).await }
    });
    pass(Duration::from_secs(1)).await;
    assert_eq!(server.seen().1, 1, "it is under way");
    held(&world.profiles).clear();
    world.settings_version.fetch_add(1, SeqCst);
    keeper.look_again(None).await;
    assert_eq!(asked.await.unwrap(), Err(Failure::NoSuchProfile(name(0).to_string())));
}

/// fault 31: a record that was set aside, or brought back from a copy, counts its generations anew.
#[tokio::test(start_paused = true)]
async fn a_record_that_begins_anew_is_renewed_by_the_keeper_that_knew_the_one_before() {
    let world = signed_in(1).await;
    let first = world.read(&name(0)).await.unwrap().unwrap();
    let server = Server::new(&world, Duration::from_millis(10));
    let keeper = keeper(&server);
    for _ in 0..3 {
        keeper.refresh(name(0)).await.unwrap();
    }
    held(&world.records).insert(name(0), first);
    keeper.look_again(Some(&name(0))).await;
    pass(Duration::from_mins(80)).await;
    assert_eq!((fresh(&world), server.count()), (1, 4), "three by hand, one by the schedule");
}

/// fault 40, trust rule 10
#[tokio::test(start_paused = true)]
async fn a_hundred_profiles_that_ended_in_sleep_are_fresh_within_a_minute_four_at_a_time() {
    let world = signed_in(100).await;
    let server = Server::new(&world, Duration::from_millis(500));
    let _keeper = keeper(&server);
    pass(Duration::from_secs(1)).await;
    assert_eq!(server.count(), 0);
    world.close_the_lid_for(TimeDelta::hours(8));
    server.tell(PowerEvent::Woke);
    pass(Duration::from_mins(1)).await;
    let (asked, most) = server.seen();
    assert_eq!((fresh(&world), asked.len(), most), (100, 100, 4));
}

/// fault 23, fault 24, trust rule 10
#[tokio::test(start_paused = true)]
async fn after_a_sleep_nothing_is_sent_before_a_connection_stands_and_then_all_are_fresh_within_ten_seconds()
{
    let world = signed_in(20).await;
    let server = Server::new(&world, Duration::from_millis(500));
    let _keeper = keeper(&server);
    pass(Duration::from_secs(1)).await;
    server.offline.store(true, SeqCst);
    world.close_the_lid_for(TimeDelta::hours(8));
    server.tell(PowerEvent::Woke);
    pass(Duration::from_secs(25)).await;
    let intents = held(&world.records).values().filter(|r| r.history.failures > 0).count();
    assert_eq!((server.count(), intents), (0, 0), "nothing sent, and no try was wasted");
    server.offline.store(false, SeqCst);
    pass(Duration::from_secs(10)).await;
    assert_eq!((fresh(&world), server.count()), (20, 20));
}

/// fault 23: without a word about sleep, only about the network, long after the backoff has grown.
#[tokio::test(start_paused = true)]
async fn a_network_that_comes_up_ends_the_backoff_of_everyone_who_was_offline() {
    let world = signed_in(20).await;
    let server = Server::new(&world, Duration::from_millis(500));
    server.offline.store(true, SeqCst);
    let _keeper = keeper(&server);
    pass(Duration::from_hours(4)).await;
    assert_eq!(fresh(&world), 0);
    server.offline.store(false, SeqCst);
    server.tell(PowerEvent::NetworkUp);
    pass(Duration::from_secs(10)).await;
    assert_eq!((fresh(&world), server.count()), (20, 20));
}

struct Lock(Arc<AtomicBool>);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// trust rule 10
#[tokio::test(start_paused = true)]
async fn sleep_waits_for_the_renewal_under_way_and_none_begins_until_the_machine_wakes() {
    let world = signed_in(8).await;
    let server = Server::new(&world, Duration::from_secs(2));
    let _keeper = keeper(&server);
    let slept = Arc::new(AtomicBool::new(false));
    while server.count() == 0 {
        pass(Duration::from_millis(100)).await;
    }
    server.tell(PowerEvent::SleepSoon(SleepDelay::new(Lock(Arc::clone(&slept)))));
    pass(Duration::from_secs(1)).await;
    assert!(!slept.load(SeqCst), "a renewal is under way");
    pass(Duration::from_secs(2)).await;
    assert!(slept.load(SeqCst));
    let before = server.count();
    assert_eq!(before, 4);
    pass(Duration::from_secs(10)).await;
    assert_eq!(server.count(), before);
    server.tell(PowerEvent::Woke);
    pass(Duration::from_secs(10)).await;
    assert_eq!(server.count(), 8);
}

/// trust rule 11, fault 2
#[tokio::test(start_paused = true)]
async fn a_renewal_whose_outcome_is_unknown_is_tried_at_once_at_the_start() {
    let world = signed_in(2).await;
    let now = world.now();
    let cut = keyfob_core::failure::Temporary::Cut("the machine went down".into());
    change(&world, 1, |record| record.with_intent(&now).unanswered(cut, true, &now, 1.0)).await;
    let server = Server::new(&world, Duration::from_millis(10));
    let _keeper = keeper(&server);
    pass(Duration::from_millis(900)).await;
    assert_eq!(server.count(), 1);
    assert_eq!(held(&world.records)[&name(1)].history.refreshes, 1);
}

/// trust rule 12, fault 42
#[tokio::test(start_paused = true)]
async fn a_record_of_another_machine_is_left_alone_until_a_person_says_so() {
    let world = signed_in(1).await;
    change(&world, 0, |record| Credential { machine_id: "another".into(), ..record.clone() }).await;
    let server = Server::new(&world, Duration::from_millis(10));
    let keeper = keeper(&server);
    pass(Duration::from_hours(24)).await;
    assert_eq!(server.count(), 0);
    let shown = keeper.snapshots().borrow().profiles[0].as_ref().clone();
    assert_eq!((shown.state, shown.next_refresh_at), (StateWord::NeedsSignIn, None));
    assert!(
        shown.problem.unwrap().contains("another machine")
            && shown.hint.unwrap().contains("keyfob refresh p00000")
    );
    let program = keeper.hand_out(name(0), HandOutRequest::default()).await;
    assert!(matches!(program, Err(Failure::SignInNeeded(SignInNeeded::OtherMachine))), "{program:?}");
    assert_eq!(server.count(), 0);
    keeper.refresh(name(0)).await.unwrap();
    assert_eq!(server.count(), 1);
    pass(Duration::from_hours(2)).await;
    assert!(server.count() >= 2, "and from then on as ever");
}

/// fault 13, trust rule 6: a program that asks ten times a second is no reason to ask the server more.
#[tokio::test(start_paused = true)]
async fn programs_that_ask_without_end_do_not_hammer_a_server_in_trouble() {
    let world = signed_in(1).await;
    let server = Server::new(&world, Duration::from_millis(10));
    server.answers_next((0..1_000).map(|_| Answer::Ok((503, String::new()))));
    let keeper = keeper(&server);
    pass(Duration::from_mins(61)).await;
    let before = server.count();
    for _ in 0..600 {
        assert!(keeper.hand_out(name(0), HandOutRequest::default()).await.is_err());
        pass(Duration::from_millis(100)).await;
    }
    assert!(server.count() - before <= 1, "{} requests in a minute", server.count() - before);
}

/// fault 50, trust rules 6 and 8: days of trouble at a real keeper. The seed is printed with a failure.
#[tokio::test(start_paused = true)]
async fn days_of_passing_trouble_end_no_sign_in_and_never_hammer() {
    const PROFILES: usize = 10;
    const DAYS: u64 = 3;
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut random = Random(seed | 1);
    let world = signed_in(PROFILES).await;
    let server = Server::new(&world, Duration::from_millis(300));
    let keeper = keeper(&server);
    for _ in 0..DAYS * 24 {
        server.offline.store(random.below(10) == 0, SeqCst);
        let trouble = random.below(5);
        server.answers_next((0..trouble).map(|_| temporary(&mut random)));
        pass(Duration::from_hours(1)).await;
    }
    held(&server.next).clear();
    server.offline.store(false, SeqCst);
    pass(Duration::from_mins(30)).await;
    let states: Vec<_> = keeper.snapshots().borrow().profiles.iter().map(|p| p.state).collect();
    assert_eq!(states, [StateWord::Active; PROFILES], "seed {seed}");
    assert_eq!(fresh(&world), PROFILES, "seed {seed}");
    let (asked, most) = server.seen();
    assert!(most <= 4, "{most} at once, seed {seed}");
    let lived = PROFILES as u64 * DAYS * 24;
    assert!((lived..lived * 2).contains(&(asked.len() as u64)), "{} requests, seed {seed}", asked.len());
}

fn temporary(random: &mut Random) -> Answer {
    match random.below(6) {
        0 => Ok((503, String::new())),
        1 => Ok((429, String::new())),
        2 => Ok((400, r#"{"error":"temporarily_unavailable"}"#.into())),
        3 => Ok((200, "<html>log in</html>".into())),
        4 => Err(TransportFailure::NotSent("no name".into())),
        _ => Err(TransportFailure::Cut("reset".into())),
    }
}

/// xorshift64: the same seed, the same weeks.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
