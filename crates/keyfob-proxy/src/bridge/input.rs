//! Lines from the client, bounded: one that is too long is skipped, not kept.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Longest line a client may send, in bytes.
pub(super) const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// A line with something in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its end and blanks around it.
    Whole(Vec<u8>),
    /// Longer than [`LONGEST_LINE`]; its bytes are gone.
    TooLong,
}

/// The next line that is not blank; `None` at the end of the input. The last line needs no end.
pub(super) async fn next_line(input: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<Line>> {
    let (mut line, mut too_long) = (Vec::new(), false);
    loop {
        let buffer = input.fill_buf().await?;
        let at_end = buffer.is_empty();
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let piece = &buffer[..newline.unwrap_or(buffer.len())];
        if too_long || line.len() + piece.len() > LONGEST_LINE {
            too_long = true;
            line = Vec::new();
        } else {
            line.extend_from_slice(piece);
        }
        let used = piece.len() + usize::from(newline.is_some());
        input.consume(used);
        if newline.is_none() && !at_end {
            continue;
        }
        if too_long {
            return Ok(Some(Line::TooLong));
        }
        let trimmed = line.trim_ascii();
        if !trimmed.is_empty() {
            return Ok(Some(Line::Whole(trimmed.to_vec())));
        }
        if at_end {
            return Ok(None);
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::BufReader;

    async fn lines(text: &[u8], capacity: usize) -> Vec<Line> {
        let mut input = BufReader::with_capacity(capacity, text);
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).await.unwrap() {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_come_whole_whatever_the_buffer() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        for capacity in 1..20 {
            assert_eq!(
                lines(b"{\"a\"}\r\n\n  \nb\nlast", capacity).await,
                [whole("{\"a\"}"), whole("b"), whole("last")]
            );
        }
    }

    /// fault 49
    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST_LINE];
        text.extend_from_slice(b"\n");
        text.extend(vec![b'y'; LONGEST_LINE + 1]);
        text.extend_from_slice(b"\nb\n");
        let lines = lines(&text, 64 * 1024).await;
        assert_eq!(lines[1..], [Line::TooLong, Line::Whole(b"b".to_vec())]);
        assert!(matches!(&lines[0], Line::Whole(line) if line.len() == LONGEST_LINE));
    }
}
