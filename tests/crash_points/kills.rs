//! SIGKILL, and a power cut, at each call that leaves a trace. What a crash leaves behind is decided by which of these calls
//! were made, so that the points before each of them, and the one after the last, are all there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyfob_demo::PortalOptions;

use crate::calls::Call;
use crate::journey::Journey;
use crate::power_cut::Durable;
use crate::session::{Backend, Session};
use crate::traced::{Ended, Fate};
use crate::user::{NAME, User};

/// As many as this machine's processors serve well.
const WORKERS: usize = 3;

/// What ends the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    /// What it did stays.
    Kill,
    /// Only what it synced stays.
    PowerCut,
}

/// What came of the points of one journey.
#[derive(Debug, Default)]
struct Tally {
    points: usize,
    losses: Vec<String>,
}

/// Runs the journey, ended before its `point`-th call that leaves a trace; also gives the call, or `None` where there are
/// not as many and the journey came to its own end.
async fn crash_at(user: &User, journey: Journey, crash: Crash, point: usize) -> (Ended, Option<String>) {
    let home = user.keyfob.home();
    let durable = Arc::new(Mutex::new((crash == Crash::PowerCut).then(|| Durable::home(&home))));
    let (sender, died_at) = std::sync::mpsc::channel();
    let mut calls = 0;
    let decide = move |call: &Call| {
        calls += usize::from(call.leaves_a_trace(&home));
        if calls < point {
            return Fate::Made;
        }
        let _ = sender.send(call.shown(&home));
        Fate::Killed
    };
    let made = {
        let durable = durable.clone();
        move |call: &Call| _ = durable.lock().expect("one thread").as_mut().map(|durable| durable.made(call))
    };
    let ended = user.traced(journey.arguments(), decide, made).await;
    if let Some(durable) = &*durable.lock().expect("one thread") {
        durable.cut();
    }
    (ended, died_at.try_recv().ok())
}

/// Which points of a journey, and how.
#[derive(Clone, Copy, Debug)]
struct Points {
    journey: Journey,
    backend: Backend,
    crash: Crash,
    /// From 1.
    first: usize,
    step: usize,
}

/// Takes point after point from `next` until there are no more.
async fn worker(points: Points, next: Arc<AtomicUsize>) -> Tally {
    let Points { journey, backend, crash, step, .. } = points;
    let session = Session::with(backend);
    let (mut tally, mut user) = (Tally::default(), None);
    loop {
        let point = next.fetch_add(step, Ordering::Relaxed);
        let arranged = journey.arrange(&session, user.take()).await;
        let (ended, died_at) = crash_at(&arranged, journey, crash, point).await;
        let judged = journey.judge(&arranged, &ended).await;
        match judged {
            Ok(()) => user = Some(arranged),
            Err(why) => {
                let at = died_at.as_deref().unwrap_or("its own end");
                tally
                    .losses
                    .push(format!("{journey:?}, {backend:?}, {crash:?} before call {point}, {at}: {why}"));
            }
        }
        if died_at.is_none() {
            return tally;
        }
        tally.points += 1;
    }
}

impl Points {
    #[expect(clippy::print_stdout, reason = "the figures of the report")]
    async fn all(self) -> Tally {
        let began = Instant::now();
        let next = Arc::new(AtomicUsize::new(self.first));
        let workers = (0..WORKERS).map(|_| tokio::spawn(worker(self, next.clone())));
        let mut whole = Tally::default();
        for tally in futures_util::future::join_all(workers).await {
            let tally = tally.expect("a worker");
            whole.points += tally.points;
            whole.losses.extend(tally.losses);
        }
        let Self { journey, backend, crash, .. } = self;
        let (points, lost, took) = (whole.points, whole.losses.len(), began.elapsed());
        println!("{journey:?}, {backend:?}, {crash:?}: {points} points, {lost} lost, {took:.1?}");
        whole
    }
}

