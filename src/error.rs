//! The one error type of GitFleet's public API, and the tag that edges decide by.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

/// A boxed cause, so that no dependency's error type is public API.
pub type Source = Box<dyn StdError + Send + Sync + 'static>;

/// The result of a fallible GitFleet operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, named after what the caller can do about it.
///
/// `Display` says this layer only; [`Error::report`] adds the causes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument makes no sense, whatever the state of the world.
    #[error("{what}: {reason}")]
    InvalidInput {
        /// The argument, with the value given.
        what: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// No repository exists at `subject`.
    #[error("repository not found: {subject}{}", because(.reason))]
    RepositoryNotFound {
        /// The URL or path that was asked for, without credentials.
        subject: String,
        /// What was found instead; empty if there is nothing to add.
        reason: String,
    },
    /// The repository exists and does not contain the revision.
    #[error("revision not found in {repo}: {revision}{}", because(.reason))]
    RevisionNotFound {
        /// Where the repository lies.
        repo: String,
        /// The revision as typed.
        revision: String,
        /// Why it names nothing; empty if there is nothing to add.
        reason: String,
    },
    /// The revision exists and does not contain the path.
    #[error("no such path in {revision}: {path}")]
    PathNotFound {
        /// The revision as typed.
        revision: String,
        /// The path, as it would stand in the repository.
        path: String,
    },
    /// The destination holds something that is not ours to replace.
    #[error("destination exists: {}{}", path.display(), because(.reason))]
    DestinationExists {
        /// The destination.
        path: PathBuf,
        /// What is there; empty if there is nothing to add.
        reason: String,
    },
    /// The host refused our credentials, or wants some.
    #[error("authentication failed: {subject}{}", because(.reason))]
    AuthenticationFailed {
        /// The URL that was asked for, without credentials.
        subject: String,
        /// What the host said.
        reason: String,
    },
    /// The host asks us to come back later.
    #[error("rate limited by {host}")]
    RateLimited {
        /// Who limits.
        host: String,
        /// When the limit ends, in seconds since the Unix epoch, if the host said.
        reset_at: Option<i64>,
    },
    /// The other side could not be reached, or broke off.
    #[error("network error: {subject}")]
    Network {
        /// The URL that was asked for, without credentials.
        subject: String,
        /// What went wrong below.
        source: Source,
    },
    /// The other side did not answer in time.
    #[error("timed out after {} s: {subject}", after.as_secs())]
    Timeout {
        /// What was waited for.
        subject: String,
        /// How long.
        after: Duration,
    },
    /// The other side answered, and what it says or sends is of no use; the same again would be too.
    #[error("refused: {subject}: {reason}")]
    Refused {
        /// The URL that was asked for, without credentials.
        subject: String,
        /// What the other side says, or what is wrong with what it sent.
        reason: String,
    },
    /// A limit the caller set was passed.
    #[error("limit exceeded: {subject}: more than {limit} {what}")]
    LimitExceeded {
        /// What was worked on.
        subject: String,
        /// The unit, as a noun.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Data of a repository is damaged or missing.
    #[error("corrupt repository {}: {what}", path.display())]
    Corrupt {
        /// Where the repository lies.
        path: PathBuf,
        /// The object or file, and what is wrong with it.
        what: String,
        /// What the lower layer reported.
        source: Option<Source>,
    },
    /// A file or directory could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Storage {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The request is sensible and GitFleet does not do it.
    #[error("not supported: {what}")]
    Unsupported {
        /// What is not supported, and what to do instead where there is a way.
        what: String,
    },
    /// A hosting service's API refused, or failed.
    #[error(transparent)]
    Service(Box<ServiceError>),
    /// The caller's [`CancelToken`](crate::CancelToken) was triggered.
    #[error("operation cancelled")]
    Cancelled,
    /// A defect of GitFleet.
    #[error("internal error, please report it: {what}")]
    Internal {
        /// What happened, for the report.
        what: String,
    },
}

/// What a hosting service's API said instead of an answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{service}: {subject}: {message}")]
#[non_exhaustive]
pub struct ServiceError {
    /// [`AuthenticationFailed`](ErrorKind::AuthenticationFailed), [`PermissionDenied`](ErrorKind::PermissionDenied),
    /// [`NotFound`](ErrorKind::NotFound), [`RateLimited`](ErrorKind::RateLimited), [`Refused`](ErrorKind::Refused) or
    /// [`Network`](ErrorKind::Network).
    pub kind: ErrorKind,
    /// Which service, as `GitHub`.
    pub service: &'static str,
    /// What was asked for, as `/repos/o/r`.
    pub subject: String,
    /// The service's own words, and what to do where that is known.
    pub message: String,
    /// The HTTP status; `None` if there was no answer.
    pub status: Option<u16>,
    /// What the service calls the request; its support asks for it.
    pub request_id: Option<String>,
    /// Seconds after which to ask again, if the service said so.
    pub retry_after: Option<u64>,
    /// When the limit ends, in seconds since the Unix epoch, if that is known.
    pub reset_at: Option<i64>,
    /// Where the service documents it.
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

/// A copyable tag for [`Error`]: retry policy, exit code and Python class are decided by it.
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
    /// Known, and not allowed: a token lacks a scope, or an organisation wants single sign-on.
    PermissionDenied,
    /// A hosting service has no such thing, or does not show it to us.
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

    /// The kind as one lower-case word with underscores, as it stands in `outcome.json`.
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

/// Asking.
impl Error {
    /// Returns the tag of this error.
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

    /// The URL, path or revision this error is about, if it is about one.
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
    /// A cause whose text the one above it ends with already is left out.
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

/// Making, where a call site would otherwise need four lines.
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

    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::Internal { what: what.into() }
    }

    /// For `map_err`: says what was tried on which path.
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

    /// Turns what a panic left behind into an error, so that one repository's panic stays its own.
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
