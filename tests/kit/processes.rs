//! What the system shows of every process: its arguments, to every account of the machine, and its environment, to this
//! one. Linux alone shows both as files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::repeated::Repeated;

/// Looks at every process that starts, again and again, until it is ended.
#[derive(Debug)]
pub struct ProcessWatch {
    looks: Arc<AtomicU32>,
    watch: Repeated<ProcessesSeen>,
}

/// One argument or variable of one program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ShownText {
    /// The program's name without its folder.
    program: String,
    /// The variable's name, or nothing for an argument.
    variable: Option<String>,
    /// The argument, or the variable's value.
    text: String,
}

/// Everything that was shown, each text once.
#[derive(Debug, Default)]
pub struct ProcessesSeen {
    texts: BTreeSet<ShownText>,
}

impl ProcessWatch {
    /// Watches every process that starts from now on, whoever starts it.
    pub fn start() -> Self {
        let older: BTreeSet<PathBuf> = processes().collect();
        let looks = Arc::new(AtomicU32::new(0));
        let done = Arc::clone(&looks);
        let watch = Repeated::start(ProcessesSeen::default(), move |seen| {
            processes().filter(|folder| !older.contains(folder)).for_each(|folder| seen.look_at(&folder));
            done.fetch_add(1, Ordering::Relaxed);
        });
        Self { looks, watch }
    }

    /// Waits until it has looked once more from beginning to end: at all that is running now.
    pub async fn has_looked(&self) {
        let before = self.looks.load(Ordering::Relaxed);
        while self.looks.load(Ordering::Relaxed) < before + 2 {
            tokio::task::yield_now().await;
        }
    }

    /// Ends it and gives what was seen.
    pub fn end(self) -> ProcessesSeen {
        self.watch.end()
    }
}

impl ProcessesSeen {
    /// Whether a program of this name was seen.
    pub fn ran(&self, program: &str) -> bool {
        self.texts.iter().any(|text| text.program == program)
    }

    /// The program and the place of each text for which this holds, without the text itself.
    pub fn places(&self, mut holds: impl FnMut(&str) -> bool) -> Vec<(String, Option<String>)> {
        let found: BTreeSet<_> = self
            .texts
            .iter()
            .filter(|shown| holds(&shown.text))
            .map(|shown| (shown.program.clone(), shown.variable.clone()))
            .collect();
        found.into_iter().collect()
    }

    /// A process that is gone, or that lets nobody look, shows nothing.
    fn look_at(&mut self, folder: &Path) {
        let texts = |name: &str| -> Vec<String> {
            let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
            bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
        };
        let arguments = texts("cmdline");
        let path = arguments.first().map(String::as_str).unwrap_or_default();
        let program = path.rsplit('/').next().unwrap_or_default().to_owned();
        let shown = |variable, text| ShownText { program: program.clone(), variable, text };
        let variables = texts("environ").into_iter().filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            Some(shown(Some(name.to_owned()), value.to_owned()))
        });
        let variables: Vec<_> = variables.collect();
        self.texts.extend(variables);
        self.texts.extend(arguments.into_iter().map(|argument| shown(None, argument)));
    }
}

/// The folders of all processes.
fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<u32>().is_ok())
    };
    entries.map(|entry| entry.path()).filter(is_process)
}
