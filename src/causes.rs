//! The causes of an error.

use std::error::Error;
use std::io;

/// Returns an error and its causes, outermost first. The error inside an [`io::Error`] is
/// included; `source` would skip it.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| next(*error))
}

fn next<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let outer = error.downcast_ref::<io::Error>();
    match outer.and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
