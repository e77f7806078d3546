//! What became of each of many inputs.

use crate::error::{Error, Result};

/// What became of one input.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome<T> {
    /// As the user named it, without credentials.
    pub input: String,
    /// What came of it.
    pub result: Result<T>,
    /// How often it was tried; 0 if it was not its turn before a cancellation.
    pub attempts: u32,
    /// Time spent on it, in seconds, without the waits between attempts.
    pub seconds: f64,
}

/// One outcome per input, in the order of the inputs.
#[derive(Debug)]
pub struct Report<T> {
    /// All of them.
    pub outcomes: Vec<Outcome<T>>,
}

impl<T> Report<T> {
    /// The inputs that failed, and why.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.outcomes.iter().filter_map(|outcome| {
            let error = outcome.result.as_ref().err();
            error.map(|error| (outcome.input.as_str(), error))
        })
    }
}
