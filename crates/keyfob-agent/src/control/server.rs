//! The keeper's end of the control socket. Who may connect is decided by the platform (peer uid) before a stream gets here.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use keyfob_core::server_text::shown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::hand_outs::HandOuts;
use super::under_way::UnderWay;
use super::wire::{Asked, Hello, Request, Response, read_hello, read_request, write_frame};
use crate::agent::AgentHandle;
use crate::journal::Program;
use crate::snapshot::KeeperKind;

/// How long a client may take to say hello; one that never does must not hold a descriptor for ever (fault 39).
const HELLO_PATIENCE: Duration = Duration::from_secs(10);

/// What a client asked of the program around the keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorRequest {
    /// Bring the window to the front.
    ShowWindow,
    /// End, so that another keeper can take over.
    StepDown,
    /// No request: a keyfob of another version than ours spoke, this one, made fit to show.
    OtherVersion(String),
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
    /// Counts the questions without an answer yet.
    pub under_way: UnderWay,
}

impl ControlServer {
    /// Serves one connection until the client ends it. `program` finds out who asks, for the journal.
    pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        mut stream: S,
        program: impl FnOnce() -> Program + Send,
    ) -> std::io::Result<()> {
        let program = LazyLock::new(program);
        if !self.shake_hands(&mut stream).await? {
            return Ok(());
        }
        while let Some(asked) = read_request(&mut stream).await? {
            let under_way = self.under_way.begin();
            let response = match asked {
                Asked::Known(Request::Watch) => {
                    drop(under_way);
                    return self.watch(stream).await;
                }
                Asked::Known(Request::StepUp { profile, scopes }) => {
                    // A person decides, and takes their time: a keeper that ends does not wait for it.
                    drop(under_way);
                    let response = tokio::select! {
                        response = self.step_up(&profile, &scopes, &program) => response,
                        // The client says nothing meanwhile; that it ends is all there is to hear.
                        _ = read_request(&mut stream) => return Ok(()),
                    };
                    write_frame(&mut stream, &response).await?;
                    continue;
                }
                Asked::Known(request) => self.answer(request, &program).await,
                Asked::Unknown(ask) => Response::NotKnown { ask },
            };
            // A keeper that has ended has nothing to say any more; the client does its work itself.
            if self.agent.has_ended() && matches!(response, Response::Failed { .. }) {
                return Ok(());
            }
            write_frame(&mut stream, &response).await?;
            drop(under_way);
        }
        Ok(())
    }

    /// False where the client went away, or says nothing. Clients of every version are heard: what they ask decides.
    async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> std::io::Result<bool> {
        let clock = Arc::clone(&self.agent.ports().clock);
        let theirs = tokio::select! {
            theirs = read_hello(stream) => theirs?,
            () = clock.sleep(HELLO_PATIENCE) => None,
        };
        let (Some(theirs), ours) = (theirs, Hello::ours()) else { return Ok(false) };
        if theirs.version != ours.version {
            let _ = self.door.send(DoorRequest::OtherVersion(shown(&theirs.version)));
        }
        write_frame(stream, &ours).await?;
        Ok(true)
    }

    async fn answer<P: FnOnce() -> Program>(
        &self,
        request: Request,
        program: &LazyLock<Program, P>,
    ) -> Response {
        let done = Response::Done { kind: Some(self.kind) };
        match request {
            Request::HandOut { profile, wanted } => {
                // Found out while the record is read: with its answer the program may end.
                let finding = async {
                    tokio::task::yield_now().await;
                    LazyLock::force(program);
                };
                let (outcome, ()) = tokio::join!(self.agent.hand_out(profile.clone(), wanted), finding);
                self.hand_outs.note(&profile, program, outcome.as_ref().err());
                match outcome {
                    Ok(token) => Response::Token(token.into()),
                    Err(failure) => Response::Failed { failure },
                }
            }
            Request::Snapshot | Request::Watch => self.snapshot(),
            Request::StepUp { profile, scopes } => self.step_up(&profile, &scopes, program).await,
            Request::Changed { profile } => {
                self.agent.look_again(profile.as_ref()).await;
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

    /// Nobody looks at a keeper without a window: its client asks its own user.
    async fn step_up<P: FnOnce() -> Program>(
        &self,
        profile: &ProfileName,
        scopes: &ScopeSet,
        program: &LazyLock<Program, P>,
    ) -> Response {
        let done = Response::Done { kind: Some(self.kind) };
        if self.kind != KeeperKind::App {
            return done;
        }
        let client = LazyLock::force(program).called();
        match self.agent.step_up_decided(profile, scopes, client).await {
            Ok(()) => done,
            Err(failure) => Response::Failed { failure },
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
                _ = read_request(&mut from) => return Ok(()),
            }
        }
    }
}
