//! The outcomes of work on many inputs.

use crate::error::{Error, Result};

/// The outcome of one input.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome<T> {
    /// The input as the user named it, without credentials.
    pub input: String,
    /// The result, or the error.
    pub result: Result<T>,
    /// Number of attempts, without those that the host refused with a pause of stated length; 0 if
    /// the input is invalid, or if the run was cancelled before the first attempt.
    pub attempts: u32,
    /// Time spent on the input in seconds, without the waits between attempts.
    pub seconds: f64,
}

impl<T> Outcome<T> {
    pub(super) fn new(input: String, result: Result<T>, attempts: u32, seconds: f64) -> Self {
        Self {
            input,
            result,
            attempts,
            seconds,
        }
    }
}

/// One outcome per input, in the order of the inputs.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report<T> {
    /// The outcomes.
    pub outcomes: Vec<Outcome<T>>,
}

impl<T> Report<T> {
    /// The inputs that failed, each with its error.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.outcomes.iter().filter_map(|outcome| {
            let error = outcome.result.as_ref().err();
            error.map(|error| (outcome.input.as_str(), error))
        })
    }
}
