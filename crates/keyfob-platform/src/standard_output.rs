//! Standard output for who answers line by line. What its reader takes at once is written at once, by the thread that has it; only
//! what would have to wait goes to tokio's, whose every write wakes a second thread: that was a fifth of a call through the bridge.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Standard output, unbuffered.
pub struct StandardOutput(PromptOutput<io::Stdout, tokio::io::Stdout>);

impl StandardOutput {
    /// Nobody else of this process may write there meanwhile.
    pub fn new() -> Self {
        Self(PromptOutput { prompt: io::stdout(), patient: tokio::io::stdout(), by_the_patient: false })
    }
}

impl Default for StandardOutput {
    fn default() -> Self {
        Self::new()
    }
}

/// Two ways to one place: `prompt` for what is taken at once, `patient` for what is not.
struct PromptOutput<P, W> {
    prompt: P,
    patient: W,
    /// Something went the patient way and may not be out: what follows goes after it.
    by_the_patient: bool,
}

impl<P: Prompt + Unpin, W: AsyncWrite + Unpin> AsyncWrite for PromptOutput<P, W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.by_the_patient
            && let Some(written) = self.prompt.write_at_once(bytes)
        {
            return Poll::Ready(written);
        }
        self.by_the_patient = true;
        Pin::new(&mut self.patient).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.by_the_patient {
            ready!(Pin::new(&mut self.patient).poll_flush(cx))?;
            self.by_the_patient = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.patient).poll_shutdown(cx)
    }
}

impl AsyncWrite for StandardOutput {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A place that may be written to without waiting.
trait Prompt {
    /// Writes, unless that might wait: then `None`, and nothing was written.
    fn write_at_once(&self, bytes: &[u8]) -> Option<io::Result<usize>>;
}

/// So much a pipe that has room at all takes whole (`PIPE_BUF`), and a socket more.
#[cfg(unix)]
const TAKEN_WHOLE: usize = 4_096;

#[cfg(unix)]
impl<T: std::os::fd::AsFd> Prompt for T {
    fn write_at_once(&self, bytes: &[u8]) -> Option<io::Result<usize>> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        if bytes.len() > TAKEN_WHOLE {
            return None;
        }
        let mut place = [PollFd::new(self, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let has_room = poll(&mut place, Some(&now)).is_ok() && place[0].revents().contains(PollFlags::OUT);
        match has_room.then(|| rustix::io::write(self, bytes))? {
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => None,
            written => Some(written.map_err(io::Error::from)),
        }
    }
}

/// Nothing says here whether a pipe has room.
#[cfg(not(unix))]
impl Prompt for io::Stdout {
    fn write_at_once(&self, _: &[u8]) -> Option<io::Result<usize>> {
        None
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read as _, pipe};

    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// A pipe, and a patient way that keeps what it was given.
    fn output() -> (PipeReader, PromptOutput<io::PipeWriter, Vec<u8>>) {
        let (reader, prompt) = pipe().unwrap();
        (reader, PromptOutput { prompt, patient: Vec::new(), by_the_patient: false })
    }

    #[tokio::test]
    async fn a_line_is_in_the_pipe_at_once_while_its_reader_has_room() {
        let (mut reader, mut output) = output();
        output.write_all(b"one\n").await.unwrap();
        let mut read = [0; 4];
        reader.read_exact(&mut read).unwrap();
        assert_eq!((&read, output.patient.as_slice()), (b"one\n", b"".as_slice()));
    }

    #[tokio::test]
    async fn what_a_full_pipe_does_not_take_waits_and_nothing_overtakes_it() {
        let (mut reader, mut output) = output();
        let piece = [b'x'; TAKEN_WHOLE];
        while output.patient.is_empty() {
            output.write_all(&piece).await.unwrap();
        }
        assert_eq!(output.patient, piece, "the first that found no room");
        reader.read_exact(&mut [0; TAKEN_WHOLE]).unwrap();
        output.write_all(b"later").await.unwrap();
        assert_eq!(output.patient[TAKEN_WHOLE..], *b"later", "there is room again, but the first is not out");
        output.flush().await.unwrap();
        output.write_all(b"prompt").await.unwrap();
        assert_eq!(output.patient.len(), TAKEN_WHOLE + b"later".len());
    }

    #[tokio::test]
    async fn what_may_be_taken_by_halves_waits() {
        let (_reader, mut output) = output();
        let long = [b'x'; TAKEN_WHOLE + 1];
        output.write_all(&long).await.unwrap();
        assert_eq!(output.patient, long);
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_is_an_error() {
        let (reader, mut output) = output();
        drop(reader);
        let error = output.write_all(b"one\n").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
