//! Errors of GraphQL, which have HTTP status 200.

use serde_json::Value;

use crate::error::{ErrorKind, ServiceError};

/// The message for a query that GitHub gave up on.
pub(super) const TIMED_OUT: &str = "the query took too long";

/// The error for an answer without data.
pub(super) fn refusal(body: &Value) -> ServiceError {
    match &body["errors"][0] {
        Value::Null => ServiceError::new(ErrorKind::Refused, "/graphql", "the answer has no data"),
        // GitHub's error for a query that it gave up on has no type.
        error
            if error["type"].is_null()
                && error["locations"].is_null()
                && error["path"].is_null() =>
        {
            let said = error["message"].as_str().unwrap_or_default();
            ServiceError::new(
                ErrorKind::Network,
                "/graphql",
                format!("{TIMED_OUT}: {said}"),
            )
        }
        error => of_graphql(error, "/graphql"),
    }
}

pub(super) fn of_graphql(error: &Value, subject: &str) -> ServiceError {
    let kind = match error["type"].as_str().unwrap_or_default() {
        "NOT_FOUND" => ErrorKind::NotFound,
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => ErrorKind::PermissionDenied,
        "RATE_LIMITED" | "RATE_LIMIT" => ErrorKind::RateLimited,
        _ => ErrorKind::Refused,
    };
    let message = error["message"].as_str().unwrap_or("no reason given");
    ServiceError::new(kind, subject, message)
}
