//! What a keeper does so that its memory stays its own: no core dump, and nobody of this account may trace it or read its
//! `/proc` files. Programs that it starts are not touched by the latter. The tray app forbids core dumps alone: the desktop
//! looks at `/proc` to find out who asks it for something.

/// Guards this process from now on. What the system does not offer is left out; failures are told in the log.
pub fn guard_this_process() {
    forbid_core_dumps();
    #[cfg(target_os = "linux")]
    forbid_tracing();
}

/// Core dumps alone.
#[cfg(unix)]
pub fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be forbidden");
    }
}

/// Core dumps alone.
#[cfg(not(unix))]
pub fn forbid_core_dumps() {}

/// As many open files as the system allows this account: each stream through the loopback proxy takes two.
#[cfg(unix)]
pub fn allow_many_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::debug!(%error, "the limit of open files stays");
    }
}

/// As many open files as the system allows this account: nothing to be asked for here.
#[cfg(not(unix))]
pub fn allow_many_descriptors() {}

#[cfg(target_os = "linux")]
fn forbid_tracing() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "tracing could not be forbidden");
    }
}
