//! Refspecs: the refs to fetch, and their local names.

use gix::refspec::RefSpec;
use gix::refspec::parse::Operation;

use crate::error::{Error, Result};
use crate::git::gix_error;

/// Parses refspecs in git's syntax, such as `+refs/heads/*:refs/heads/*`.
pub(crate) fn parse(specs: &[impl AsRef<str>]) -> Result<Vec<RefSpec>> {
    let parse = |spec: &str| {
        let parsed = gix::refspec::parse(spec.into(), Operation::Fetch);
        let parsed = parsed.map_err(|error| {
            Error::invalid(format!("refspec `{spec}`"), gix_error::text(&error))
        })?;
        Ok(parsed.to_owned())
    };
    specs.iter().map(|spec| parse(spec.as_ref())).collect()
}
