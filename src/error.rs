//! The error type of GitFleet's public API, and its kinds.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

/// A boxed cause, so that no dependency's error type is public API.
pub type Source = Box<dyn StdError + Send + Sync + 'static>;

/// The result of a fallible GitFleet operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of the library. Errors that a caller may handle differently are separate variants.
///
/// `Display` shows the outermost error only; [`Error::report`] adds the causes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is invalid, whatever the state of the repository or server.
    #[error("{what}: {reason}")]
    InvalidInput {
        /// The argument, with the value given.
        what: String,
        /// The reason why it is invalid, and what would be valid.
        reason: String,
    },
    /// No repository exists at the URL or path.
    #[error("repository not found: {subject}{}", because(.reason))]
    RepositoryNotFound {
        /// The URL or path that was asked for, without credentials.
        subject: String,
        /// Details, such as what was found instead; empty if there are none.
        reason: String,
    },
    /// The repository exists and does not contain the revision.
    #[error("revision not found in {repo}: {revision}{}", because(.reason))]
    RevisionNotFound {
        /// The location of the repository.
        repo: String,
        /// The revision as typed.
        revision: String,
        /// The reason why the revision was not found; empty if there is nothing to add.
        reason: String,
    },
    /// The revision exists and does not contain the path.
    #[error("no such path in {revision}: {path}")]
    PathNotFound {
        /// The revision as typed.
        revision: String,
        /// The path within the repository.
        path: String,
    },
    /// The destination contains something that GitFleet must not replace.
    #[error("destination exists: {}{}", path.display(), because(.reason))]
    DestinationExists {
        /// The destination.
        path: PathBuf,
        /// A description of what is there; empty if there is nothing to add.
        reason: String,
    },
    /// The host refused the credentials, or requires some.
    #[error("authentication failed: {subject}{}", because(.reason))]
    AuthenticationFailed {
        /// The URL that was asked for, without credentials.
        subject: String,
        /// The host's message, or a description of the refusal.
        reason: String,
    },
    /// The host refuses requests until a later time.
    #[error("rate limited by {host}{}", until(*reset_at, said))]
    RateLimited {
        /// The host.
        host: String,
        /// The host's message; empty if it sent none.
        said: String,
        /// Time of the end of the limit, in seconds since the Unix epoch, if the host named it.
        reset_at: Option<i64>,
    },
    /// The server could not be reached, or the connection was lost.
    #[error("network error: {subject}")]
    Network {
        /// The URL that was asked for, without credentials.
        subject: String,
        /// The underlying error.
        source: Source,
    },
    /// The server did not answer in time.
    #[error("timed out after {} s: {subject}", after.as_secs())]
    Timeout {
        /// The operation that was waited for.
        subject: String,
        /// The time waited.
        after: Duration,
    },
    /// The server's answer is a refusal or is unusable, and a retry would not help.
    #[error("refused: {subject}: {reason}")]
    Refused {
        /// The URL that was asked for, without credentials.
        subject: String,
        /// The server's message, or the fault in its answer.
        reason: String,
    },
    /// A limit was exceeded.
    #[error("limit exceeded: {subject}: more than {limit} {what}")]
    LimitExceeded {
        /// The URL or path for which the limit was exceeded.
        subject: String,
        /// The words after `more than {limit}`: the unit and what it counts.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Data of a repository is damaged or missing.
    #[error("corrupt repository {}: {what}", path.display())]
    Corrupt {
        /// The location of the repository.
        path: PathBuf,
        /// The object or file, and what is wrong with it.
        what: String,
        /// The underlying error, if there is one.
        source: Option<Source>,
    },
    /// A file or directory could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Storage {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error reported by the operating system.
        source: std::io::Error,
    },
    /// The request is valid, but GitFleet does not support it.
    #[error("not supported: {what}")]
    Unsupported {
        /// The unsupported feature, and an alternative if there is one.
        what: String,
    },
    /// The API of a hosting service refused a request, or failed.
    #[error(transparent)]
    Service(Box<ServiceError>),
    /// The caller cancelled its [`CancelToken`](crate::CancelToken).
    #[error("operation cancelled")]
    Cancelled,
    /// A defect of GitFleet.
    #[error("internal error, please report it: {what}")]
    Internal {
        /// A description of the defect, for the report.
        what: String,
    },
}

