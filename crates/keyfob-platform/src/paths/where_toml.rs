//! `where.toml`: keyfob's three folders in one file, for programs that are started without the XDG variables which name
//! them. `--home` takes it in place of a folder.

use std::path::{Path, PathBuf};

use keyfob_core::failure::{Failure, StoreProblem};
use serde::{Deserialize, Serialize};

use super::Paths;
use crate::store::{atomic_file, problem};
use crate::toml_source::Source;

/// The file's name.
pub(super) const NAME: &str = "where.toml";

const COMMENT: &str =
    "# Kept by keyfob: its folders, for `--home` of programs that do not see the XDG variables.\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Folders {
    config: PathBuf,
    data: PathBuf,
    state: PathBuf,
}

/// The folders that the file names.
pub(super) fn read(path: &Path) -> Result<Paths, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("--home {}: {error}", path.display())))?;
    let file = path.display().to_string();
    let source = Source { text: &text, file: &file };
    let folders: Folders =
        toml_edit::de::from_str(&text).map_err(|error| source.error(error.span(), error.message()))?;
    let Folders { config, data, state } = folders;
    if let Some(relative) = [&config, &data, &state].into_iter().find(|folder| !folder.is_absolute()) {
        return Err(Failure::Usage(format!("{file}: `{}` must be an absolute path", relative.display())));
    }
    Ok(Paths { config, data, state, told_by: Some(path.to_owned()), differ: false })
}

/// Keeps the file up to date in the state folder; gives its path.
pub(super) fn keep(paths: &Paths) -> Result<PathBuf, StoreProblem> {
    let path = paths.state.join(NAME);
    let folders =
        Folders { config: paths.config.clone(), data: paths.data.clone(), state: paths.state.clone() };
    let text = toml_edit::ser::to_string(&folders)
        .map_err(|error| StoreProblem::Io(format!("{}: {error}", path.display())))?;
    let text = format!("{COMMENT}{text}");
    atomic_file::private_folder(&paths.state)?;
    match std::fs::read_to_string(&path) {
        Ok(kept) if kept == text => {}
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(problem(&error, &path)),
        _ => atomic_file::replace(&path, text.as_bytes())?,
    }
    Ok(path)
}
