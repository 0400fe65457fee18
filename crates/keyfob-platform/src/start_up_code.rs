//! What a process took in to begin, and a keeper that runs for weeks does not use again.

/// Lets go of this program's code. The kernel takes in with each page what lies around it, most of it for good and never run; what is
/// run next is there again at once, from the system's own copy of the file.
#[cfg(target_os = "linux")]
pub fn let_go() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (begin, end) in maps.lines().filter_map(code_of_a_file) {
        drop_pages(begin, end);
    }
}

/// Nothing to be asked for here.
#[cfg(not(target_os = "linux"))]
pub fn let_go() {}

/// Where a line of `/proc/PID/maps` tells of code that came from a file and cannot have been written to (proc_pid_maps(5)).
#[cfg(target_os = "linux")]
fn code_of_a_file(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let is_a_file = words.nth(3).is_some_and(|path| path.starts_with('/'));
    let (begin, end) = range.split_once('-').filter(|_| rights == "r-xp" && is_a_file)?;
    Some((usize::from_str_radix(begin, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the kernel is told of memory by its address alone")]
fn drop_pages(begin: usize, end: usize) {
    use rustix::mm::{Advice, madvise};
    let at = std::ptr::with_exposed_provenance_mut(begin);
    // SAFETY: these pages are a file's, private, and may not be written to: dropped, they are read from the file when next they are
    // looked at, with the same contents.
    let dropped = unsafe { madvise(at, end.saturating_sub(begin), Advice::LinuxDontNeed) };
    if let Err(error) = dropped {
        tracing::debug!(%error, "the program's code stays in memory");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_that_nobody_can_have_changed_is_let_go() {
        let maps = "\
            55a0c0000000-55a0c0400000 r--p 00000000 fe:00 1 /usr/bin/keyfob-cli\n\
            55a0c0400000-55a0c0c00000 r-xp 00400000 fe:00 1 /usr/bin/keyfob-cli\n\
            55a0c0c00000-55a0c0c20000 rw-p 00c00000 fe:00 1 /usr/bin/keyfob-cli\n\
            7f0000000000-7f0000010000 r-xp 00000000 00:00 0\n\
            7f0000020000-7f0000030000 rwxp 00000000 fe:00 2 /usr/lib/odd.so\n\
            7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]";
        let found: Vec<_> = maps.lines().filter_map(code_of_a_file).collect();
        assert_eq!(found, [(0x55a0_c040_0000, 0x55a0_c0c0_0000)]);
    }
}
