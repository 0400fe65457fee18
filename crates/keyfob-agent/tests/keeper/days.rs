//! Days and weeks of a keeper's life, in milliseconds.

use std::sync::Arc;

use chrono::TimeDelta;
use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journal::JournalEvent;
use keyfob_agent::notice::NoticeKind;
use keyfob_agent::ports::{Clock, CredentialStore};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::credential::{Credential, NewSignIn};
use keyfob_core::failure::StoreProblem;
use keyfob_core::grant::token_endpoint::{Refusal, TokenAnswer};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{LifetimeAnswer, Profile};
use keyfob_core::resource::CheckedUrl;
use keyfob_core::secret::{AccessToken, RefreshToken};

use crate::doubles::{World, held};
use crate::server;

fn name() -> ProfileName {
    ProfileName::parse("work").unwrap()
}

/// A sign-in whose access token outlives the test, so that no renewal comes between; the server says how long the sign-in
/// itself lives, or not.
fn new_sign_in(profile: &Profile, ends_in: Option<TimeDelta>) -> NewSignIn {
    let answer = TokenAnswer {
        access_token: AccessToken::new("access".into()),
        lifetime: TimeDelta::days(500),
        end_assumed: false,
        refresh_token: Some(RefreshToken::new("refresh".into())),
        scopes: None,
        sign_in_ends_in: ends_in,
        account: None,
    };
    server::new_sign_in(profile, answer)
}

async fn write(world: &World, change: impl FnOnce(&Credential) -> Credential) {
    let before = world.read(&name()).await.unwrap().unwrap_or_else(|| Credential::empty("machine"));
    world.commit(&name(), before.generation, &change(&before)).await.unwrap();
}

/// A profile that signed in just now.
async fn signed_in(ends_in: Option<TimeDelta>) -> Arc<World> {
    let world = World::new();
    let profile = Profile::new(name(), CheckedUrl::parse("https://a.example/mcp").unwrap());
    held(&world.profiles).push(profile.clone());
    let now = world.now();
    write(&world, |before| before.signed_in(new_sign_in(&profile, ends_in), &now)).await;
    world
}

fn keeper(world: &Arc<World>) -> AgentHandle {
    AgentHandle::start(world.ports(), KeeperKind::Headless, 1)
}

async fn live(time: TimeDelta) {
    tokio::time::sleep(time.to_std().unwrap()).await;
}

/// What was told since the last look: after how many whole hours, and in one word.
fn told(by: &World) -> Vec<(i64, String)> {
    let word = |kind: &NoticeKind| match kind {
        NoticeKind::SignInEnds { left, known, .. } => {
            format!("ends in {} h ({known})", (*left + TimeDelta::minutes(30)).num_hours())
        }
        NoticeKind::SignInNeeded { said_before, .. } => format!("needed {said_before}"),
        NoticeKind::RegistrationEnds { .. } => "registration".into(),
        NoticeKind::MoreScopes { scopes, client } => format!("more for {client}: {scopes}"),
        NoticeKind::EnterCode { code, .. } => format!("code: {code}"),
        NoticeKind::EndUnknown => "when?".into(),
        NoticeKind::StoreLocked(_) => "locked".into(),
        NoticeKind::Solved => "solved".into(),
    };
    by.told().iter().map(|(at, notice)| (at.num_hours(), word(&notice.kind))).collect()
}

fn words(told: &[(i64, &str)]) -> Vec<(i64, String)> {
    told.iter().map(|(at, word)| (*at, (*word).to_owned())).collect()
}

/// fault 47
#[tokio::test(start_paused = true)]
async fn each_mark_is_told_once_through_restarts_and_stands_in_the_journal() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    let agent = keeper(&world);
    live(TimeDelta::hours(24 + 1)).await;
    assert_eq!(told(&world), words(&[(24, "ends in 168 h (server)")]));
    agent.stop().await;
    world.reboot();
    let agent = keeper(&world);
    live(TimeDelta::hours(6 * 24)).await;
    assert_eq!(told(&world), words(&[(7 * 24, "ends in 24 h (server)")]));
    agent.stop().await;
    let _agent = keeper(&world);
    live(TimeDelta::hours(22)).await;
    assert_eq!(told(&world), words(&[(8 * 24 - 2, "ends in 2 h (server)")]));
    let written = held(&world.written);
    let details: Vec<_> =
        written.iter().map(|entry| (entry.event, entry.detail.as_deref().unwrap())).collect();
    assert_eq!(details.len(), 3);
    assert!(details.iter().all(|(event, _)| *event == JournalEvent::Reminded));
    assert!(details[0].1.starts_with("7d before the sign-in ends at 20"), "{details:?}");
}

#[tokio::test(start_paused = true)]
async fn marks_that_are_changed_count_and_are_shown_from_then_on() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    let agent = keeper(&world);
    live(TimeDelta::hours(1)).await;
    let marks = [TimeDelta::days(3), TimeDelta::hours(5)];
    agent.set_reminders(&name(), &marks).await.unwrap();
    live(TimeDelta::minutes(1)).await;
    assert_eq!(agent.snapshots().borrow().profiles[0].remind, marks);
    live(TimeDelta::hours(8 * 24 - 2)).await;
    assert_eq!(
        told(&world),
        words(&[(5 * 24, "ends in 72 h (server)"), (8 * 24 - 5, "ends in 5 h (server)")])
    );
}