/// The end of a limit and the host's message, for the message of an error.
fn until(reset_at: Option<i64>, said: &str) -> String {
    let time = reset_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    let time = time.map(|time| format!(" until {time}"));
    let said = if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    };
    time.unwrap_or_default() + &said
}

/// An error reported by the API of a hosting service.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{service}: {subject}: {message}")]
#[non_exhaustive]
pub struct ServiceError {
    /// One of [`AuthenticationFailed`](ErrorKind::AuthenticationFailed),
    /// [`PermissionDenied`](ErrorKind::PermissionDenied), [`NotFound`](ErrorKind::NotFound),
    /// [`RateLimited`](ErrorKind::RateLimited), [`Refused`](ErrorKind::Refused) and
    /// [`Network`](ErrorKind::Network).
    pub kind: ErrorKind,
    /// The name of the service, such as `GitHub`.
    pub service: &'static str,
    /// The requested resource, such as `/repos/o/r`.
    pub subject: String,
    /// The service's message, and a remedy if one is known.
    pub message: String,
    /// The HTTP status; `None` if there was no answer.
    pub status: Option<u16>,
    /// The service's identifier of the request, which its support asks for.
    pub request_id: Option<String>,
    /// Seconds to wait before a retry, if the service named a time.
    pub retry_after: Option<u64>,
    /// Time of the end of the limit, in seconds since the Unix epoch, if known.
    pub reset_at: Option<i64>,
    /// The URL of the service's documentation of the error.
    pub documentation_url: Option<String>,
}

#[cfg(feature = "http")]
impl ServiceError {
    pub(crate) fn new(
        kind: ErrorKind,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            service: "GitHub",
            subject: subject.into(),
            message: message.into(),
            status: None,
            request_id: None,
            retry_after: None,
            reset_at: None,
            documentation_url: None,
        }
    }
}

/// The kind of an [`Error`]. Retries, the exit code and the Python class depend on it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// See [`Error::InvalidInput`].
    InvalidInput,
    /// See [`Error::RepositoryNotFound`].
    RepositoryNotFound,
    /// See [`Error::RevisionNotFound`].
    RevisionNotFound,
    /// See [`Error::PathNotFound`].
    PathNotFound,
    /// See [`Error::DestinationExists`].
    DestinationExists,
    /// See [`Error::AuthenticationFailed`].
    AuthenticationFailed,
    /// The token is valid but does not suffice: it lacks a scope, or an organisation needs single
    /// sign-on.
    PermissionDenied,
    /// The resource does not exist at the hosting service, or the token may not see it.
    NotFound,
    /// See [`Error::RateLimited`].
    RateLimited,
    /// See [`Error::Network`].
    Network,
    /// See [`Error::Timeout`].
    Timeout,
    /// See [`Error::Refused`].
    Refused,
    /// See [`Error::LimitExceeded`].
    LimitExceeded,
    /// See [`Error::Corrupt`].
    Corrupt,
    /// See [`Error::Storage`].
    Storage,
    /// See [`Error::Unsupported`].
    Unsupported,
    /// See [`Error::Cancelled`].
    Cancelled,
    /// See [`Error::Internal`].
    Internal,
}

