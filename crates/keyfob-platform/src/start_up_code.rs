//! What a process took in to begin, and a keeper that runs for weeks does not use again.

/// Lets go of this program's code and of what its loader read. The kernel takes in with each page what lies around it, most of it for
/// good and never used; what is used next is there again at once, from the system's own copy of the file.
#[cfg(target_os = "linux")]
pub fn let_go() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (begin, end) in unchanged_parts_of_programs(&maps) {
        drop_pages(begin, end);
    }
}

/// Nothing to be asked for here.
#[cfg(not(target_os = "linux"))]
pub fn let_go() {}

/// One line of `/proc/PID/maps` that tells of a file (proc_pid_maps(5)).
#[cfg(target_os = "linux")]
struct Mapping<'a> {
    begin: usize,
    end: usize,
    rights: &'a str,
    offset: &'a str,
    path: &'a str,
}

#[cfg(target_os = "linux")]
impl<'a> Mapping<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (range, rights, offset) = (words.next()?, words.next()?, words.next()?);
        let path = words.nth(2).filter(|path| path.starts_with('/'))?;
        let (begin, end) = range.split_once('-')?;
        let [begin, end] = [begin, end].map(|address| usize::from_str_radix(address, 16));
        Some(Self { begin: begin.ok()?, end: end.ok()?, rights, offset, path })
    }

    fn is_code(&self) -> bool {
        self.rights == "r-xp"
    }

    /// Headers, the loader's tables and constants. What the loader writes to and then protects begins further on in the file.
    fn is_first_part(&self) -> bool {
        self.rights == "r--p" && self.offset.bytes().all(|digit| digit == b'0')
    }
}

/// Where code, and what no loader writes to, stands in memory as it stands in the programs' and libraries' files.
#[cfg(target_os = "linux")]
fn unchanged_parts_of_programs(maps: &str) -> Vec<(usize, usize)> {
    let mappings: Vec<_> = maps.lines().filter_map(Mapping::of).collect();
    let is_a_program = |path| mappings.iter().any(|mapping| mapping.is_code() && mapping.path == path);
    let unchanged =
        mappings.iter().filter(|part| part.is_code() || (part.is_first_part() && is_a_program(part.path)));
    unchanged.map(|part| (part.begin, part.end)).collect()
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
    fn only_what_nobody_can_have_changed_is_let_go() {
        let maps = "\
            55a0c0000000-55a0c0400000 r--p 00000000 fe:00 1 /usr/bin/keyfob-cli\n\
            55a0c0400000-55a0c0c00000 r-xp 00400000 fe:00 1 /usr/bin/keyfob-cli\n\
            55a0c0c00000-55a0c0c10000 r--p 00c00000 fe:00 1 /usr/bin/keyfob-cli\n\
            55a0c0c10000-55a0c0c20000 rw-p 00c10000 fe:00 1 /usr/bin/keyfob-cli\n\
            7f0000000000-7f0000010000 r-xp 00000000 00:00 0\n\
            7f0000020000-7f0000030000 rwxp 00000000 fe:00 2 /usr/lib/odd.so\n\
            7f0000040000-7f0000050000 r--p 00000000 fe:00 3 /usr/share/table\n\
            7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]";
        let expected = [(0x55a0_c000_0000, 0x55a0_c040_0000), (0x55a0_c040_0000, 0x55a0_c0c0_0000)];
        assert_eq!(unchanged_parts_of_programs(maps), expected);
    }
}
