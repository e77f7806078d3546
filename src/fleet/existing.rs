//! Clones that are there already.

use std::path::Path;

use crate::error::{Error, Result};
use crate::remote::origin;
use crate::remote_url::RemoteUrl;

/// Returns true if there is a complete clone of `url` at `place`. A clone is renamed to its final
/// path only when it is complete, so a repository that can be opened there is complete.
pub(super) fn is_clone_of(place: &Path, url: &RemoteUrl) -> Result<bool> {
    let is_there = place.join("HEAD").exists() || place.join(".git/HEAD").exists();
    if !is_there {
        return Ok(false);
    }
    let Some(theirs) = origin(place)?.url else {
        return Ok(false);
    };
    let is_same = match (theirs.local_path(), url.local_path()) {
        (Some(a), Some(b)) => std::fs::canonicalize(a).ok() == std::fs::canonicalize(b).ok(),
        (None, None) => theirs.key() == url.key(),
        _ => false,
    };
    if is_same {
        Ok(true)
    } else {
        Err(Error::DestinationExists {
            path: place.to_owned(),
            reason: format!("it is a clone of {theirs}"),
        })
    }
}
