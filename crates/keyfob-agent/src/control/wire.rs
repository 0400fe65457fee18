//! Frames and messages of the control socket: a 4-byte big-endian length, then that many bytes of JSON.

use chrono::{DateTime, Utc};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::snapshot::{KeeperKind, Snapshot};

/// The protocol's version. A keeper answers older clients; a client older than the keeper gets its own version's words.
pub const PROTOCOL: u32 = 1;

/// Largest frame, in bytes: a snapshot of ten thousand profiles fits.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

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
    Changed,
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
    scopes: Option<ScopeSet>,
    resource: String,
    warning: Option<Failure>,
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
            scopes: token.scopes,
            resource: token.resource,
            warning: token.warning,
        }
    }
}

impl From<WireToken> for HandedOut {
    fn from(wire: WireToken) -> Self {
        Self {
            access_token: AccessToken::new(wire.access_token),
            expires_at: wire.expires_at,
            scopes: wire.scopes,
            resource: wire.resource,
            warning: wire.warning,
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
    let mut length = [0; 4];
    if let Err(error) = from.read_exact(&mut length).await {
        return if error.kind() == std::io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let mut body = zeroize::Zeroizing::new(vec![0; frame_length(length)?]);
    from.read_exact(&mut body).await?;
    decode(&body).map(Some)
}

/// A frame's bytes, for callers without a runtime.
pub fn encode(message: &impl Serialize) -> std::io::Result<zeroize::Zeroizing<Vec<u8>>> {
    let mut bytes = zeroize::Zeroizing::new(vec![0; 4]);
    serde_json::to_writer(&mut *bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).map_err(|_| invalid("the message is too large"))?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

/// The length a frame announces, if it is allowed.
pub fn frame_length(prefix: [u8; 4]) -> std::io::Result<usize> {
    let length = u32::from_be_bytes(prefix) as usize;
    if length > MAX_FRAME { Err(invalid("the frame is too large")) } else { Ok(length) }
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

    #[test]
    fn a_token_frame_shows_nothing_in_debug() {
        let token = HandedOut {
            access_token: AccessToken::new("canary".into()),
            expires_at: DateTime::UNIX_EPOCH,
            scopes: None,
            resource: "r".into(),
            warning: None,
        };
        assert!(!format!("{:?}", Response::Token(token.into())).contains("canary"));
    }
}
