//! SIGKILL at each call that leaves a trace. What a crash leaves behind is decided by which of these calls were made, so that
//! the points before each of them, and the one after the last, are all there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::traced::Fate;
use crate::user::{NAME, User};

/// As many as this machine's processors serve well.
const WORKERS: usize = 3;

/// What came of all points of one journey.
#[derive(Debug, Default)]
struct Tally {
    points: usize,
    losses: Vec<String>,
}

/// Runs the command, killed before its `point`-th call that leaves a trace (from 1); the call, or `None` where there are not
/// as many.
async fn kill_at(user: &User, arguments: &[&str], point: usize) -> Option<String> {
    let home = user.keyfob.home();
    let (sender, died_at) = std::sync::mpsc::channel();
    let mut calls = 0;
    let decide = move |call: &crate::calls::Call| {
        calls += usize::from(call.leaves_a_trace(&home));
        if calls < point || !call.leaves_a_trace(&home) {
            return Fate::Made;
        }
        let _ = sender.send(call.shown(&home));
        Fate::Killed
    };
    let ended = user.traced(arguments, decide, |_| ()).await;
    let died_at = died_at.try_recv().ok();
    assert_eq!(ended.code.is_none(), died_at.is_some(), "{ended:?}");
    died_at
}

async fn refresh_points(next: Arc<AtomicUsize>) -> Tally {
    let mut tally = Tally::default();
    let mut user = User::signed_in().await;
    loop {
        let point = next.fetch_add(1, Ordering::Relaxed);
        let Some(died_at) = kill_at(&user, &["refresh", NAME], point).await else { return tally };
        tally.points += 1;
        if let Err(why) = user.works().await {
            tally.losses.push(format!("killed before call {point}, {died_at}: {why}"));
            user = User::signed_in().await;
        }
    }
}

/// Faults 1, 2, 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_a_renewal_loses_the_sign_in() {
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(1));
    let workers = (0..WORKERS).map(|_| tokio::spawn(refresh_points(next.clone())));
    let mut whole = Tally::default();
    for tally in futures_util::future::join_all(workers).await {
        let tally = tally.expect("a worker");
        whole.points += tally.points;
        whole.losses.extend(tally.losses);
    }
    println!("{} points, {} lost, {:?}", whole.points, whole.losses.len(), began.elapsed());
    assert_eq!(whole.losses, Vec::<String>::new());
    assert!(whole.points >= 30, "{} points", whole.points);
}
