//! Maps refusals by GitHub to errors: by status, headers and the documentation link, never by the
//! wording of the message.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::limits::{Bucket, RateLimitHeaders};
use crate::error::{ErrorKind, ServiceError};
use crate::unix_time;

/// The kind of rate limit that an answer reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Limited {
    No,
    /// The quota is used up until the reset.
    Primary,
    /// Too many requests at once: the whole identity has to pause.
    Secondary,
}

/// The value of a header, if it is present and text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The rate limit headers of an answer.
pub(super) fn told(status: StatusCode, headers: &HeaderMap) -> RateLimitHeaders {
    let number = |name| header(headers, name).and_then(|value| value.trim().parse().ok());
    RateLimitHeaders {
        limit: number("x-ratelimit-limit"),
        remaining: number("x-ratelimit-remaining"),
        reset: header(headers, "x-ratelimit-reset").and_then(|value| value.trim().parse().ok()),
        date: header(headers, "date").and_then(http_date),
        is_success: status.is_success(),
    }
}

/// Parses an HTTP date to seconds since the Unix epoch.
fn http_date(text: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(text).ok()?;
    unix_time::seconds(date)
}

/// The rate limit headers for `bucket`. Limit, remaining and reset are `None` if the headers are
/// about another resource.
pub(super) fn rate_limit_headers(
    bucket: Bucket,
    status: StatusCode,
    headers: &HeaderMap,
) -> RateLimitHeaders {
    let told = told(status, headers);
    if is_of(bucket, headers) {
        return told;
    }
    RateLimitHeaders {
        limit: None,
        remaining: None,
        reset: None,
        ..told
    }
}

/// Returns true if the rate limit headers are about `bucket` or name no resource. GitHub Enterprise
/// may count code searches as searches.
pub(super) fn is_of(bucket: Bucket, headers: &HeaderMap) -> bool {
    let resource = header(headers, "x-ratelimit-resource");
    resource.is_none_or(|name| {
        name == bucket.name() || (bucket == Bucket::CodeSearch && name == Bucket::Search.name())
    })
}

/// Seconds to wait according to `Retry-After`, which is a number or a date on the server's clock.
/// At most a day.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let value = header(headers, "retry-after")?.trim();
    let seconds = value.parse().ok().or_else(|| {
        let then = http_date(value)?;
        let now = header(headers, "date").and_then(http_date)?;
        u64::try_from(then - now).ok()
    });
    seconds.map(|seconds| seconds.min(LONGEST_RETRY_AFTER))
}

/// One day, in seconds. Longer values are capped.
const LONGEST_RETRY_AFTER: u64 = 86_400;

/// The rate limit that an answer reports. `body` is the parsed answer, or null if it is not JSON.
pub(super) fn limited(status: StatusCode, headers: &HeaderMap, body: &Value) -> Limited {
    let page = body["documentation_url"].as_str().unwrap_or_default();
    let has_type = |name: &str| {
        let errors = body["errors"].as_array();
        errors.is_some_and(|errors| errors.iter().any(|error| error["type"] == name))
    };
    match status.as_u16() {
        // GraphQL reports an exhausted quota in the body, with status 200.
        200 if has_type("RATE_LIMITED") || has_type("RATE_LIMIT") => {
            if told(status, headers).remaining.unwrap_or(0) == 0 {
                Limited::Primary
            } else {
                Limited::Secondary
            }
        }
        // GraphQL may report secondary limits with status 200, too.
        200 if body["data"].is_null()
            && (page.contains("secondary-rate-limits")
                || (retry_after(headers).is_some() && says_no(body))) =>
        {
            Limited::Secondary
        }
        403 | 429 if page.contains("secondary-rate-limits") || page.contains("abuse") => {
            Limited::Secondary
        }
        // A request that uses up the quota may be refused for another reason than the rate limit.
        // In that case the documentation link is not about rate limits.
        403 if !page.is_empty() && !page.contains("rate-limit") => Limited::No,
        403 | 429 if told(status, headers).remaining == Some(0) => Limited::Primary,
        429 => Limited::Secondary,
        403 if retry_after(headers).is_some() => Limited::Secondary,
        _ => Limited::No,
    }
}

