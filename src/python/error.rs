//! Converts `Error` to a Python exception, in one flat match. The classes are defined in Python:
//! `gitfleet/exceptions.py`.

use pyo3::prelude::*;

use crate::error::{Error, ErrorKind};

/// The name of the class in `gitfleet.exceptions` that is raised for `kind`.
pub(super) fn class_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "InvalidInputError",
        ErrorKind::RepositoryNotFound => "RepositoryNotFoundError",
        ErrorKind::RevisionNotFound => "RevisionNotFoundError",
        ErrorKind::PathNotFound => "PathNotFoundError",
        ErrorKind::DestinationExists => "DestinationExistsError",
        ErrorKind::AuthenticationFailed => "AuthenticationError",
        ErrorKind::PermissionDenied => "PermissionDeniedError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::RateLimited => "RateLimitedError",
        ErrorKind::Network => "NetworkError",
        ErrorKind::Timeout => "OperationTimeoutError",
        ErrorKind::Refused => "RefusedError",
        ErrorKind::LimitExceeded => "LimitExceededError",
        ErrorKind::Corrupt => "CorruptRepositoryError",
        ErrorKind::Storage => "StorageError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Cancelled => "OperationCancelledError",
        ErrorKind::Internal => "InternalError",
    }
}

/// Builds the exception for `error`, with its subject as an attribute.
pub(super) fn instance<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    if let Error::Service(error) = error {
        return py
            .import("gitfleet.providers.errors")?
            .getattr("of_service")?
            .call1((
                error.kind.name(),
                &error.message,
                &error.subject,
                error.status,
                &error.request_id,
                error.retry_after,
                error.reset_at,
                &error.documentation_url,
            ));
    }
    let class = py
        .import("gitfleet.exceptions")?
        .getattr(class_name(error.kind()))?;
    let (message, subject) = (error.report(), error.subject());
    match error {
        Error::RateLimited { reset_at, .. } => class.call1((message, subject, *reset_at)),
        _ => class.call1((message, subject)),
    }
}

pub(super) fn to_py(error: &Error) -> PyErr {
    Python::attach(|py| instance(py, error).map_or_else(|failure| failure, PyErr::from_value))
}
