//! octocrab's errors as ours, by status and not by text.

use crate::error::Error;

const HOST: &str = "GitHub";

pub(super) fn classify(route: &str, error: octocrab::Error) -> Error {
    let subject = format!("{HOST} {route}");
    let octocrab::Error::GitHub { source, .. } = &error else {
        return Error::Network {
            subject,
            source: Box::new(error),
        };
    };
    let reason = source.message.clone();
    match source.status_code.as_u16() {
        404 | 410 => Error::RepositoryNotFound { subject, reason },
        429 => Error::RateLimited {
            host: HOST.to_owned(),
            reset_at: None,
        },
        403 if source
            .documentation_url
            .as_deref()
            .is_some_and(|url| url.contains("rate-limit")) =>
        {
            Error::RateLimited {
                host: HOST.to_owned(),
                reset_at: None,
            }
        }
        401 | 403 => Error::AuthenticationFailed { subject, reason },
        _ => Error::Network {
            subject,
            source: Box::new(error),
        },
    }
}
