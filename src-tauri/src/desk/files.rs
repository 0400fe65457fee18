//! Every file and folder that keyfob writes, by what it is for: the user's own to edit, keyfob's own, and other programs'.

use std::path::{Path, PathBuf};

use keyfob_core::failure::Failure;
use keyfob_core::profile::{DeliveryTarget, Profile};
use keyfob_platform::folder_opener;
use keyfob_platform::service_install::user_unit_path;

use super::Desk;
use crate::ipc::file_kind::FileKind;
use crate::ipc::under_way::client_name;
use crate::shell::autostart;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: FileKind,
    pub(crate) path: PathBuf,
    /// The profile or program it is for.
    pub(crate) about: Option<String>,
}

impl Place {
    fn new(kind: FileKind, path: impl Into<PathBuf>) -> Self {
        Self { kind, path: path.into(), about: None }
    }

    fn about(self, whom: &str) -> Self {
        Self { about: Some(whom.to_owned()), ..self }
    }
}

impl Desk {
    /// All of them, there or not yet.
    pub(crate) fn files(&self, profiles: &[Profile]) -> Result<Vec<Place>, Failure> {
        let paths = &self.paths;
        let own = paths.own_files().into_iter().map(|(what, path)| Place::new(FileKind::from(what), path));
        let mut places: Vec<Place> = own.collect();
        places.extend(
            user_unit_path().filter(|unit| unit.exists()).map(|unit| Place::new(FileKind::Service, unit)),
        );
        places.extend(autostart::file(&self.paths).map(|file| Place::new(FileKind::Autostart, file)));
        places.extend(profiles.iter().flat_map(token_files));
        for link in self.linking().links()? {
            places.extend(
                link.file
                    .map(|file| Place::new(FileKind::ClientConfig, file).about(client_name(&link.client))),
            );
        }
        places.dedup();
        Ok(places)
    }

    /// Shows the folder of one of them; what is none of them is not opened, whatever the page asks for.
    pub(crate) async fn open_folder_of(&self, path: &str) -> Result<(), Failure> {
        let places = self.files(&self.agent.ports().settings.list()?)?;
        let place = places.into_iter().find(|place| place.path == Path::new(path));
        let place = place.ok_or_else(|| Failure::Usage(format!("{path} is no file of keyfob's")))?;
        let folder = if place.path.is_dir() { Some(place.path.as_path()) } else { place.path.parent() };
        folder_opener::open_folder(folder.unwrap_or(&place.path)).await
    }
}

fn token_files(profile: &Profile) -> impl Iterator<Item = Place> {
    profile.deliver.iter().filter_map(|delivery| match &delivery.target {
        DeliveryTarget::TokenFile { path, .. } => Some(
            Place::new(FileKind::TokenFile, path)
                .about(profile.label.as_deref().unwrap_or(profile.name.as_str())),
        ),
        _ => None,
    })
}
