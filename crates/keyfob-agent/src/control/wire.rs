//! Frames and messages of the control socket: a 4-byte big-endian length, then that many bytes of JSON.

use chrono::{DateTime, Utc};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;
use keyfob_core::server_text::shown;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::snapshot::{KeeperKind, Snapshot};

/// The protocol's version, raised when a request or an answer changes its meaning. New requests and members do not raise
/// it: what is not known is answered with [`Response::NotKnown`], and unknown members are passed over.
pub const PROTOCOL: u32 = 1;

/// Largest answer, in bytes: a snapshot of ten thousand profiles fits.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Largest request, in bytes: a name and a few numbers.
pub const MAX_REQUEST: usize = 64 * 1024;

/// First frame in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the speaker.
    pub protocol: u32,
    /// keyfob's version, for messages to people.
    pub version: String,
}

impl Hello {
    /// Our own.
    pub fn ours() -> Self {
        Self { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// What a client asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Request {
    /// A valid token.
    HandOut {
        /// Whose.
        profile: ProfileName,
        /// What is wanted of it.
        wanted: HandOutRequest,
    },
    /// What there is to show.
    Snapshot,
    /// The same, again at every change, until the connection ends.
    Watch,
    /// Records or settings were changed by this client.
    Changed {
        /// Whose; clients of earlier versions do not say.
        #[serde(default)]
        profile: Option<ProfileName>,
    },
    /// A request of the client's needs scopes that the sign-in lacks: a keeper with a window asks there, and answers once its
    /// user has decided. One without a window answers at once, and its kind says so.
    StepUp {
        /// Whose.
        profile: ProfileName,
        /// The scopes.
        scopes: ScopeSet,
    },
    /// Bring the window to the front (tray app only).
    ShowWindow,
    /// End, so that another keeper can take over.
    StepDown,
}

/// What the keeper answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Response {
    /// A token.
    Token(WireToken),
    /// What there is to show.
    Snapshot {
        /// It.
        snapshot: Box<Snapshot>,
    },
    /// Done.
    Done {
        /// Who answers.
        kind: Option<KeeperKind>,
    },
    /// This keeper does not know the request: it is older or newer than the client.
    NotKnown {
        /// The request's name, made fit to show.
        ask: String,
    },
    /// Not done.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// A handed-out token on the wire.
#[derive(Serialize, Deserialize)]
pub struct WireToken {
    access_token: String,
    expires_at: DateTime<Utc>,
    #[serde(default)]
    end_assumed: bool,
    scopes: Option<ScopeSet>,
    resource: String,
    warning: Option<Failure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    undelivered: Vec<String>,
}

impl std::fmt::Debug for WireToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WireToken(…)")
    }
}

impl From<HandedOut> for WireToken {
    #[expect(
        clippy::disallowed_methods,
        reason = "the control socket hands tokens to processes of the same user"
    )]
    fn from(token: HandedOut) -> Self {
        Self {
            access_token: token.access_token.expose_secret().to_owned(),
            expires_at: token.expires_at,
            end_assumed: token.end_assumed,
            scopes: token.scopes,
            resource: token.resource,
            warning: token.warning,
            undelivered: token.undelivered,
        }
    }
}

impl From<WireToken> for HandedOut {
    fn from(wire: WireToken) -> Self {
        Self {
            access_token: AccessToken::new(wire.access_token),
            expires_at: wire.expires_at,
            end_assumed: wire.end_assumed,
            scopes: wire.scopes,
            resource: wire.resource,
            warning: wire.warning,
            undelivered: wire.undelivered,
        }
    }
}

/// Writes one frame.
pub async fn write_frame<W: AsyncWrite + Unpin>(to: &mut W, message: &impl Serialize) -> std::io::Result<()> {
    to.write_all(&encode(message)?).await?;
    to.flush().await
}

/// Reads one frame; `None` where the other side has ended between frames.
pub async fn read_frame<R: AsyncRead + Unpin, T: DeserializeOwned>(
    from: &mut R,
) -> std::io::Result<Option<T>> {
    read_body(from, MAX_FRAME).await?.map(|body| decode(&body)).transpose()
}

/// Reads the first frame of a connection: nobody has said yet who they are, so it may be no larger than a request.
pub async fn read_hello<R: AsyncRead + Unpin>(from: &mut R) -> std::io::Result<Option<Hello>> {
    read_body(from, MAX_REQUEST).await?.map(|body| decode(&body)).transpose()
}

/// A request as the keeper reads it.
#[derive(Debug)]
pub enum Asked {
    /// One of ours.
    Known(Request),
    /// Of another version, by its name.
    Unknown(String),
}

/// Reads one request; what is a request of no version is an error.
pub async fn read_request<R: AsyncRead + Unpin>(from: &mut R) -> std::io::Result<Option<Asked>> {
    #[derive(Deserialize)]
    struct Name {
        ask: String,
    }
    let Some(body) = read_body(from, MAX_REQUEST).await? else { return Ok(None) };
    if let Ok(request) = decode(&body) {
        return Ok(Some(Asked::Known(request)));
    }
    let Name { ask } = decode(&body)?;
    Ok(Some(Asked::Unknown(shown(&ask))))
}

