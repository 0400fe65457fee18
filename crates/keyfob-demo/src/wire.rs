//! The byte level: counts what comes in, and ends or holds an answer at an exact byte of the wire.
//!
//! Byte 0 is the first byte of the status line, so that a cut may fall into the headers as well.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::gate::Gate;
use crate::record::Record;

/// What happens when the answer has reached a byte.
#[derive(Clone, Debug)]
pub(crate) enum Break {
    /// The connection ends in good order (FIN), the answer unfinished.
    Close,
    /// The connection is reset (RST).
    Reset,
    /// Nothing more is sent until the gate opens.
    Wait(Gate),
}

/// What is to happen to the next answer on a connection.
#[derive(Debug, Default)]
struct Plan {
    /// Breaks by the number of answer bytes sent before them, ascending.
    breaks: VecDeque<(usize, Break)>,
    /// Bytes that take the place of the whole answer.
    verbatim: Option<Bytes>,
    /// Answer bytes sent since the plan was made.
    sent: usize,
}

/// The exchange's hold on its connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct WireControl {
    plan: Arc<Mutex<Plan>>,
}

impl WireControl {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the breaks of the answer about to be written.
    pub(crate) fn set(&self, breaks: impl IntoIterator<Item = (usize, Break)>, verbatim: Option<Bytes>) {
        let mut breaks: Vec<_> = breaks.into_iter().collect();
        breaks.sort_by_key(|(at, _)| *at);
        *self.plan() = Plan { breaks: breaks.into(), verbatim, sent: 0 };
    }
}

/// A connection that keeps to the plan of its [`WireControl`].
pub(crate) struct Wire {
    stream: TcpStream,
    control: WireControl,
    record: Record,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

/// What the plan says about the next write.
enum Allowance {
    Bytes(usize),
    Verbatim(Bytes),
    End(Break),
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, record: Record) -> Self {
        Self { stream, control: WireControl::default(), record, waiting: None }
    }

    pub(crate) fn control(&self) -> WireControl {
        self.control.clone()
    }

    fn allowance(&self) -> Allowance {
        let plan = self.control.plan();
        let sent = plan.sent;
        match plan.breaks.front() {
            Some((at, stop)) if *at <= sent => Allowance::End(stop.clone()),
            Some((at, _)) if plan.verbatim.is_none() => Allowance::Bytes(at - sent),
            _ => plan.verbatim.clone().map_or(Allowance::Bytes(usize::MAX), Allowance::Verbatim),
        }
    }

    /// Carries out a break; ready when the answer may go on.
    fn poll_break(&mut self, stop: Break, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match stop {
            Break::Close => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Break::Reset => {
                self.stream.set_zero_linger()?;
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Break::Wait(gate) => {
                let waiting = self.waiting.get_or_insert_with(|| gate.opened());
                ready!(waiting.as_mut().poll(context));
            }
        }
        self.waiting = None;
        self.control.plan().breaks.pop_front();
        Poll::Ready(Ok(()))
    }

    /// Sends the bytes that replace the answer, then ends the connection.
    fn poll_verbatim(&mut self, rest: &Bytes, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if rest.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
        self.record.sent(written);
        if let Some(verbatim) = &mut self.control.plan().verbatim {
            verbatim.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut wire.stream).poll_read(context, buffer))?;
        wire.record.received(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        loop {
            match wire.allowance() {
                Allowance::End(stop) => ready!(wire.poll_break(stop, context))?,
                Allowance::Verbatim(rest) => ready!(wire.poll_verbatim(&rest, context))?,
                Allowance::Bytes(most) => {
                    let part = &bytes[..bytes.len().min(most)];
                    let written = ready!(Pin::new(&mut wire.stream).poll_write(context, part))?;
                    wire.control.plan().sent += written;
                    wire.record.sent(written);
                    return Poll::Ready(Ok(written));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A break at the very end of an answer has no further write to trip over: it is carried out here.
        let wire = self.get_mut();
        while let Allowance::End(stop) = wire.allowance() {
            ready!(wire.poll_break(stop, context))?;
        }
        Pin::new(&mut wire.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
