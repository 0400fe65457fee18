//! A connection that waits so long for the first byte of an answer and not longer: the clock runs under the HTTP parser, so
//! that a head that stalls half-way counts as stalled.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection whose reads fail with [`io::ErrorKind::TimedOut`] when the peer falls silent.
pub(super) struct PacedStream<S> {
    inner: S,
    between: Duration,
    answered: bool,
    late: Pin<Box<Sleep>>,
}

impl<S> PacedStream<S> {
    /// The first byte is due `first` from now, each further one `between` after the last.
    pub(super) fn new(inner: S, first: Duration, between: Duration) -> Self {
        Self { inner, between, answered: false, late: Box::pin(sleep(first)) }
    }

    fn silence(&self) -> io::Error {
        let why = if self.answered { "the answer stalled half-way" } else { "no answer came in time" };
        io::Error::new(io::ErrorKind::TimedOut, why)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(cx, buffer) {
            if buffer.filled().len() > before {
                self.answered = true;
                let due = Instant::now() + self.between;
                self.late.as_mut().reset(due);
            }
            return Poll::Ready(read);
        }
        match self.late.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(self.silence())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
