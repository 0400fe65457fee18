//! Request parameters, from a query or a form body, with repeats kept: a repeated parameter is an error (RFC 6749
//! section 3.1), so it must be seen.

use serde_json::Value;

/// Name and value pairs in the order sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text, from a query or a body.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// Reads the string members of a JSON object, for servers whose device endpoint takes JSON only.
    pub(crate) fn of_json(body: &[u8]) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        Self(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
                .collect(),
        )
    }

    /// The first value of a parameter, absent when it is missing or empty (RFC 6749 section 3.1).
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    /// Every value of a parameter; `resource` may be repeated (RFC 8707 section 2).
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The name of a parameter that came twice although only `resource` may.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        names().find(|name| *name != "resource" && names().filter(|other| other == name).count() > 1)
    }

    /// The pairs themselves.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Splits a `scope` value into its scopes.
pub(crate) fn scopes(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_seen_and_a_repeated_resource_is_allowed() {
        assert_eq!(Parameters::of_body(b"state=1&code=2&state=3").repeated(), Some("state"));
        assert_eq!(Parameters::of_body(b"resource=a&resource=b").repeated(), None);
    }

    #[test]
    fn an_empty_value_counts_as_absent() {
        assert_eq!(Parameters::of_body(b"state=&code=a%2Bb").one("state"), None);
        assert_eq!(Parameters::of_body(b"state=&code=a%2Bb").one("code"), Some("a+b"));
    }
}
