//! gix's errors as ours: each call site says what it was doing, this file finds the kind.

use std::path::{Path, PathBuf};

use gix::bstr::BStr;

use crate::error::{Error, Result, Source};

/// gix's error as a boxed cause, with its whole chain on one line.
pub(crate) fn cause(error: &gix::Error) -> Source {
    Box::new(Cause(text(error)))
}

/// The chain of an error on one line, outermost first.
pub(crate) fn text(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let part = error.to_string().replace('\n', " ");
        if !part.is_empty() && parts.last() != Some(&part) {
            parts.push(part);
        }
        next = error.source();
    }
    parts.join(": ")
}

/// What the innermost of an error's causes says.
#[cfg(feature = "http")]
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let part = error.to_string();
        if !part.is_empty() {
            text = part;
        }
        next = error.source();
    }
    text.replace('\n', " ")
}

/// A cause that is only text: gix's own types are not ours to show.
#[derive(Debug)]
struct Cause(String);

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// A path of the repository as one of the operating system.
pub(crate) fn path(path: &BStr) -> Result<PathBuf> {
    gix::path::from_bstr(path)
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| Error::invalid(format!("path `{path}`"), text(&error)))
}

/// Something of the repository that should be there could not be read.
pub(crate) fn unreadable(repo: &Path, what: impl Into<String>) -> impl FnOnce(gix::Error) -> Error {
    move |error| {
        if error.is_unsupported() {
            return Error::unsupported(format!("{} ({})", text(&error), repo.display()));
        }
        Error::Corrupt {
            path: repo.to_owned(),
            what: what.into(),
            source: Some(cause(&error)),
        }
    }
}

/// The same for gix's plumbing, whose errors have types of their own.
pub(crate) fn damaged(
    repo: &Path,
    what: impl Into<String>,
    error: impl std::fmt::Display,
) -> Error {
    Error::Corrupt {
        path: repo.to_owned(),
        what: what.into(),
        source: Some(Box::new(Cause(error.to_string()))),
    }
}
