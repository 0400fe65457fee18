//! A client's end of the control socket.

use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use tokio::io::{AsyncRead, AsyncWrite};

use super::wire::{Hello, PROTOCOL, Request, Response, read_frame, write_frame};
use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::snapshot::{KeeperKind, Snapshot};

/// An open connection to the keeper.
pub struct ControlClient<S> {
    stream: S,
    theirs: Hello,
}

/// Why a question got no answer of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlFailure {
    /// The keeper's own answer.
    #[error("{0}")]
    Answered(Failure),
    /// Keeper and client are of different versions and do not understand each other here. What can be done without a
    /// keeper is done without it (fault 34).
    #[error("{0}")]
    OtherVersion(Temporary),
    /// The connection broke, or no hello came.
    #[error("the keeper does not answer: {0}")]
    Broken(String),
}

impl From<ControlFailure> for Failure {
    fn from(failure: ControlFailure) -> Self {
        match failure {
            ControlFailure::Answered(failure) => failure,
            ControlFailure::OtherVersion(why) => why.into(),
            broken @ ControlFailure::Broken(_) => Temporary::ServerTrouble(broken.to_string()).into(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ControlClient<S> {
    /// Shakes hands.
    pub async fn open(mut stream: S) -> Result<Self, ControlFailure> {
        write_frame(&mut stream, &Hello::ours()).await.map_err(|error| broken(&error))?;
        let theirs = read_frame(&mut stream).await.map_err(|error| broken(&error))?.ok_or_else(gone)?;
        Ok(Self { stream, theirs })
    }

    /// A valid token.
    pub async fn hand_out(
        &mut self,
        profile: ProfileName,
        wanted: HandOutRequest,
    ) -> Result<HandedOut, ControlFailure> {
        match self.ask(&Request::HandOut { profile, wanted }).await? {
            Response::Token(token) => Ok(token.into()),
            other => Err(self.unexpected(other)),
        }
    }

    /// What there is to show.
    pub async fn snapshot(&mut self) -> Result<Snapshot, ControlFailure> {
        self.snapshot_after(&Request::Snapshot).await
    }

    /// Begins to watch: the first snapshot now, each next one from [`ControlClient::next_snapshot`].
    pub async fn watch(&mut self) -> Result<Snapshot, ControlFailure> {
        self.snapshot_after(&Request::Watch).await
    }

    /// The next change; `None` where the keeper has ended.
    pub async fn next_snapshot(&mut self) -> Result<Option<Snapshot>, ControlFailure> {
        match self.hear().await? {
            None => Ok(None),
            Some(Response::Snapshot { snapshot }) => Ok(Some(*snapshot)),
            Some(other) => Err(self.unexpected(other)),
        }
    }

    /// Says that settings or this profile's record were changed; without a name, any record.
    pub async fn changed(&mut self, profile: Option<ProfileName>) -> Result<(), ControlFailure> {
        self.done(&Request::Changed { profile }).await.map(|_| ())
    }

    /// Has the keeper's user decide about more scopes, and waits for it; gives what kind of keeper answered. One without a window
    /// asks nobody.
    pub async fn step_up(
        &mut self,
        profile: ProfileName,
        scopes: ScopeSet,
    ) -> Result<Option<KeeperKind>, ControlFailure> {
        self.done(&Request::StepUp { profile, scopes }).await
    }

    /// Brings the window to the front; gives what kind of keeper answered.
    pub async fn show_window(&mut self) -> Result<Option<KeeperKind>, ControlFailure> {
        self.done(&Request::ShowWindow).await
    }

    /// Asks the keeper to end.
    pub async fn step_down(&mut self) -> Result<Option<KeeperKind>, ControlFailure> {
        self.done(&Request::StepDown).await
    }

    async fn snapshot_after(&mut self, request: &Request) -> Result<Snapshot, ControlFailure> {
        match self.ask(request).await? {
            Response::Snapshot { snapshot } => Ok(*snapshot),
            other => Err(self.unexpected(other)),
        }
    }

    async fn done(&mut self, request: &Request) -> Result<Option<KeeperKind>, ControlFailure> {
        match self.ask(request).await? {
            Response::Done { kind } => Ok(kind),
            other => Err(self.unexpected(other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Response, ControlFailure> {
        write_frame(&mut self.stream, request).await.map_err(|error| broken(&error))?;
        self.hear().await?.ok_or_else(gone)
    }

    async fn hear(&mut self) -> Result<Option<Response>, ControlFailure> {
        read_frame(&mut self.stream).await.map_err(|error| match error.kind() {
            // A whole frame that reads as no answer of ours.
            std::io::ErrorKind::InvalidData => self.other_version(),
            _ => broken(&error),
        })
    }

    fn unexpected(&self, response: Response) -> ControlFailure {
        match response {
            Response::Failed { failure } => ControlFailure::Answered(failure),
            Response::NotKnown { .. } => self.other_version(),
            other => ControlFailure::Answered(Failure::Bug(format!("an answer out of place: {other:?}"))),
        }
    }

    fn other_version(&self) -> ControlFailure {
        ControlFailure::OtherVersion(Temporary::OtherVersion {
            keeper: keyfob_core::server_text::shown(&self.theirs.version),
            ours: Hello::ours().version,
            ours_is_older: self.theirs.protocol > PROTOCOL,
        })
    }
}

fn broken(error: &std::io::Error) -> ControlFailure {
    ControlFailure::Broken(error.to_string())
}

fn gone() -> ControlFailure {
    ControlFailure::Broken("it has ended".into())
}
