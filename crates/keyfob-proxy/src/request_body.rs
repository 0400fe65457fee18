//! A client's body on its way to the server. It goes through unchanged; a copy is kept as long as that stays small, so that a
//! request the server refused with 401 can be sent once more (F8).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use keyfob_agent::local_proxy::PassingBody;
use keyfob_agent::ports::TransportFailure;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Largest body that is kept for a second sending; MCP messages are a thousand times smaller.
const LARGEST_KEPT: u64 = 4 * 1024 * 1024;
/// All copies together, in units of [`UNIT`]: what clients send cannot fill the memory.
const ROOM: usize = 64 * 1024;
const UNIT: usize = 1024;

/// Room for the copies of all requests under way.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM)))
    }
}

impl Room {
    fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(units).ok()
    }
}

/// A body, to be sent once or twice.
pub(crate) enum RequestBody {
    /// All of it is here.
    Whole { bytes: Bytes, _room: Option<OwnedSemaphorePermit> },
    /// It goes through as it comes.
    Passing { incoming: Option<Incoming>, copy: Arc<Mutex<Copy>>, room: Room },
}

/// What has gone through of a passing body.
#[derive(Default)]
pub(crate) struct Copy {
    pieces: Vec<Bytes>,
    size: usize,
    room: Vec<OwnedSemaphorePermit>,
    state: CopyState,
}

#[derive(Default, PartialEq, Eq)]
enum CopyState {
    /// More is to come.
    #[default]
    Growing,
    /// The whole body is kept.
    Complete,
    /// Too large: given up.
    GivenUp,
}

impl RequestBody {
    /// Waits for a body that says it is small; lets any other one pass.
    ///
    /// # Errors
    /// [`TransportFailure::Cut`] where the client broke off.
    pub(crate) async fn take(incoming: Incoming, room: &Room) -> Result<Self, TransportFailure> {
        let size = incoming.size_hint().exact().filter(|size| *size <= LARGEST_KEPT);
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
            return Ok(Self::passing(incoming, room));
        };
        if size == 0 {
            return Ok(Self::Whole { bytes: Bytes::new(), _room: None });
        }
        let Some(taken) = room.take(size) else { return Ok(Self::passing(incoming, room)) };
        let bytes = whole(incoming).await.map_err(|error| TransportFailure::Cut(error.to_string()))?;
        Ok(Self::Whole { bytes, _room: Some(taken) })
    }

    fn passing(incoming: Incoming, room: &Room) -> Self {
        Self::Passing { incoming: Some(incoming), copy: Arc::default(), room: room.clone() }
    }

    /// The bytes, where all of them are here.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        match self {
            Self::Whole { bytes, .. } => Some(bytes),
            Self::Passing { .. } => None,
        }
    }

    /// For the next sending; `None` where what has gone through was not kept.
    pub(crate) fn send(&mut self) -> Option<PassingBody> {
        match self {
            Self::Whole { bytes, .. } => Some(full(bytes.clone())),
            Self::Passing { incoming, copy, room } => {
                if let Some(incoming) = incoming.take() {
                    let (copy, room) = (Arc::clone(copy), room.clone());
                    return Some(Tee { incoming, copy, room }.boxed_unsync());
                }
                let copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
                (copy.state == CopyState::Complete).then(|| full(copy.pieces.concat().into()))
            }
        }
    }
}

/// All of a body. Most come in one piece, which is not copied.
async fn whole(mut incoming: Incoming) -> hyper::Result<Bytes> {
    let first = incoming.frame().await.transpose()?.and_then(|frame| frame.into_data().ok());
    let first = first.unwrap_or_default();
    if incoming.is_end_stream() {
        return Ok(first);
    }
    let rest = incoming.collect().await?.to_bytes();
    Ok([first, rest].concat().into())
}

/// A body that is here already.
pub(crate) fn full(bytes: Bytes) -> PassingBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Passes pieces on and keeps them, while they are few.
struct Tee {
    incoming: Incoming,
    copy: Arc<Mutex<Copy>>,
    room: Room,
}

impl Copy {
    fn add(&mut self, piece: &Bytes, room: &Room) {
        if self.state != CopyState::Growing {
            return;
        }
        let fits = u64::try_from(self.size + piece.len()).is_ok_and(|size| size <= LARGEST_KEPT);
        match room.take(piece.len()).filter(|_| fits) {
            Some(taken) => {
                self.size += piece.len();
                self.room.push(taken);
                self.pieces.push(piece.clone());
            }
            None => *self = Self { state: CopyState::GivenUp, ..Self::default() },
        }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = TransportFailure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportFailure>>> {
        let next = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        match &next {
            Some(Ok(frame)) => {
                if let Some(piece) = frame.data_ref() {
                    copy.add(piece, &self.room);
                }
            }
            Some(Err(_)) => copy.state = CopyState::GivenUp,
            None if copy.state == CopyState::Growing => copy.state = CopyState::Complete,
            None => {}
        }
        drop(copy);
        if self.incoming.is_end_stream() {
            let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
            if copy.state == CopyState::Growing {
                copy.state = CopyState::Complete;
            }
        }
        Poll::Ready(next.map(|next| next.map_err(|error| TransportFailure::Cut(error.to_string()))))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
