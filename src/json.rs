//! JSON of hosting services.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{Error, Result};

/// A JSON value, such as an answer of a hosting service.
///
/// [`fmt::Display`] writes it as JSON on one line, for any JSON library. The methods read single
/// values by their JSON pointer (RFC 6901).
///
/// ```
/// # fn main() -> gitfleet::Result<()> {
/// let text = r#"{"owner": {"login": "ann"}, "size": 7, "fork": true, "topics": ["git"]}"#;
/// let repository: gitfleet::Json = text.parse()?;
/// assert_eq!(repository.text("/owner/login"), Some("ann"));
/// assert_eq!(repository.integer("/size"), Some(7));
/// assert_eq!(repository.boolean("/fork"), Some(true));
/// assert_eq!(repository.items("/topics")[0].text(""), Some("git"));
/// assert_eq!(repository.text("/absent"), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Json(pub(crate) Value);

impl Json {
    /// The string at `pointer`; `None` if there is none.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }

    /// The integer at `pointer`; `None` if there is none.
    pub fn integer(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer)?.as_i64()
    }

    /// The boolean at `pointer`; `None` if there is none.
    pub fn boolean(&self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer)?.as_bool()
    }

    /// The items of the list at `pointer`, in the order of the list; empty if the value is absent or
    /// is not a list.
    pub fn items(&self, pointer: &str) -> Vec<Self> {
        let list = self.0.pointer(pointer).and_then(Value::as_array);
        list.into_iter().flatten().cloned().map(Self).collect()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Json {
    type Err = Error;

    /// Parses a JSON text.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the text is not JSON.
    fn from_str(text: &str) -> Result<Self> {
        let value = serde_json::from_str(text);
        value
            .map(Self)
            .map_err(|error| Error::invalid("JSON text", error.to_string()))
    }
}
