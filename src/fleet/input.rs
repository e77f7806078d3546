//! Inputs of operations on many repositories, as users write them.

use super::target::Target;
use crate::error::{Error, Result};
use crate::remote_url::{RemoteUrl, without_user_info};

/// One input: its text without credentials, and the value of type `T` that was parsed from it.
///
/// An input that could not be parsed does not stop the others: its error becomes its outcome, at
/// its position. Strings convert to inputs, and so do values that have been parsed already.
#[derive(Debug)]
pub struct Input<T> {
    pub(super) name: String,
    pub(super) value: Result<T>,
}

impl<T> Input<T> {
    /// Parses `text` with `parse`.
    fn parse(text: &str, parse: impl FnOnce(&str) -> Result<T>) -> Self
    where
        T: ToString,
    {
        match parse(text) {
            Ok(value) => Self::from_value(value),
            Err(error) => Self::invalid(text, error),
        }
    }

    /// Returns the input of a value that has been parsed already.
    pub fn from_value(value: T) -> Self
    where
        T: ToString,
    {
        Self {
            name: value.to_string(),
            value: Ok(value),
        }
    }

    /// Returns an input whose outcome is `error`.
    pub fn invalid(text: &str, error: Error) -> Self {
        Self {
            name: without_user_info(text),
            value: Err(error),
        }
    }

    /// Converts the value, if there is one.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Input<U> {
        Input {
            name: self.name,
            value: self.value.map(convert),
        }
    }
}

impl<S: AsRef<str>> From<S> for Input<RemoteUrl> {
    fn from(text: S) -> Self {
        Self::parse(text.as_ref(), RemoteUrl::parse)
    }
}

impl<S: AsRef<str>> From<S> for Input<Target> {
    fn from(text: S) -> Self {
        Self::parse(text.as_ref(), Target::parse)
    }
}

impl From<&RemoteUrl> for Input<RemoteUrl> {
    fn from(url: &RemoteUrl) -> Self {
        Self::from_value(url.clone())
    }
}

impl From<&Target> for Input<Target> {
    fn from(target: &Target) -> Self {
        Self::from_value(target.clone())
    }
}

impl From<&RemoteUrl> for Input<Target> {
    fn from(url: &RemoteUrl) -> Self {
        Self::from_value(Target::from(url.clone()))
    }
}
