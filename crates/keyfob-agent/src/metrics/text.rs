//! The text format: one heading per family, then its samples; label values and help are escaped.

use std::fmt::Write as _;

/// What Prometheus may do with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A name and what it means.
pub(super) struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
}

impl Family {
    pub(super) fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { name, kind, help }
    }
}

/// The page so far.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// A heading and all samples of one family.
    pub(super) fn family<'a, V: AsRef<str> + 'a>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = (Vec<(&'static str, V)>, f64)>,
    ) {
        self.heading(family);
        for (labels, value) in samples {
            let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_ref())).collect();
            self.sample(family.name, &labels, value);
        }
    }

    pub(super) fn heading(&mut self, family: &Family) {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {0} {help}\n# TYPE {0} {kind}", family.name);
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A label's value: backslash, quote and line feed are all that the format escapes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
