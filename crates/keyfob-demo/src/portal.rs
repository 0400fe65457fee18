//! The portal itself: its state, its start, its end, and what a test may do to it while it runs.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::authorization_server::{AuthorizationServer, client::Client};
use crate::clock::Clock;
use crate::exchange;
use crate::faults::Faults;
use crate::mcp_server::McpServer;
use crate::oddities::{IssuerForm, Oddities};
use crate::options::{Consent, PortalOptions};
use crate::record::Record;
use crate::tokens::{Ledger, Mint, Terms};
use crate::wire::Wire;

/// A running portal. It has a thread and a runtime of its own, so that neither a test that blocks nor one whose time
/// stands still can hold it up. Dropping it ends it and frees the port.
pub struct Portal {
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What every endpoint works on.
pub(crate) struct State {
    pub(crate) options: PortalOptions,
    pub(crate) origin: String,
    pub(crate) record: Record,
    pub(crate) faults: Faults,
    pub(crate) mint: Mint,
    pub(crate) mcp: McpServer,
    oddities: RwLock<Arc<Oddities>>,
    consent: Mutex<Consent>,
    ledger: Mutex<Ledger>,
    server: Mutex<AuthorizationServer>,
}

impl State {
    /// The oddities in force now.
    pub(crate) fn oddities(&self) -> Arc<Oddities> {
        self.oddities.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn server(&self) -> MutexGuard<'_, AuthorizationServer> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn consent(&self) -> Consent {
        *self.consent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> i64 {
        self.options.clock.now()
    }

    pub(crate) fn terms<'a>(&'a self, oddities: &'a Oddities) -> Terms<'a> {
        Terms { now: self.now(), options: &self.options, token: &oddities.token, mint: &self.mint }
    }

    /// The issuer as the portal spells it.
    pub(crate) fn issuer(&self) -> String {
        match &self.oddities().discovery.issuer {
            IssuerForm::Origin => self.origin.clone(),
            IssuerForm::OriginWithSlash => format!("{}/", self.origin),
            IssuerForm::WithPath(path) => format!("{}{path}", self.origin),
        }
    }

    /// The URL of one of the portal's paths.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl Portal {
    /// Starts a portal on 127.0.0.1. Fails when the port is taken or the system has no randomness.
    pub async fn start(options: PortalOptions) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port.unwrap_or(0)))?;
        listener.set_nonblocking(true)?;
        let own = format!("http://{}", listener.local_addr()?);
        let origin = options.public_origin.clone().unwrap_or(own);
        let state = Arc::new(State::new(options, origin)?);
        let (stop, stopped) = oneshot::channel();
        let (started, running) = oneshot::channel();
        let (ending, ended) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("keyfob-demo".to_owned()).spawn({
            let state = state.clone();
            move || {
                run(listener, &state, started, stopped);
                // The runtime is gone with all its connections: whoever waits in `stop` may go on.
                drop(ending);
            }
        })?;
        let portal = Self { state, stop: Some(stop), ended: Some(ended), thread: Some(thread) };
        running.await.unwrap_or_else(|_| Err(std::io::Error::other("the portal ended while it started")))?;
        Ok(portal)
    }

    /// The MCP endpoint: what a user would add as a profile.
    pub fn mcp_url(&self) -> String {
        self.state.url(crate::endpoint::path::MCP)
    }

    /// `http://127.0.0.1:PORT`, or the origin that it was given, without a slash.
    pub fn origin(&self) -> &str {
        &self.state.origin
    }

    /// The issuer as the portal spells it.
    pub fn issuer(&self) -> String {
        self.state.issuer()
    }

    /// What the portal saw.
    pub fn record(&self) -> &Record {
        &self.state.record
    }

    /// What it is to do wrong.
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// Its time.
    pub fn clock(&self) -> &Clock {
        &self.state.options.clock
    }

    /// Changes the oddities while the portal runs: a server that was rebuilt, moved or taken over.
    pub fn change(&self, change: impl FnOnce(&mut Oddities)) {
        let mut oddities = self.state.oddities.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut oddities));
    }

    /// Changes how the next consents are given.
    pub fn set_consent(&self, consent: Consent) {
        *self.state.consent.lock().unwrap_or_else(PoisonError::into_inner) = consent;
    }

    /// Ends every sign-in with all its tokens, as an administrator would.
    pub fn end_sign_ins(&self) {
        self.state.ledger().end_all();
    }

    /// Makes every access token dead before its time; refresh tokens live on.
    pub fn kill_access_tokens(&self) {
        self.state.ledger().kill_all_access_tokens();
    }

    /// Forgets every registration: from now on they are `invalid_client`.
    pub fn forget_clients(&self) {
        self.state.server().forget_clients();
    }

    /// Allows a device sign-in, as the page would. `false` when no such user code waits.
    pub fn allow_device(&self, user_code: &str) -> bool {
        self.state.server().decide_device(user_code, Some(&self.state.options.account))
    }

    /// Declines a device sign-in, as the page would. `false` when no such user code waits.
    pub fn decline_device(&self, user_code: &str) -> bool {
        self.state.server().decide_device(user_code, None)
    }

    /// Ends the portal: every connection is closed and the port is free when this returns.
    pub async fn stop(mut self) {
        self.stop.take().map(|stop| stop.send(()));
        if let Some(ended) = self.ended.take() {
            // Ends with an error, always: the other end is dropped, never used.
            let _ = ended.await;
        }
    }

    fn halt(&mut self) {
        // Either may be gone already: the portal then ended by itself.
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.halt();
    }
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Portal({} at {})", self.state.options.name, self.state.origin)
    }
}

impl State {
    fn new(options: PortalOptions, origin: String) -> std::io::Result<Self> {
        let mut server = AuthorizationServer::default();
        options.clients.iter().for_each(|given| server.add_client(Client::given(given)));
        let record = Record::default();
        Ok(Self {
            mint: Mint::new(&options.token_mark)?,
            mcp: McpServer::new(&options, record.clone()),
            oddities: RwLock::new(Arc::new(options.oddities.clone())),
            consent: Mutex::new(options.consent),
            options,
            origin,
            record,
            faults: Faults::default(),
            ledger: Mutex::default(),
            server: Mutex::new(server),
        })
    }
}

/// The portal's thread: a runtime that ends, with everything on it, when the portal is stopped.
fn run(
    listener: std::net::TcpListener,
    state: &Arc<State>,
    started: oneshot::Sender<std::io::Result<()>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        // Nobody to tell when the one who started the portal is gone.
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener);
        let accepting = listener.map(|listener| accept(listener, state.clone()));
        match accepting {
            Ok(accepting) => {
                let _ = started.send(Ok(()));
                tokio::select! { () = accepting => {} _ = stopped => {} }
            }
            Err(error) => drop(started.send(Err(error))),
        }
    });
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        // A connection that is gone before it is accepted, or a full table of files: the next one may do.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        state.record.change(|seen| seen.connections += 1);
        if !state.faults.takes_connection() {
            tokio::spawn(serve(stream, state.clone()));
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    // A stall at a byte is only one if the bytes before it are on their way.
    let _ = stream.set_nodelay(true);
    let wire = Wire::new(stream, state.record.clone());
    let control = wire.control();
    let service = service_fn(move |request| exchange::exchange(state.clone(), control.clone(), request));
    // A connection ends in an error whenever a fault cuts it: that is the fault's purpose.
    let _ = http1::Builder::new()
        .max_buf_size(2 * 1024 * 1024)
        .serve_connection(TokioIo::new(wire), service)
        .await;
}