impl ErrorKind {
    /// Every kind, in declaration order.
    pub const ALL: &'static [Self] = &[
        Self::InvalidInput,
        Self::RepositoryNotFound,
        Self::RevisionNotFound,
        Self::PathNotFound,
        Self::DestinationExists,
        Self::AuthenticationFailed,
        Self::PermissionDenied,
        Self::NotFound,
        Self::RateLimited,
        Self::Network,
        Self::Timeout,
        Self::Refused,
        Self::LimitExceeded,
        Self::Corrupt,
        Self::Storage,
        Self::Unsupported,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The kind in lower case with underscores, as written to `outcome.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::RepositoryNotFound => "repository_not_found",
            Self::RevisionNotFound => "revision_not_found",
            Self::PathNotFound => "path_not_found",
            Self::DestinationExists => "destination_exists",
            Self::AuthenticationFailed => "authentication_failed",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::LimitExceeded => "limit_exceeded",
            Self::Corrupt => "corrupt",
            Self::Storage => "storage",
            Self::Unsupported => "unsupported",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// Accessors.
impl Error {
    /// Returns the kind of this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidInput { .. } => ErrorKind::InvalidInput,
            Self::RepositoryNotFound { .. } => ErrorKind::RepositoryNotFound,
            Self::RevisionNotFound { .. } => ErrorKind::RevisionNotFound,
            Self::PathNotFound { .. } => ErrorKind::PathNotFound,
            Self::DestinationExists { .. } => ErrorKind::DestinationExists,
            Self::AuthenticationFailed { .. } => ErrorKind::AuthenticationFailed,
            Self::RateLimited { .. } => ErrorKind::RateLimited,
            Self::Network { .. } => ErrorKind::Network,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::LimitExceeded { .. } => ErrorKind::LimitExceeded,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::Storage { .. } => ErrorKind::Storage,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Service(error) => error.kind,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// The subject of this error: a URL, path, revision, argument, host, operation or unsupported
    /// feature; `None` for [`Error::Cancelled`] and [`Error::Internal`].
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::InvalidInput { what, .. } | Self::Unsupported { what } => Some(what.clone()),
            Self::RepositoryNotFound { subject, .. }
            | Self::AuthenticationFailed { subject, .. }
            | Self::Network { subject, .. }
            | Self::Refused { subject, .. }
            | Self::LimitExceeded { subject, .. }
            | Self::Timeout { subject, .. } => Some(subject.clone()),
            Self::RevisionNotFound { revision, .. } => Some(revision.clone()),
            Self::PathNotFound { path, .. } => Some(path.clone()),
            Self::DestinationExists { path, .. }
            | Self::Corrupt { path, .. }
            | Self::Storage { path, .. } => Some(path.display().to_string()),
            Self::RateLimited { host, .. } => Some(host.clone()),
            Self::Service(error) => Some(error.subject.clone()),
            Self::Cancelled | Self::Internal { .. } => None,
        }
    }

    /// Formats this error and its causes as `outer: inner: root`, on one line.
    ///
    /// A cause is left out if the text before it already ends with the cause's text.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let below = error.to_string();
            if !text.ends_with(&below) {
                text.push_str(": ");
                text.push_str(&below);
            }
            cause = error.source();
        }
        text.replace(['\n', '\r'], " ")
    }
}

/// Constructors, for short call sites.
impl Error {
    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidInput {
            what: what.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    #[cfg(feature = "http")]
    pub(crate) fn service(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }

    /// Returns the error of work on `subject` that took longer than `limit`.
    pub(crate) fn late(subject: impl Into<String>, limit: Duration) -> Self {
        Self::LimitExceeded {
            subject: subject.into(),
            what: "seconds".to_owned(),
            limit: limit.as_secs(),
        }
    }

    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::Internal { what: what.into() }
    }

    /// Returns a function for `map_err` that adds the attempted action and the path.
    pub(crate) fn storage(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Storage {
            action,
            path,
            source,
        }
    }

    /// Converts the payload of a panic to an error, so that a panic affects a single repository
    /// only.
    pub(crate) fn from_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        Self::internal(text)
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_joins_causes_on_one_line() {
        let error = Error::Storage {
            action: "read",
            path: "a/b".into(),
            source: std::io::Error::other("line one\nline two"),
        };
        assert_eq!(error.report(), "cannot read a/b: line one line two");
    }

    #[test]
    fn kinds_have_distinct_names() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }
}
