//! A client's end of the control socket.

use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::identity::ProfileName;
use tokio::io::{AsyncRead, AsyncWrite};

use super::wire::{Hello, Request, Response, read_frame, write_frame};
use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::snapshot::{KeeperKind, Snapshot};

/// An open connection to the keeper.
pub struct ControlClient<S> {
    stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ControlClient<S> {
    /// Shakes hands.
    pub async fn open(mut stream: S) -> Result<Self, Failure> {
        write_frame(&mut stream, &Hello::ours()).await.map_err(|error| broken(&error))?;
        read_frame::<_, Hello>(&mut stream).await.map_err(|error| broken(&error))?.ok_or(Temporary::Busy)?;
        Ok(Self { stream })
    }

    /// A valid token.
    pub async fn hand_out(
        &mut self,
        profile: ProfileName,
        wanted: HandOutRequest,
    ) -> Result<HandedOut, Failure> {
        match self.ask(&Request::HandOut { profile, wanted }).await? {
            Response::Token(token) => Ok(token.into()),
            other => Err(unexpected(other)),
        }
    }

    /// What there is to show.
    pub async fn snapshot(&mut self) -> Result<Snapshot, Failure> {
        self.snapshot_after(&Request::Snapshot).await
    }

    /// Begins to watch: the first snapshot now, each next one from [`ControlClient::next_snapshot`].
    pub async fn watch(&mut self) -> Result<Snapshot, Failure> {
        self.snapshot_after(&Request::Watch).await
    }

    /// The next change; `None` where the keeper has ended.
    pub async fn next_snapshot(&mut self) -> Result<Option<Snapshot>, Failure> {
        match read_frame(&mut self.stream).await.map_err(|error| broken(&error))? {
            None => Ok(None),
            Some(Response::Snapshot { snapshot }) => Ok(Some(*snapshot)),
            Some(other) => Err(unexpected(other)),
        }
    }

    /// Says that records or settings were changed.
    pub async fn changed(&mut self) -> Result<(), Failure> {
        self.done(&Request::Changed).await.map(|_| ())
    }

    /// Brings the window to the front; gives what kind of keeper answered.
    pub async fn show_window(&mut self) -> Result<Option<KeeperKind>, Failure> {
        self.done(&Request::ShowWindow).await
    }

    /// Asks the keeper to end.
    pub async fn step_down(&mut self) -> Result<Option<KeeperKind>, Failure> {
        self.done(&Request::StepDown).await
    }

    async fn snapshot_after(&mut self, request: &Request) -> Result<Snapshot, Failure> {
        match self.ask(request).await? {
            Response::Snapshot { snapshot } => Ok(*snapshot),
            other => Err(unexpected(other)),
        }
    }

    async fn done(&mut self, request: &Request) -> Result<Option<KeeperKind>, Failure> {
        match self.ask(request).await? {
            Response::Done { kind } => Ok(kind),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Response, Failure> {
        write_frame(&mut self.stream, request).await.map_err(|error| broken(&error))?;
        read_frame(&mut self.stream)
            .await
            .map_err(|error| broken(&error))?
            .ok_or_else(|| Temporary::Busy.into())
    }
}

fn broken(error: &std::io::Error) -> Failure {
    Temporary::ServerTrouble(format!("the keeper does not answer: {error}")).into()
}

fn unexpected(response: Response) -> Failure {
    match response {
        Response::Failed { failure } => failure,
        other => Failure::Bug(format!("an answer out of place: {other:?}")),
    }
}
