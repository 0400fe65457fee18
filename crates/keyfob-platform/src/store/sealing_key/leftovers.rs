//! What a killed attempt to make a key leaves: key material that seals nothing.

use keyfob_core::failure::StoreProblem;

use crate::paths::Paths;
use crate::store::key_record::Place;
use crate::store::{atomic_file, problem};

/// Takes away every key in a file that `known` does not name, and half-written ones. Only for callers that hold the lock of
/// the sealing key, and that know all keys anything is sealed with.
pub(in crate::store) fn sweep<'a>(
    paths: &Paths,
    known: impl IntoIterator<Item = &'a Place>,
) -> Result<(), StoreProblem> {
    let known: Vec<_> = known.into_iter().map(|place| place.key_id.as_str()).collect();
    let folder = paths.data_dir();
    for entry in std::fs::read_dir(folder).map_err(|error| problem(&error, folder))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(key_id) = key_id_of(&name) else { continue };
        if name.starts_with('.') || !known.contains(&key_id) {
            atomic_file::remove(&entry.path())?;
            tracing::info!(name, "took away a key that was never used");
        }
    }
    Ok(())
}

/// `sealing-ID.key`, `sealing-ID.cred`, and the temporary files of both.
fn key_id_of(name: &str) -> Option<&str> {
    let (key_id, ending) = name.trim_start_matches('.').strip_prefix("sealing-")?.split_once('.')?;
    (ending.starts_with("key") || ending.starts_with("cred")).then_some(key_id)
}