/// Returns true if the body is an error message, whatever the status.
fn says_no(body: &Value) -> bool {
    body["errors"].is_array() || body["message"].is_string()
}

/// The error for an answer that is not a success.
pub(super) fn of_answer(
    route: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Value,
) -> ServiceError {
    let said = body["message"].as_str().map_or_else(
        || {
            status
                .canonical_reason()
                .unwrap_or("no reason given")
                .to_owned()
        },
        |message| {
            message
                .chars()
                .filter(|letter| !letter.is_control())
                .take(500)
                .collect()
        },
    );
    let limited = limited(status, headers, body);
    let (kind, message) = match status.as_u16() {
        _ if limited != Limited::No => (ErrorKind::RateLimited, said),
        401 => (
            ErrorKind::AuthenticationFailed,
            format!("{said}: the token is missing, wrong, expired or revoked"),
        ),
        403 | 404 if header(headers, "x-github-sso").is_some() => {
            (ErrorKind::PermissionDenied, single_sign_on(&said, headers))
        }
        403 => (ErrorKind::PermissionDenied, lacks(&said, headers)),
        404 | 410 => (ErrorKind::NotFound, lacks(&said, headers)),
        400..=499 => (ErrorKind::Refused, details(said, body)),
        _ => (ErrorKind::Network, said),
    };
    ServiceError {
        status: Some(status.as_u16()),
        request_id: header(headers, "x-github-request-id").map(str::to_owned),
        retry_after: retry_after(headers),
        reset_at: if kind == ErrorKind::RateLimited {
            told(status, headers).reset
        } else {
            None
        },
        documentation_url: body["documentation_url"].as_str().map(str::to_owned),
        ..ServiceError::new(kind, route, message)
    }
}

/// Adds the URL from the header to the message. The header is `required;
/// url=https://github.com/orgs/o/sso?authorization_request=...`.
fn single_sign_on(said: &str, headers: &HeaderMap) -> String {
    let value = header(headers, "x-github-sso").unwrap_or_default();
    match value.split_once("url=") {
        Some((_, url)) => {
            format!("{said}: the organisation needs single sign-on; authorise the token at {url}")
        }
        None => format!("{said}: the organisation needs single sign-on for this token"),
    }
}

/// Adds the scope or permission that the token needs to the message, if GitHub named one.
fn lacks(said: &str, headers: &HeaderMap) -> String {
    let list = |name| -> Option<Vec<&str>> {
        let value = header(headers, name)?;
        let scopes = value.split(',').map(str::trim);
        Some(scopes.filter(|scope| !scope.is_empty()).collect())
    };
    if let (Some(has), Some(accepted)) = (list("x-oauth-scopes"), list("x-accepted-oauth-scopes"))
        && !accepted.is_empty()
        && !accepted.iter().any(|scope| has.contains(scope))
    {
        let has = if has.is_empty() {
            "none".to_owned()
        } else {
            has.join(", ")
        };
        return format!(
            "{said}: the token needs the scope {} and has {has}",
            accepted.join(" or ")
        );
    }
    match header(headers, "x-accepted-github-permissions") {
        Some(permissions) if !permissions.is_empty() => {
            format!("{said}: the token needs the permission {permissions}")
        }
        _ => said.to_owned(),
    }
}

/// Adds up to three rejected fields, with the reasons, to the message (docs.github.com, "Validation
/// failed").
fn details(said: String, body: &Value) -> String {
    let errors = body["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let texts = errors.iter().filter_map(|error| {
        let field = error["field"].as_str().map(|field| format!("{field}: "));
        let what = error["message"]
            .as_str()
            .or(error["code"].as_str())
            .or(error.as_str())?;
        Some(format!("{}{what}", field.unwrap_or_default()))
    });
    let texts: Vec<String> = texts.take(3).collect();
    if texts.is_empty() {
        said
    } else {
        format!("{said}: {}", texts.join("; "))
    }
}
