//! The pages of docs hang together: what they link to and show is there, and no word of the window is left unexplained.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::root;

/// README, its neighbours and all of docs but the decision records.
fn pages() -> Vec<PathBuf> {
    let in_folder = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect::<Vec<_>>()
    };
    [in_folder(root()), in_folder(root().join("docs"))].concat()
}

/// What stands between `](` and `)`, and in `src`, `srcset` of pictures.
fn targets(text: &str) -> Vec<&str> {
    let between = |open: &'static str, close: char| {
        text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
    };
    let all = between("](", ')').chain(between("src=\"", '"')).chain(between("srcset=\"", '"'));
    all.filter(|target| !target.contains("://")).collect()
}

/// As a page's headings are linked to: `## Who runs it?` → `who-runs-it`.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| -> String {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_page_picture_and_heading_that_a_page_links_to_is_there() {
    let mut followed = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in targets(&text) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(path.exists(), "{} links to {target}", page.display());
            if !heading.is_empty() {
                let found = anchors(&std::fs::read_to_string(&path).unwrap()).contains(heading);
                assert!(found, "{} links to {target}", page.display());
            }
            followed += 1;
        }
    }
    assert!(followed >= 30, "the pages' links are found: {followed}");
}

#[test]
fn every_page_of_docs_can_be_reached_from_readme() {
    let mut reached: BTreeSet<PathBuf> = BTreeSet::new();
    let mut next = vec![root().join("README.md")];
    while let Some(page) = next.pop() {
        if !reached.insert(page.clone()) {
            continue;
        }
        let text = std::fs::read_to_string(&page).unwrap();
        let linked = targets(&text).into_iter().filter_map(|target| target.split('#').next());
        let pages = linked.filter(|file| Path::new(file).extension().is_some_and(|kind| kind == "md"));
        next.extend(pages.map(|file| page.parent().unwrap().join(file).canonicalize().unwrap()));
    }
    let reached: BTreeSet<_> = reached.iter().map(|path| path.canonicalize().unwrap()).collect();
    for page in pages() {
        let is_reached = reached.contains(&page.canonicalize().unwrap());
        assert!(is_reached, "no page leads to {}", page.display());
    }
}

#[test]
fn troubleshooting_explains_every_badge_and_banner_of_the_window() {
    let page = std::fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let explained: BTreeSet<_> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let words = ["profile", "troubles"]
        .map(|part| format!("ui/src/model/words/{part}.ts"))
        .map(|path| std::fs::read_to_string(root().join(path)).unwrap())
        .concat();
    let states = words.split("const STATE:").nth(1).unwrap().split("};").next().unwrap();
    let mut badges: Vec<_> = states.split(": '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    let spoken = words.split("export function stateWords").nth(1).unwrap().split("\n}").next().unwrap();
    badges.extend(spoken.split("return '").skip(1).filter_map(|rest| rest.split('\'').next()));
    assert!(badges.len() >= 10, "{badges:?}");
    let named = |key: &str| words.split(&format!("\n  {key}: '")).nth(1).unwrap().split('\'').next().unwrap();
    badges.extend(["settingsProblem", "noKeeper", "updated", "waitingTitle"].map(named));
    for badge in badges {
        assert!(explained.contains(badge), "docs/troubleshooting.md does not explain `{badge}`");
    }
}
