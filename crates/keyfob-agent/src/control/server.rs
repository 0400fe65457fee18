//! The keeper's end of the control socket. Who may connect is decided by the platform (peer uid) before a stream gets here.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::hand_outs::HandOuts;
use super::wire::{Hello, Request, Response, read_frame, write_frame};
use crate::agent::AgentHandle;
use crate::journal::Program;
use crate::snapshot::KeeperKind;

/// What a client asked of the program around the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorRequest {
    /// Bring the window to the front.
    ShowWindow,
    /// End, so that another keeper can take over.
    StepDown,
}

/// The keeper as the socket serves it.
#[derive(Clone)]
pub struct ControlServer {
    /// The keeper.
    pub agent: AgentHandle,
    /// What kind of program it runs in.
    pub kind: KeeperKind,
    /// Hears what concerns the program around it.
    pub door: mpsc::UnboundedSender<DoorRequest>,
    /// Tells the journal who got a token.
    pub hand_outs: Arc<HandOuts>,
}

impl ControlServer {
    /// Serves one connection until the client ends it. `program` says who asks, for the journal.
    pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        mut stream: S,
        program: Program,
    ) -> std::io::Result<()> {
        let Some(_theirs) = read_frame::<_, Hello>(&mut stream).await? else { return Ok(()) };
        write_frame(&mut stream, &Hello::ours()).await?;
        while let Some(request) = read_frame::<_, Request>(&mut stream).await? {
            if matches!(request, Request::Watch) {
                return self.watch(stream).await;
            }
            let response = self.answer(request, &program).await;
            write_frame(&mut stream, &response).await?;
        }
        Ok(())
    }

    async fn answer(&self, request: Request, program: &Program) -> Response {
        let done = Response::Done { kind: Some(self.kind) };
        match request {
            Request::HandOut { profile, wanted } => {
                let outcome = self.agent.hand_out(profile.clone(), wanted).await;
                self.hand_outs.note(&profile, program, outcome.as_ref().err());
                match outcome {
                    Ok(token) => Response::Token(token.into()),
                    Err(failure) => Response::Failed { failure },
                }
            }
            Request::Snapshot | Request::Watch => self.snapshot(),
            Request::Changed => {
                self.agent.look_again().await;
                done
            }
            Request::ShowWindow => {
                let _ = self.door.send(DoorRequest::ShowWindow);
                done
            }
            Request::StepDown => {
                let _ = self.door.send(DoorRequest::StepDown);
                done
            }
        }
    }

    fn snapshot(&self) -> Response {
        Response::Snapshot { snapshot: Box::new(self.agent.snapshots().borrow().as_ref().clone()) }
    }

    async fn watch<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) -> std::io::Result<()> {
        let (mut from, mut to) = tokio::io::split(stream);
        let mut snapshots = self.agent.snapshots();
        loop {
            let snapshot = Box::new(snapshots.borrow_and_update().as_ref().clone());
            write_frame(&mut to, &Response::Snapshot { snapshot }).await?;
            tokio::select! {
                changed = snapshots.changed() => if changed.is_err() { return Ok(()) },
                // The client says nothing more; that it ends is all there is to hear.
                _ = read_frame::<_, Request>(&mut from) => return Ok(()),
            }
        }
    }
}
