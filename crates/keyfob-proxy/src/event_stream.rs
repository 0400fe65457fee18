//! Server-sent events (HTML Living Standard §9.2.6): pieces of bytes in, whole events out.

use std::time::Duration;

/// Largest event that is put together, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;
/// Longest pause a server may ask for before its stream is opened again.
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// Puts events together.
#[derive(Debug, Default)]
pub(crate) struct EventStream {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    kind: Vec<u8>,
    id: Option<Vec<u8>>,
    last_id: Option<Vec<u8>>,
    endpoint: Option<Vec<u8>>,
    retry: Option<Duration>,
    after_carriage_return: bool,
    began: bool,
}

/// An event grew beyond what is put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {LARGEST} bytes")]
pub(crate) struct TooLarge;

impl EventStream {
    /// Takes a piece; gives the data of every message that ends in it. Events of other kinds than `message` are passed over.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, TooLarge> {
        let mut messages = Vec::new();
        for byte in piece {
            let follows_return = std::mem::take(&mut self.after_carriage_return);
            match byte {
                // CR LF is one end of line, wherever the piece was cut.
                b'\n' if follows_return => {}
                b'\n' | b'\r' => {
                    self.after_carriage_return = *byte == b'\r';
                    messages.extend(self.end_line());
                }
                byte => self.line.push(*byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > LARGEST {
                return Err(TooLarge);
            }
        }
        Ok(messages)
    }

    /// The id of the last whole event that had one, empty ones included: where to resume.
    pub(crate) fn last_id(&self) -> Option<&[u8]> {
        self.last_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Where messages are to be posted, by the first event of the transport of 2024-11-05.
    pub(crate) fn endpoint(&self) -> Option<&[u8]> {
        self.endpoint.as_deref()
    }

    /// The pause the server asks for before its stream is opened again.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// A blank line ends an event.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.began, true) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(.."\u{feff}".len());
        }
        if !line.is_empty() {
            self.take_field(&line);
            return None;
        }
        if let Some(id) = self.id.take() {
            self.last_id = Some(id);
        }
        let kind = std::mem::take(&mut self.kind);
        let data = self.data.take().filter(|data| !data.is_empty());
        if kind == b"endpoint" && self.endpoint.is_none() {
            self.endpoint.clone_from(&data);
        }
        data.filter(|_| kind.is_empty() || kind == b"message")
    }

    fn take_field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = colon.map_or((line, &[][..]), |at| (&line[..at], &line[at + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"event" => self.kind = value.to_vec(),
            b"id" if !value.contains(&0) => self.id = Some(value.to_vec()),
            b"retry" => self.retry = milliseconds(value).or(self.retry),
            _ => {}
        }
    }
}

fn milliseconds(digits: &[u8]) -> Option<Duration> {
    let text =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok().map(|ms| Duration::from_millis(ms).min(LONGEST_RETRY))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: hi\r\nid: 1\r\nevent: message\r\ndata: {\"a\":1}\r\n\r\ndata:x\ndata: y\n\ndata\nid: 2\n\nretry: 5\rdata: z\r\revent: endpoint\ndata: /sse\n\nid: 3\ndata: cut";

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let expected = [b"{\"a\":1}".to_vec(), b"x\ny".to_vec(), b"z".to_vec()];
        for cut in 0..STREAM.len() {
            let (head, tail) = STREAM.as_bytes().split_at(cut);
            let mut stream = EventStream::default();
            let mut events = stream.push(head).unwrap();
            events.extend(stream.push(tail).unwrap());
            assert_eq!(events, expected, "cut at {cut}");
            assert_eq!(stream.last_id(), Some(&b"2"[..]), "an event cut short has no id yet");
            assert_eq!(stream.endpoint(), Some(&b"/sse"[..]));
            assert_eq!(stream.retry(), Some(Duration::from_millis(5)));
        }
    }

    /// fault 49
    #[test]
    fn an_endless_event_is_refused() {
        let mut stream = EventStream::default();
        let piece = vec![b'x'; 1024 * 1024];
        assert!((0..80).any(|_| stream.push(&piece).is_err()));
    }

    #[test]
    fn a_pause_beyond_reason_is_cut() {
        let mut stream = EventStream::default();
        stream.push(b"retry: 99999999\nretry: soon\n").unwrap();
        assert_eq!(stream.retry(), Some(LONGEST_RETRY));
    }
}
