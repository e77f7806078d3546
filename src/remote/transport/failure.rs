//! Converts the failure of a connection to an [`Error`], based on the recorded failure, the HTTP
//! status or the server's message.

use std::time::Duration;

use super::Remote;
use super::limits::is_limit;
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
            return self.explain(failure, monitor);
        }
        if let Some(words) = gix_error::server_words(error) {
            return self.server_error(&monitor.presentable(&words));
        }
        if monitor.must_stop() {
            return Error::Cancelled;
        }
        let stderr = monitor.presentable(&monitor.stderr());
        let mut text = monitor.presentable(&gix_error::text(error));
        let mut words = monitor.presentable(&gix_error::root(error));
        if !stderr.is_empty() {
            text.clone_from(&stderr);
            words = stderr;
        }
        if let Some(error) = self.of_words(&text, &words) {
            return error;
        }
        Error::Network {
            subject: self.url().to_string(),
            source: text.into(),
        }
    }

    /// Returns the error that `text` speaks of, in the messages of git's own servers over ssh and
    /// git://, which have no status codes, and of hosting services.
    fn of_words(&self, text: &str, words: &str) -> Option<Error> {
        let subject = self.url().to_string();
        let lower = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let reason = words.to_owned();
        if says(&[
            "permission denied (",
            "host key verification failed",
            "authentication failed",
            "too many authentication failures",
            "unauthorized",
        ]) {
            return Some(Error::AuthenticationFailed { subject, reason });
        }
        if says(&[
            "does not appear to be a git repository",
            "repository not exported",
            "no such repository",
            "repository not found",
            "could not be found",
            "access denied or",
        ]) {
            return Some(Error::RepositoryNotFound { subject, reason });
        }
        let first = text.split([':', ';']).next().unwrap_or_default().trim();
        let is_shell = ["sh", "bash", "dash", "zsh"].contains(&first);
        if is_shell
            && says(&[
                "not found",
                "no such file or directory",
                "permission denied",
            ])
        {
            return Some(Error::Refused { subject, reason });
        }
        if says(&["'dumb' protocol is not supported"]) {
            return Some(Error::unsupported(format!(
                "{subject} is not a smart git server: it uses git's dumb protocol or is not a git server"
            )));
        }
        None
    }

    /// Returns the error of a server that sent a message instead of an answer.
    fn server_error(&self, words: &str) -> Error {
        if is_limit(words) {
            return self.rate_limited(None, words);
        }
        self.of_words(words, words).unwrap_or(Error::Refused {
            subject: self.url().to_string(),
            reason: words.to_owned(),
        })
    }

    fn status_error(&self, status: u16, retry_after: Option<Duration>, said: &str) -> Error {
        let subject = self.url().to_string();
        let words = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        match status {
            404 | 410 => Error::RepositoryNotFound {
                subject,
                reason: format!(
                    "the server has no such repository, or it is private and needs a token (HTTP status {status}{words})"
                ),
            },
            // GitHub and others also limit rates with 403 and 503, and then send the time to wait.
            429 => self.rate_limited(retry_after, said),
            403 | 503 if retry_after.is_some() => self.rate_limited(retry_after, said),
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

    fn rate_limited(&self, retry_after: Option<Duration>, said: &str) -> Error {
        Error::RateLimited {
            host: self.url().host().to_owned(),
            said: said.to_owned(),
            reset_at: retry_after.map(in_the_future),
        }
    }

    fn explain(&self, failure: TransportFailure, monitor: &TransferMonitor) -> Error {
        let subject = self.url().to_string();
        let presentable = |text: String| monitor.presentable(&text);
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
            TransportFailure::CredentialLookup(reason) => Error::AuthenticationFailed {
                subject,
                reason: presentable(reason),
            },
            TransportFailure::PlainHttp => Error::AuthenticationFailed {
                subject,
                reason: "credentials are not sent over plain http; use https".to_owned(),
            },
            TransportFailure::Status {
                status,
                retry_after,
                words,
            } => self.status_error(status, retry_after, &presentable(words)),
            TransportFailure::UnknownHost => Error::RepositoryNotFound {
                subject,
                reason: format!("host {} does not exist", self.url().host()),
            },
            TransportFailure::Disconnected(text) => Error::Network {
                subject,
                source: presentable(text).into(),
            },
            TransportFailure::Stalled { after } => Error::Timeout { subject, after },
            TransportFailure::Limit { what, limit } => Error::LimitExceeded {
                subject,
                what: what.to_owned(),
                limit,
            },
            TransportFailure::Redirect(what) => Error::Refused {
                subject,
                reason: format!("the server redirects {}", presentable(what)),
            },
            TransportFailure::InvalidResponse(what) => Error::Refused {
                subject,
                reason: presentable(what),
            },
            TransportFailure::ServerError(words) => self.server_error(&presentable(words)),
        }
    }
}

/// Returns the time `after` from now, in seconds since the Unix epoch.
fn in_the_future(after: std::time::Duration) -> i64 {
    let after = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    unix_time::now().saturating_add(after)
}
