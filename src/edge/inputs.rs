//! Inputs as users write them. Invalid ones do not stop the others.

use super::environment::github;
use super::{blocking, hosted};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::fleet::{Outcome, Report, Target};
use crate::git::Trust;
use crate::progress::{EndStatus, ProgressSink};
use crate::remote_url::without_user_info;
use crate::secret::Secret;

/// Invalid inputs, each with its position among all inputs.
pub(crate) struct InvalidInputs(Vec<(usize, String, Error)>);

impl InvalidInputs {
    /// Reports to `progress` that they have failed.
    pub(crate) fn tell(&self, progress: &dyn ProgressSink) {
        for (_, input, error) in &self.0 {
            progress.ended(input, &EndStatus::Failed(error.report()));
        }
    }

    /// Inserts them at their positions into the outcomes of the other inputs.
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

/// Parses every input. Returns the results and the invalid inputs.
pub(crate) fn read_all<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T>,
) -> (Vec<T>, InvalidInputs) {
    let (mut inputs, mut refused) = (Vec::new(), Vec::new());
    for (place, text) in texts.iter().enumerate() {
        match read(text) {
            Ok(input) => inputs.push(input),
            Err(error) => refused.push((place, without_user_info(text), error)),
        }
    }
    (inputs, InvalidInputs(refused))
}

/// Returns the repositories that inputs name. Those on GitHub are looked up there, with `token` or
/// with one from the environment.
pub(crate) fn look_up(
    texts: &[String],
    token: Option<Secret>,
    cancel: &CancelToken,
) -> Result<(Vec<Target>, InvalidInputs)> {
    if texts.iter().any(|text| hosted::is_hosted(text)) {
        let github = github(None, token)?;
        let found = blocking::run(cancel, async move |_| {
            Ok(hosted::look_up(texts, &github).await)
        });
        return Ok(gather(found?));
    }
    Ok(read_all(texts, Target::parse))
}

/// Separates results from invalid inputs. One input may have several results.
fn gather<T>(found: Vec<(String, Result<Vec<T>>)>) -> (Vec<T>, InvalidInputs) {
    let (mut inputs, mut refused) = (Vec::new(), Vec::new());
    for (text, result) in found {
        match result {
            Ok(several) => inputs.extend(several),
            Err(error) => {
                let place = inputs.len() + refused.len();
                refused.push((place, without_user_info(&text), error));
            }
        }
    }
    (inputs, InvalidInputs(refused))
}

/// Returns the trust setting for a flag: true trusts repositories of any user.
pub(crate) fn trust(anyone: bool) -> Trust {
    if anyone { Trust::Anyone } else { Trust::Owner }
}
