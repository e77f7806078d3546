//! Inputs as people write them: some make no sense, and do not stop the others.

use crate::error::{Error, Result};
use crate::fleet::{Outcome, Report};
use crate::remote_url::without_user_info;

/// Inputs that make no sense, each with its place among all.
pub(crate) struct Refused(Vec<(usize, String, Error)>);

impl Refused {
    /// Puts them in among the outcomes of the others.
    pub(crate) fn put_into<T>(self, mut report: Report<T>) -> Report<T> {
        for (place, input, error) in self.0 {
            let outcome = Outcome {
                input,
                result: Err(error),
                attempts: 0,
                seconds: 0.0,
            };
            let place = place.min(report.outcomes.len());
            report.outcomes.insert(place, outcome);
        }
        report
    }
}

/// Reads every input. It is an error if none makes any sense.
pub(crate) fn read_all<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T>,
) -> Result<(Vec<T>, Refused)> {
    let (mut inputs, mut refused) = (Vec::new(), Vec::new());
    for (place, text) in texts.iter().enumerate() {
        match read(text) {
            Ok(input) => inputs.push(input),
            Err(error) => refused.push((place, without_user_info(text), error)),
        }
    }
    if inputs.is_empty() && !refused.is_empty() {
        return Err(refused.swap_remove(0).2);
    }
    Ok((inputs, Refused(refused)))
}
