//! An entry of a client's configuration as a value that keeps the order in which people read it.

use std::borrow::Cow;

use serde_json::json;

/// A value as all the formats know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(u32),
    /// A list.
    List(Vec<Value>),
    /// Names and values, in this order.
    Table(Vec<(Cow<'static, str>, Value)>),
}

impl Value {
    /// The value of one name of a table.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Self::Table(members) = self else { return None };
        members.iter().find(|(member, _)| *member == name).map(|(_, value)| value)
    }

    /// As JSON, to be compared: the order of names is lost.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Flag(flag) => json!(flag),
            Self::Number(number) => json!(number),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Table(members) => {
                members.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect()
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// A table of names and values, in this order.
pub fn table<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    Value::Table(members.map(|(name, value)| (name.into(), value)).into())
}
