//! In core, what one file takes from another never leads back to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{root, rust_files};

const CORE: &str = "crates/keyfob-core/src";

/// A file and what it takes from other files of core by `crate::…`, both as `credential::sign_in`. A file and the parts in the
/// folder of its name may lean on each other (`super::…`): together they are one concept. Tests are left out.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let core = root().join(CORE);
    let files: BTreeMap<String, String> = rust_files(vec![core.clone()])
        .iter()
        .filter(|path| !path.ends_with("lib.rs") && !path.to_string_lossy().ends_with("tests.rs"))
        .map(|path| (module(path.strip_prefix(&core).unwrap()), std::fs::read_to_string(path).unwrap()))
        .collect();
    let taken = |own: &str, text: &str| {
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let paths =
            product.split("crate::").skip(1).map(|rest| rest.split(['{', ';', '(', ' ']).next().unwrap());
        let named = paths.filter_map(|path| file_of(path, &files));
        named.filter(|file| file != own).collect::<BTreeSet<_>>()
    };
    files.iter().map(|(own, text)| (own.clone(), taken(own, text))).collect()
}

/// `grant/device_code.rs` → `grant::device_code`, `grant/mod.rs` → `grant`.
fn module(file: &Path) -> String {
    let name = file.to_string_lossy().replace(['/', '\\'], "::");
    name.trim_end_matches(".rs").trim_end_matches("::mod").to_owned()
}

/// `grant::device_code::GRANT_TYPE` → `grant::device_code`.
fn file_of(path: &str, files: &BTreeMap<String, String>) -> Option<String> {
    let mut path = path.trim_end_matches(':');
    while !files.contains_key(path) {
        path = path.rsplit_once("::")?.0;
    }
    Some(path.to_owned())
}

#[test]
fn no_two_files_of_core_import_each_other_in_a_circle() {
    let mut left = imports();
    let arrows: usize = left.values().map(BTreeSet::len).sum();
    assert!(arrows > 100, "the imports were read: {arrows}");
    // Whoever needs nobody that is left goes; those who stay need each other.
    loop {
        let waiting: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, needs| !needs.is_disjoint(&waiting));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "in a circle, or above one: {left:#?}");
}
