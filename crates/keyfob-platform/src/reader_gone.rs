//! Whether standard output still has a reader, for who says something only when something changes.

#[cfg(unix)]
use std::time::Duration;

/// Soon for a person, and nothing for a processor.
#[cfg(unix)]
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Ends once nobody reads standard output any more (`head` has its line); never for a file, and where the system does not tell.
#[cfg(unix)]
pub async fn reader_gone() {
    gone(&std::io::stdout()).await;
}

#[cfg(unix)]
async fn gone(output: &impl std::os::fd::AsFd) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        // Errors and hang-ups are told without being asked for.
        let mut place = [PollFd::new(output, PollFlags::empty())];
        let is_told = poll(&mut place, Some(&now)).is_ok();
        if is_told && place[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Nothing says here whether a pipe has a reader: the next line that cannot be written does.
#[cfg(not(unix))]
pub async fn reader_gone() {
    std::future::pending().await
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Write as _, pipe};

    #[tokio::test]
    async fn a_pipe_whose_reader_goes_is_told_and_one_that_is_only_full_is_not() {
        let (reader, mut writer) = pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        while writer.write(&[b'x'; 4_096]).is_ok() {}
        let mut waiting = Box::pin(gone(&writer));
        let early = tokio::time::timeout(Duration::from_millis(50), &mut waiting).await;
        assert!(early.is_err(), "it has a reader");
        drop(reader);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("told");
    }

    #[tokio::test]
    async fn a_plain_file_never_loses_its_reader() {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let ended = tokio::time::timeout(Duration::from_millis(50), gone(&file)).await;
        assert!(ended.is_err());
    }
}
