//! What became of each of many inputs.

use crate::error::{Error, Result};

/// One result per input, in the order of the inputs.
#[derive(Debug)]
pub struct Report<T> {
    /// The input as the user named it, without credentials, and its result.
    pub outcomes: Vec<(String, Result<T>)>,
}

impl<T> Report<T> {
    /// The inputs that failed, and why.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.outcomes.iter().filter_map(|(input, result)| {
            result.as_ref().err().map(|error| (input.as_str(), error))
        })
    }
}
