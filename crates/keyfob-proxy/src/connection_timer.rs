//! How long a client may take for the head of a request. hyper begins to wait anew with each request; to enter each wait into the
//! runtime's timers and to take it out again cost more than to read the head. So a connection has one alarm, which is moved on only
//! when it rings too early.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The timer of one connection, where one wait follows the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionTimer(Arc<Mutex<Option<Alarm>>>);

type Alarm = Pin<Box<tokio::time::Sleep>>;

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { deadline, alarm: Arc::clone(&self.0) })
    }
}

/// One wait.
struct Wait {
    deadline: Instant,
    alarm: Arc<Mutex<Option<Alarm>>>,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline.into();
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            ready!(alarm.as_mut().poll(context));
            // It was set for an earlier wait.
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The runtime's clock stands still, and goes on by itself while everybody waits for it.
    #[tokio::test(start_paused = true)]
    async fn a_wait_that_follows_another_one_is_as_long_as_it_says() {
        let (timer, began) = (ConnectionTimer::default(), tokio::time::Instant::now());
        let mut first = timer.sleep_until(began.into_std() + Duration::from_mins(1));
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        drop(first);
        timer.sleep_until(began.into_std() + Duration::from_secs(90)).await;
        assert_eq!(began.elapsed().as_secs(), 90);
        timer.sleep_until(began.into_std() + Duration::from_secs(100)).await;
        assert_eq!(began.elapsed().as_secs(), 100);
    }
}
