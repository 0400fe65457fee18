//! Names this machine, so that a store copied to another one is noticed (trust rule 12).

use sha2::{Digest, Sha256};

use super::atomic_file;
use crate::entropy;
use crate::paths::Paths;

/// A name that differs between machines and tells nothing else: the system's id hashed with a label of ours, as its
/// documentation asks; a random one kept in the state folder where there is none.
pub fn machine_id(paths: &Paths) -> String {
    let system = std::fs::read_to_string("/etc/machine-id").ok().filter(|id| id.trim().len() >= 32);
    match system {
        Some(id) => hashed(id.trim()),
        None => own(paths),
    }
}

fn own(paths: &Paths) -> String {
    let path = paths.machine_id_file();
    if let Ok(Some(bytes)) = atomic_file::read(&path, 64) {
        return hashed(&String::from_utf8_lossy(&bytes));
    }
    let id = entropy::hex(16);
    // Where it cannot be kept, the next run has another one and asks before it renews: safe.
    let kept = atomic_file::private_folder(paths.state_dir())
        .and_then(|()| atomic_file::replace(&path, id.as_bytes()));
    if let Err(problem) = kept {
        tracing::warn!(%problem, "no machine id could be kept");
    }
    hashed(&id)
}

fn hashed(id: &str) -> String {
    let digest = Sha256::new().chain_update(b"keyfob machine id\0").chain_update(id.as_bytes()).finalize();
    entropy::hex_digits(&digest[..16])
}
