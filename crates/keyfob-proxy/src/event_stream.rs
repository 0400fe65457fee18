//! Server-sent events (HTML Living Standard §9.2.6): pieces of bytes in, the data of whole events out.

/// Largest event that is put together, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// Puts events together.
#[derive(Debug, Default)]
pub struct EventStream {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    after_carriage_return: bool,
}

/// An event grew beyond what is put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {LARGEST} bytes")]
pub struct TooLarge;

impl EventStream {
    /// Takes a piece; gives the data of every event that ends in it.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, TooLarge> {
        let mut events = Vec::new();
        for byte in piece {
            let follows_return = std::mem::take(&mut self.after_carriage_return);
            match byte {
                // CR LF is one end of line, wherever the piece was cut.
                b'\n' if follows_return => {}
                b'\n' | b'\r' => {
                    self.after_carriage_return = *byte == b'\r';
                    events.extend(self.end_line());
                }
                byte => self.line.push(*byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > LARGEST {
                return Err(TooLarge);
            }
        }
        Ok(events)
    }

    /// A blank line ends an event; `data` lines add to it; everything else is passed over.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take().filter(|data| !data.is_empty());
        }
        let value = line.strip_prefix(b"data:").or_else(|| (line == b"data").then_some(&[]))?;
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            None => self.data = Some(value.to_vec()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hi\r\nid: 1\r\nevent: message\r\ndata: {\"a\":1}\r\n\r\ndata:x\ndata: y\n\ndata\n\nretry: 5\rdata: z\r\r";

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let expected = [b"{\"a\":1}".to_vec(), b"x\ny".to_vec(), b"z".to_vec()];
        for cut in 0..STREAM.len() {
            let (head, tail) = STREAM.as_bytes().split_at(cut);
            let mut stream = EventStream::default();
            let mut events = stream.push(head).unwrap();
            events.extend(stream.push(tail).unwrap());
            assert_eq!(events, expected, "cut at {cut}");
        }
    }

    /// fault 49
    #[test]
    fn an_endless_event_is_refused() {
        let mut stream = EventStream::default();
        let piece = vec![b'x'; 1024 * 1024];
        assert!((0..20).any(|_| stream.push(&piece).is_err()));
    }
}