async fn read_body<R: AsyncRead + Unpin>(
    from: &mut R,
    largest: usize,
) -> std::io::Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
    let mut length = [0; 4];
    if let Err(error) = from.read_exact(&mut length).await {
        return if error.kind() == std::io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = frame_length(length, largest)?;
    let mut body = zeroize::Zeroizing::new(vec![0; length]);
    from.read_exact(&mut body).await?;
    Ok(Some(body))
}

/// A frame's bytes, for callers without a runtime.
pub fn encode(message: &impl Serialize) -> std::io::Result<zeroize::Zeroizing<Vec<u8>>> {
    let mut bytes = zeroize::Zeroizing::new(vec![0; 4]);
    serde_json::to_writer(&mut *bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).map_err(|_| invalid("the message is too large"))?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

/// The length a frame announces, if it is not above `largest`.
pub fn frame_length(prefix: [u8; 4], largest: usize) -> std::io::Result<usize> {
    let length = u32::from_be_bytes(prefix) as usize;
    if length > largest { Err(invalid("the frame is too large")) } else { Ok(length) }
}

/// A frame's message.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> std::io::Result<T> {
    serde_json::from_slice(body).map_err(|_| invalid("the frame is not understood"))
}

fn invalid(why: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V12
    #[tokio::test]
    async fn a_frame_reads_back_and_an_oversized_or_foreign_one_is_refused() {
        let mut wire = Vec::new();
        write_frame(&mut wire, &Hello::ours()).await.unwrap();
        assert_eq!(read_frame::<_, Hello>(&mut &wire[..]).await.unwrap(), Some(Hello::ours()));
        assert!(read_frame::<_, Hello>(&mut &[0xff; 8][..]).await.is_err());
        assert!(read_frame::<_, Request>(&mut &wire[..]).await.is_err());
        assert!(read_frame::<_, Hello>(&mut &wire[..3]).await.unwrap().is_none());
        assert!(read_frame::<_, Hello>(&mut &wire[..9]).await.is_err());
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
    }

    /// V12: whatever the bytes are, a request is known, of another version by its name, or an error; never a panic.
    #[tokio::test]
    async fn hostile_requests_are_errors_and_a_name_stays_a_name() {
        let unknown = frame(br#"{"ask":"dance\u001b[31m\r\n","partner":1}"#);
        let Some(Asked::Unknown(ask)) = read_request(&mut &unknown[..]).await.unwrap() else { panic!() };
        assert_eq!(ask, "dance[31m");
        // A name that is none makes the request one of no known kind, and never reaches a store or a path.
        let smuggled = frame(br#"{"ask":"hand-out","profile":"a\r\nb","wanted":{}}"#);
        assert!(
            matches!(read_request(&mut &smuggled[..]).await, Ok(Some(Asked::Unknown(ask))) if ask == "hand-out")
        );
        let deep = [vec![b'['; 60_000], b"".to_vec()].concat();
        let huge = [&u32::MAX.to_be_bytes()[..], b"{}"].concat();
        let above = frame(&vec![b' '; MAX_REQUEST + 1]);
        for hostile in
            [frame(&deep), huge, above, frame(b""), frame(b"[]"), frame(b"{\"ask\":1}"), frame(b"\xff")]
        {
            assert!(read_request(&mut &hostile[..]).await.is_err(), "{:?}", &hostile[..8.min(hostile.len())]);
        }
    }

    /// fault 34: members that came or went change nothing for either side.
    #[test]
    fn members_of_another_version_are_passed_over_and_missing_ones_have_their_usual_value() {
        let old = br#"{"ask":"hand-out","profile":"a","wanted":{"min_validity_s":5}}"#;
        let Request::HandOut { wanted, .. } = decode(old).unwrap() else { panic!() };
        assert_eq!(wanted, HandOutRequest { min_validity_s: 5, ..HandOutRequest::default() });
        let new = br#"{"ask":"snapshot","colour":"blue"}"#;
        assert!(matches!(decode(new).unwrap(), Request::Snapshot));
        let hello = br#"{"protocol":99,"version":"9.0.0","mood":"good"}"#;
        assert_eq!(decode::<Hello>(hello).unwrap(), Hello { protocol: 99, version: "9.0.0".into() });
    }

    #[test]
    fn a_token_frame_shows_nothing_in_debug() {
        let token = HandedOut {
            access_token: AccessToken::new("canary".into()),
            expires_at: DateTime::UNIX_EPOCH,
            end_assumed: false,
            scopes: None,
            resource: "r".into(),
            warning: None,
            undelivered: Vec::new(),
        };
        assert!(!format!("{:?}", Response::Token(token.into())).contains("canary"));
    }
}
