//! Reading a whole body, bounded in size while it comes in.

use std::time::Duration;

use keyfob_agent::ports::TransportFailure;

/// Largest body that is read whole.
const LARGEST: usize = 1024 * 1024;

/// Reads to the end; `pause` is the longest wait between two pieces.
pub(super) async fn whole(mut response: reqwest::Response, pause: Option<Duration>) -> Result<Vec<u8>, TransportFailure> {
    let mut body = Vec::new();
    while let Some(piece) = next(&mut response, pause).await? {
        if body.len() + piece.len() > LARGEST {
            return Err(TransportFailure::TooLarge(LARGEST));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

async fn next(
    response: &mut reqwest::Response,
    pause: Option<Duration>,
) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>>, TransportFailure> {
    let piece = response.chunk();
    let piece = match pause {
        None => piece.await,
        Some(pause) => match tokio::time::timeout(pause, piece).await {
            Ok(piece) => piece,
            Err(_) => return Err(TransportFailure::Cut("the answer stalled".into())),
        },
    };
    piece.map_err(|error| super::cut(&error))
}
