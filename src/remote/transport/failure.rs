//! Converts the failure of a connection to an [`Error`], based on the recorded failure, the HTTP
//! status or the server's message.

use std::time::Duration;

use super::Remote;
use super::monitor::{TransferMonitor, TransportFailure};
use crate::error::Error;
use crate::git::gix_error;
use crate::unix_time;

impl Remote {
    /// Returns the error for a failure: the one that the transport recorded if there is one, else
    /// the one that the protocol reports.
    pub(crate) fn failure(
        &self,
        error: &(dyn std::error::Error + 'static),
        monitor: &TransferMonitor,
    ) -> Error {
        if let Some(failure) = monitor.failure_seen() {
            return self.explain(failure);
        }
        if monitor.must_stop() {
            return Error::Cancelled;
        }
        let stderr = printable(&monitor.stderr());
        let mut text = printable(&gix_error::text(error));
        let mut words = printable(&gix_error::root(error));
        if !stderr.is_empty() {
            text.clone_from(&stderr);
            words = stderr;
        }
        let subject = self.url().to_string();
        let lower = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if says(&[
            "permission denied (",
            "host key verification failed",
            "authentication failed",
        ]) {
            return Error::AuthenticationFailed {
                subject,
                reason: words,
            };
        }
        // Messages of git's own servers over ssh and git://, which have no status codes.
        if says(&[
            "does not appear to be a git repository",
            "repository not exported",
            "no such repository",
            "repository not found",
            "access denied or",
        ]) {
            return Error::RepositoryNotFound {
                subject,
                reason: words,
            };
        }
        if says(&["'dumb' protocol is not supported"]) {
            return Error::unsupported(format!(
                "{subject} is not a smart git server: it uses git's dumb protocol or is not a git server"
            ));
        }
        Error::Network {
            subject,
            source: text.into(),
        }
    }

    fn status_error(&self, status: u16, retry_after: Option<Duration>, words: &str) -> Error {
        let subject = self.url().to_string();
        let words = if words.is_empty() {
            String::new()
        } else {
            format!(": {words}")
        };
        match status {
            404 | 410 => Error::RepositoryNotFound {
                subject,
                reason: format!(
                    "the server has no such repository, or it is private and needs a token (HTTP status {status}{words})"
                ),
            },
            // GitHub and others also limit rates with 403 and 503, and then send the time to wait.
            429 => self.rate_limited(retry_after),
            403 | 503 if retry_after.is_some() => self.rate_limited(retry_after),
            403 => Error::AuthenticationFailed {
                subject,
                reason: format!("the host denies access (HTTP status 403{words})"),
            },
            // The request itself is wrong, so a retry would fail too.
            400..=499 if !matches!(status, 408 | 425) => Error::Refused {
                subject,
                reason: format!("HTTP status {status}{words}"),
            },
            _ => Error::Network {
                subject,
                source: format!("HTTP status {status}{words}").into(),
            },
        }
    }

    fn rate_limited(&self, retry_after: Option<Duration>) -> Error {
        Error::RateLimited {
            host: self.url().host().to_owned(),
            reset_at: retry_after.map(in_the_future),
        }
    }

    fn explain(&self, failure: TransportFailure) -> Error {
        let subject = self.url().to_string();
        match failure {
            TransportFailure::Unauthorized { were_sent } => Error::AuthenticationFailed {
                subject,
                reason: if were_sent {
                    "the host refused the credentials (HTTP status 401)"
                } else {
                    "the host requires credentials (HTTP status 401): a private repository needs a token"
                }
                .to_owned(),
            },
            TransportFailure::CredentialLookup(reason) => Error::AuthenticationFailed { subject, reason },
            TransportFailure::PlainHttp => Error::AuthenticationFailed {
                subject,
                reason: "credentials are not sent over plain http; use https".to_owned(),
            },
            TransportFailure::Status {
                status,
                retry_after,
                words,
            } => self.status_error(status, retry_after, &words),
            TransportFailure::Disconnected(text) if is_unknown_host(&text) => Error::RepositoryNotFound {
                subject,
                reason: format!("host {} does not exist", self.url().host()),
            },
            TransportFailure::Disconnected(text) => Error::Network {
                subject,
                source: text.into(),
            },
            TransportFailure::Stalled { after } => Error::Timeout { subject, after },
            TransportFailure::Limit { what, limit } => Error::LimitExceeded {
                subject,
                what: what.to_owned(),
                limit,
            },
            TransportFailure::Redirect(what) => Error::Refused {
                subject,
                reason: format!("the server redirects {what}"),
            },
            TransportFailure::InvalidResponse(what) => Error::Refused {
                subject,
                reason: what,
            },
        }
    }
}

/// Returns true if `text` is a C library's message for a host name that does not exist. A failure
/// of the lookup itself is different: it may be temporary.
fn is_unknown_host(text: &str) -> bool {
    let known = [
        "Name or service not known",
        "Name does not resolve",
        "No address associated with hostname",
        "nodename nor servname provided",
        "No such host is known",
    ];
    known.iter().any(|words| text.contains(words))
}

/// Removes control characters, which could affect a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

/// Returns the time `after` from now, in seconds since the Unix epoch.
fn in_the_future(after: std::time::Duration) -> i64 {
    let after = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    unix_time::now().saturating_add(after)
}
