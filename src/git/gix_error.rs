//! Converts gix's errors to [`Error`]: each call site names what it was reading, and this module
//! picks the kind.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use gix::bstr::BStr;

use crate::causes::causes;
use crate::durable::{is_absence, is_exhausted};
use crate::error::{Error, Result, Source};

/// Returns gix's error as a boxed cause, with its whole chain on one line.
pub(crate) fn cause(error: &gix::Error) -> Source {
    Box::new(Cause(text(error)))
}

/// Returns the chain of an error on one line, outermost first.
pub(crate) fn text(error: &(dyn std::error::Error + 'static)) -> String {
    messages(error).join(": ")
}

/// Returns the chain of an error without the parts of the input that its parser quotes.
pub(crate) fn without_input(error: &gix::Error) -> String {
    let messages: Vec<String> = messages(error);
    let plain: Vec<&str> = messages.iter().map(|message| cut_input(message)).collect();
    plain.join(": ")
}

/// Returns a message of gix without the input that it quotes at the end.
fn cut_input(message: &str) -> &str {
    message.split(", input=").next().unwrap_or(message)
}

/// Returns the message of an error's innermost cause.
#[cfg(feature = "http")]
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    messages(error).pop().unwrap_or_default()
}

/// Returns the message of a server that sent an `ERR` line instead of an answer.
#[cfg(feature = "http")]
pub(crate) fn server_words(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    use gix::protocol::transport::packetline::read::Error as ErrLine;
    let found = causes(error).find_map(|cause| cause.downcast_ref::<ErrLine>());
    if let Some(found) = found {
        return Some(found.message.to_string());
    }
    let root = root(error);
    let (_, words) = root.split_once("ERR ")?;
    Some(words.trim_matches(['"', '\n']).to_owned())
}

/// The messages of an error and its causes, outermost first, without empty and repeated ones.
fn messages(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut messages = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = error.to_string().replace('\n', " ");
        if !message.is_empty() && messages.last() != Some(&message) {
            messages.push(message);
        }
        next = error.source();
    }
    messages
}

/// A cause reduced to its text, because gix's own types are not part of the public interface.
#[derive(Debug)]
struct Cause(String);

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// Converts a path of the repository to one of the operating system.
pub(crate) fn path(path: &BStr) -> Result<PathBuf> {
    gix::path::from_bstr(path)
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| Error::invalid(format!("path `{path}`"), text(&error)))
}

/// Returns a conversion for gix's errors about `what`, a part of the repository that could not be
/// read.
pub(crate) fn unreadable(repo: &Path, what: impl Into<String>) -> impl FnOnce(gix::Error) -> Error {
    move |error| {
        if let Some(error) = storage(&error, repo).or_else(|| machine(&error, repo)) {
            return error;
        }
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

/// Returns an error of the machine that is in the chain of `error`: too many open files, a broken
/// disk, a missing permission. It says nothing about the repository, unlike a missing file.
pub(crate) fn machine(error: &(dyn std::error::Error + 'static), place: &Path) -> Option<Error> {
    let errors = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    let mut errors = errors.filter(|error| !is_absence(error.kind()));
    let code = errors.find_map(io::Error::raw_os_error)?;
    let source = io::Error::from_raw_os_error(code);
    Some(Error::storage("read", place)(source))
}

/// Returns a part of a repository that may be missing or damaged, as git ignores it; `None` if it
/// is. A failure of the machine is an error.
pub(crate) fn optional<T>(
    place: &Path,
    found: std::result::Result<T, impl std::error::Error + 'static>,
) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) => machine(&error, place).map_or(Ok(None), Err),
    }
}

/// Returns an error of the file system that is not about the repository's content: a disk that is
/// full or may not be written to, or a lock that another program holds.
pub(crate) fn storage(error: &(dyn std::error::Error + 'static), place: &Path) -> Option<Error> {
    let io = |error: &(dyn std::error::Error + 'static)| {
        let error = error.downcast_ref::<io::Error>()?;
        Some((error.kind(), error.raw_os_error()))
    };
    let (kind, code) = causes(error).find_map(io)?;
    if code.is_some_and(is_exhausted) {
        let source = code.map_or_else(|| kind.into(), io::Error::from_raw_os_error);
        return Some(Error::storage("open another file in", place)(source));
    }
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            let words = "the disk is full: free some space, or choose another disk";
            Some(Error::storage("write to", place)(io::Error::new(
                kind, words,
            )))
        }
        ErrorKind::FileTooLarge | ErrorKind::ReadOnlyFilesystem => {
            let source = code.map_or_else(|| kind.into(), io::Error::from_raw_os_error);
            Some(Error::storage("write to", place)(source))
        }
        ErrorKind::AlreadyExists => {
            let text = text(error);
            let words = text.split([' ', '"', '`', '\'']);
            let lock = words
                .into_iter()
                .find(|word| Path::new(word).extension() == Some("lock".as_ref()))?;
            let source = io::Error::new(
                kind,
                "another program is using it; if none is running, remove this file",
            );
            // gix names it as the git directory was named: from the working directory, or in full.
            let lock = Path::new(lock);
            let lock = if lock.starts_with(place) {
                lock.to_owned()
            } else {
                place.join(lock)
            };
            Some(Error::storage("lock", lock)(source))
        }
        _ => None,
    }
}

/// Like [`unreadable`], for gix's plumbing crates, whose errors have types of their own.
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
