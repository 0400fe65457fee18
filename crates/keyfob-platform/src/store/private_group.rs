//! Whether a group is one user's alone. Several systems give each user such a group and make new folders writable to it,
//! so that "group-writable" does not always mean "by others".

use std::fs;

/// True where the group has no member but this user. Only the local files are asked: a group they do not know (a directory
/// service's) counts as shared.
pub(super) fn is_ours_alone(gid: u32) -> bool {
    let (Ok(groups), Ok(users)) = (fs::read_to_string("/etc/group"), fs::read_to_string("/etc/passwd"))
    else {
        return false;
    };
    is_alone(gid, rustix::process::geteuid().as_raw(), &groups, &users)
}

fn is_alone(gid: u32, uid: u32, groups: &str, users: &str) -> bool {
    // passwd(5): name:password:uid:gid:…
    let fields = |line: &str| -> Option<(String, u32, u32)> {
        let mut parts = line.split(':');
        let name = parts.next()?.to_owned();
        Some((name, parts.nth(1)?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let users: Vec<_> = users.lines().filter_map(fields).collect();
    let Some((us, ..)) = users.iter().find(|(_, found, _)| *found == uid) else { return false };
    if users.iter().any(|(_, found, primary)| *primary == gid && *found != uid) {
        return false;
    }
    // group(5): name:password:gid:member,member
    let members = groups.lines().find_map(|line| {
        let mut parts = line.split(':').skip(2);
        (parts.next()?.parse() == Ok(gid)).then(|| parts.next().unwrap_or_default())
    });
    members.is_some_and(|members| members.split(',').all(|member| member.is_empty() || member == us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_ours_alone_only_if_nobody_else_is_in_it() {
        let users = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/h:/bin/sh\nbob:x:1001:100::/b:/bin/sh\n";
        let alone = |groups: &str, gid| is_alone(gid, 1000, groups, users);
        assert!(alone("ada:x:1000:\n", 1000));
        assert!(alone("ada:x:1000:ada\n", 1000));
        assert!(!alone("ada:x:1000:bob\n", 1000));
        assert!(!alone("ada:x:1000:ada,bob\n", 1000));
        assert!(!alone("users:x:100:ada\n", 100), "bob's primary group");
        assert!(!alone("", 1000), "unknown group");
        assert!(!is_alone(7, 4711, "x:x:7:\n", users), "unknown user");
    }
}
