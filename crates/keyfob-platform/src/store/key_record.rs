//! `store.toml`: where the sealing key lives, and where earlier keys lived that may still be needed. No secret is in it.

use keyfob_core::failure::StoreProblem;
use serde::{Deserialize, Serialize};

use super::atomic_file;
use super::backend::Backend;
use super::sealing_key::passphrase;
use crate::paths::Paths;

/// Rises only when an older reader would do harm; a reader refuses newer ones (fault 37).
const SCHEMA: u32 = 1;

/// The whole record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    schema: u32,
    /// Everything is sealed with this key; `None` after a lost key was given up and before the next sealing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<Place>,
    /// Records that do not open with the current key may open with one of these: a move of the key that is not done yet,
    /// or a lost key that may come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former: Vec<Place>,
}

/// Where one key lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) backend: Backend,
    /// Names the key, so that two homes, or two keys of one home, never share or overwrite a place.
    pub(super) key_id: String,
    /// Tells another key in the same place from this one.
    pub(super) check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) passphrase: Option<passphrase::Parameters>,
}

impl KeyRecord {
    pub(super) fn new(current: Option<Place>, former: Vec<Place>) -> Self {
        Self { schema: SCHEMA, current, former }
    }

    /// All places, the current one first.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.current.iter().chain(&self.former)
    }

    /// `None` where nothing was ever sealed.
    pub(super) fn read(paths: &Paths) -> Result<Option<Self>, StoreProblem> {
        #[derive(Deserialize)]
        struct SchemaOnly {
            schema: u32,
        }
        let path = paths.store_record();
        let Some(bytes) = atomic_file::read(&path, 64 * 1024)? else { return Ok(None) };
        let damaged = |why: &str| StoreProblem::Damaged(format!("{}: {why}", path.display()));
        let text = String::from_utf8(bytes).map_err(|error| damaged(&error.to_string()))?;
        let SchemaOnly { schema } =
            toml_edit::de::from_str(&text).map_err(|error| damaged(error.message()))?;
        if schema > SCHEMA {
            return Err(StoreProblem::Newer(schema));
        }
        toml_edit::de::from_str(&text).map(Some).map_err(|error| damaged(error.message()))
    }

    /// Durable on return; readers see this record or the one before. Only for callers that hold the lock of the sealing key.
    pub(super) fn write(&self, paths: &Paths) -> Result<(), StoreProblem> {
        let text = toml_edit::ser::to_string_pretty(self)
            .map_err(|error| StoreProblem::Io(format!("the store's record: {error}")))?;
        atomic_file::sweep(&paths.store_record())?;
        atomic_file::replace(&paths.store_record(), text.as_bytes())
    }
}
