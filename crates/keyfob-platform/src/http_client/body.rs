//! Reading a whole body, bounded in size while it comes in.

use keyfob_agent::ports::TransportFailure;

use super::LARGEST_BODY;

/// Reads to the end, or to the limit.
pub(super) async fn whole(mut response: reqwest::Response) -> Result<Vec<u8>, TransportFailure> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| super::cut(&error))? {
        if body.len() + piece.len() > LARGEST_BODY {
            return Err(TransportFailure::TooLarge(LARGEST_BODY));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
