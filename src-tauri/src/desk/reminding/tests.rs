//! Marks that are set in one window are in the file, and in the snapshot that every window gets.

use std::sync::Arc;

use chrono::TimeDelta;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::Notifier;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_platform::compose::Composition;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;

use super::*;

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

fn keeper(home: &std::path::Path) -> (Keeper, Paths) {
    let paths = Paths::resolve(Some(home.join("keyfob"))).unwrap();
    let composition = Composition::new(paths.clone(), Arc::new(Silent));
    let store = Some(Choice::named("key-file").unwrap());
    let ports = Composition { store, ..composition }.ports().unwrap();
    (Keeper::start(&paths, ports, KeeperKind::App).unwrap(), paths)
}

/// What every window shows, once `marks` are in it.
async fn shows(agent: &AgentHandle, marks: &[TimeDelta]) {
    let mut snapshots = agent.snapshots();
    let there = snapshots.wait_for(|snapshot| snapshot.each().any(|profile| profile.remind == marks));
    tokio::time::timeout(std::time::Duration::from_secs(20), there).await.unwrap().unwrap();
}

#[tokio::test]
async fn marks_are_kept_in_the_file_and_shown_at_once_and_what_is_none_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, paths) = keeper(folder.path());
    let name = ProfileName::parse("work").unwrap();
    let profile = Profile::new(name.clone(), CheckedUrl::parse("https://a.example/mcp").unwrap());
    keeper.agent.add(&profile, None).await.unwrap();
    let file = || std::fs::read_to_string(paths.profiles_toml()).unwrap();
    let plain = file();
    let marks = ["3d", "14d"].map(str::to_owned);
    set(&keeper.agent, &name, Some(&marks)).await.unwrap();
    assert_eq!(file(), format!("{plain}remind = [\"14d\", \"3d\"]\n"));
    shows(&keeper.agent, &[TimeDelta::days(14), TimeDelta::days(3)]).await;
    let refused = set(&keeper.agent, &name, Some(&["soon".to_owned()])).await.unwrap_err();
    assert!(refused.to_string().starts_with("`soon` is no time span"), "{refused}");
    assert_eq!(file(), format!("{plain}remind = [\"14d\", \"3d\"]\n"));
    set(&keeper.agent, &name, Some(&[])).await.unwrap();
    shows(&keeper.agent, &[]).await;
    set(&keeper.agent, &name, None).await.unwrap();
    assert_eq!(file(), plain, "edited back");
    shows(&keeper.agent, &default_reminders()).await;
    assert!(keeper.stop(std::time::Duration::from_secs(20)).await);
}
