//! Inputs as users write them, and the repositories that they name.

use super::environment::github;
use super::{blocking, hosted};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::fleet::{Input, Target};
use crate::git::Trust;
use crate::secret::Secret;

/// Returns the repositories that `texts` name. `github:` names are looked up at GitHub, with
/// `token` or with one from the environment; an owner may have many.
pub(crate) fn look_up(
    texts: &[String],
    token: Option<Secret>,
    cancel: &CancelToken,
) -> Result<Vec<Input<Target>>> {
    if !texts.iter().any(|text| hosted::is_hosted(text)) {
        return Ok(texts.iter().map(Input::from).collect());
    }
    let github = github(None, token)?;
    let found = blocking::run(cancel, async move |_| {
        Ok(hosted::look_up(texts, &github).await)
    })?;
    let inputs = found.into_iter().flat_map(|(text, result)| match result {
        Ok(targets) => targets.into_iter().map(Input::from_value).collect(),
        // The text may be a token in the wrong place.
        Err(error @ Error::InvalidInput { .. }) if hosted::is_hosted(&text) => {
            vec![Input::invalid("github:***", error)]
        }
        Err(error) => vec![Input::invalid(&text, error)],
    });
    Ok(inputs.collect())
}

/// Returns the trust setting for a flag: true trusts repositories of any user.
pub(crate) fn trust(anyone: bool) -> Trust {
    if anyone { Trust::Anyone } else { Trust::Owner }
}