/// Which points there are of a journey. Usually all of them with the quickest backend and some with the slower ones; with
/// `KEYFOB_CRASH_RUNS` all of them with all backends, so many times.
fn plan(journey: Journey) -> Vec<Points> {
    let points = |backend, crash, first, step| Points { journey, backend, crash, first, step };
    let runs = std::env::var("KEYFOB_CRASH_RUNS").ok().and_then(|runs| runs.parse::<usize>().ok());
    let Some(runs) = runs else {
        return vec![
            points(Backend::KeyFile, Crash::Kill, 1, 1),
            points(Backend::KeyFile, Crash::PowerCut, 1, 1),
            points(Backend::Keyring, Crash::Kill, 2, 4),
            points(Backend::Passphrase, Crash::Kill, 3, 6),
        ];
    };
    let each = [Backend::KeyFile, Backend::Keyring, Backend::Passphrase]
        .map(|backend| [Crash::Kill, Crash::PowerCut].map(|crash| points(backend, crash, 1, 1)));
    each.concat().repeat(runs)
}

async fn no_point_loses_anything(journey: Journey, at_least: usize) {
    let mut whole = Tally::default();
    for points in plan(journey) {
        let tally = points.all().await;
        whole.points += tally.points;
        whole.losses.extend(tally.losses);
    }
    assert!(whole.losses.is_empty(), "{:#?}", whole.losses);
    assert!(whole.points >= at_least, "only {} points", whole.points);
}

/// Faults 1, 2, 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_a_renewal_loses_the_sign_in() {
    no_point_loses_anything(Journey::Refresh, 70).await;
}

/// Faults 1, 2, 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_the_first_sign_in_stands_in_the_way_of_the_next() {
    no_point_loses_anything(Journey::FirstSignIn, 120).await;
}

/// Fault 45, faults 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_a_new_sign_in_loses_the_old_one() {
    no_point_loses_anything(Journey::SignInAgain, 90).await;
}

/// H8, faults 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sign_out_is_done_or_not_and_can_be_repeated() {
    no_point_loses_anything(Journey::SignOut, 70).await;
}

/// C12, faults 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_removal_is_done_or_not_and_can_be_repeated() {
    no_point_loses_anything(Journey::Remove, 70).await;
}

/// Fault 6, faults 3, 4: the control of all this. Without a grace, what is lost is lost between the sending and the moment
/// when the answer is kept, and nowhere else; the record is kept, and a new sign-in mends it.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_only_what_is_sent_and_not_yet_kept_is_lost() {
    let windows = tokio::join!(window_without_grace(Crash::Kill), window_without_grace(Crash::PowerCut));
    let (until_renamed, until_synced) = windows;
    assert_eq!(until_renamed, ["receive (network)", "rename data/credentials/a.sealed"]);
    assert_eq!(until_synced, ["receive (network)", "fsync data/credentials"]);
}

/// The first and the last call of a renewal before which a crash loses the sign-in.
async fn window_without_grace(crash: Crash) -> [String; 2] {
    let session = Session::with(Backend::KeyFile);
    let options = PortalOptions { refresh_grace: Duration::ZERO, ..PortalOptions::default() };
    let user = User::at(&session, options).await;
    let (mut kept, mut lost) = (0, Vec::new());
    for point in 1.. {
        user.sign_in().await.expect_code(0);
        let (_, died_at) = crash_at(&user, Journey::Refresh, crash, point).await;
        let Some(died_at) = died_at else { break };
        let after = user.keyfob.run(["refresh", NAME]).await;
        if after.code == Some(0) {
            kept += 1;
        } else {
            after.expect_code(4).says("hint: keyfob sign-in a");
            lost.push((point, died_at));
        }
    }
    let (begins, ends) = (lost[0].clone(), lost[lost.len() - 1].clone());
    assert_eq!(lost.len(), 1 + ends.0 - begins.0, "one window: {lost:?}");
    assert!(kept >= 15, "only {kept} points outside the window");
    [begins.1, ends.1]
}