/// fault 47
#[tokio::test(start_paused = true)]
async fn a_closed_lid_over_several_marks_gives_one_reminder_when_it_opens() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    let _agent = keeper(&world);
    live(TimeDelta::hours(1)).await;
    world.close_the_lid_for(TimeDelta::hours(7 * 24 + 11));
    live(TimeDelta::minutes(1)).await;
    assert_eq!(told(&world), words(&[(7 * 24 + 12, "ends in 12 h (server)")]));
}

/// The journal says how long nothing ran; a keeper that only has nothing to do has not slept.
#[tokio::test(start_paused = true)]
async fn a_sleep_stands_in_the_journal_with_its_length_and_an_idle_day_does_not() {
    let world = signed_in(Some(TimeDelta::days(90))).await;
    let _agent = keeper(&world);
    live(TimeDelta::days(1)).await;
    assert_eq!(held(&world.written).as_slice(), []);
    world.close_the_lid_for(TimeDelta::hours(7));
    live(TimeDelta::minutes(2)).await;
    let written = held(&world.written);
    let slept: Vec<_> =
        written.iter().map(|entry| (entry.event, entry.duration_ms, &entry.profile)).collect();
    let hours = slept[0].1.unwrap() / 60_000;
    assert_eq!(slept, [(JournalEvent::Slept, slept[0].1, &None)]);
    assert!((7 * 60..=7 * 60 + 1).contains(&hours), "{hours} minutes");
}

/// fault 22, fault 47
#[tokio::test(start_paused = true)]
async fn a_wall_clock_set_wrong_announces_nothing_and_repeats_nothing() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    let _agent = keeper(&world);
    for years in [10, -10] {
        world.set_wall_clock_by(TimeDelta::days(365 * years));
        live(TimeDelta::hours(1)).await;
        assert_eq!(told(&world), []);
        world.set_wall_clock_by(TimeDelta::days(-365 * years));
    }
    live(TimeDelta::days(1)).await;
    assert_eq!(told(&world).len(), 1);
    for hours in [2, -4, 2] {
        world.set_wall_clock_by(TimeDelta::hours(hours));
        live(TimeDelta::hours(1)).await;
    }
    assert_eq!(told(&world), []);
}

#[tokio::test(start_paused = true)]
async fn an_ended_sign_in_is_told_again_after_a_day_through_a_restart_and_taken_back_once_solved() {
    let world = signed_in(None).await;
    held(&world.profiles)[0].sign_in_lifetime = LifetimeAnswer::NotKnown;
    let now = world.now();
    let gone = Refusal::InvalidGrant { description: "gone".into() };
    write(&world, |before| before.refused(&gone, &now, 0.0)).await;
    let agent = keeper(&world);
    live(TimeDelta::hours(1)).await;
    agent.stop().await;
    let agent = keeper(&world);
    live(TimeDelta::hours(24)).await;
    assert_eq!(told(&world), words(&[(0, "needed 0"), (24, "needed 1")]));
    let (profile, now) = (held(&world.profiles)[0].clone(), world.now());
    write(&world, |before| before.signed_in(new_sign_in(&profile, None), &now)).await;
    agent.look_again(None).await;
    live(TimeDelta::seconds(1)).await;
    assert_eq!(told(&world), words(&[(25, "solved")]));
}

/// fault 47
#[tokio::test(start_paused = true)]
async fn an_unknown_end_is_asked_for_once_and_the_question_goes_with_the_answer() {
    let world = signed_in(None).await;
    let agent = keeper(&world);
    live(TimeDelta::days(3)).await;
    assert_eq!(told(&world), words(&[(0, "when?")]));
    agent.set_sign_in_lifetime(&name(), LifetimeAnswer::NotKnown).await.unwrap();
    live(TimeDelta::minutes(1)).await;
    assert_eq!(told(&world), words(&[(72, "solved")]));
}

#[tokio::test(start_paused = true)]
async fn tomorrow_is_kept_through_a_restart() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    let agent = keeper(&world);
    live(TimeDelta::hours(24 + 1)).await;
    assert_eq!(told(&world).len(), 1);
    agent.remind_tomorrow(&name()).await.unwrap();
    agent.stop().await;
    let _agent = keeper(&world);
    live(TimeDelta::days(3)).await;
    assert_eq!(told(&world), words(&[(2 * 24 + 1, "ends in 143 h (server)")]));
}

/// fault 28
#[tokio::test(start_paused = true)]
async fn a_locked_store_is_told_once_after_a_minute_and_taken_back() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    *held(&world.locked) = Some(StoreProblem::Locked);
    let _agent = keeper(&world);
    live(TimeDelta::seconds(50)).await;
    assert_eq!(told(&world), []);
    live(TimeDelta::hours(5)).await;
    assert_eq!(told(&world), words(&[(0, "locked")]));
    *held(&world.locked) = None;
    live(TimeDelta::minutes(2)).await;
    assert_eq!(told(&world), words(&[(5, "solved")]));
}

/// A disk that takes no write must not swallow a reminder, nor repeat it at each look.
#[tokio::test(start_paused = true)]
async fn a_store_that_takes_no_write_is_reminded_of_once_in_a_keepers_life() {
    let world = signed_in(Some(TimeDelta::days(8))).await;
    *held(&world.refuses) = Some(StoreProblem::Full("the disk is full".into()));
    let _agent = keeper(&world);
    live(TimeDelta::hours(48)).await;
    assert_eq!(told(&world), words(&[(24, "ends in 168 h (server)")]));
}
