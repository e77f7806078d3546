//! Errors of GraphQL, which have HTTP status 200.

use serde_json::Value;

use crate::error::{ErrorKind, ServiceError};

/// The message for a query that GitHub gave up on.
pub(super) const TIMED_OUT: &str = "the query took too long";

/// The error for an answer without data.
pub(super) fn refusal(body: &Value) -> ServiceError {
    match &body["errors"][0] {
        Value::Null => ServiceError::new(ErrorKind::Refused, "/graphql", "the answer has no data"),
        error if is_about_size(error) => {
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

/// Returns true for an error of a query that asks for too much. GitHub's error for a query that it
/// gave up on has no type.
pub(super) fn is_about_size(error: &Value) -> bool {
    match error["type"].as_str() {
        None => error["locations"].is_null() && error["path"].is_null(),
        Some(name) => matches!(
            name,
            "RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED" | "QUERY_TIMEOUT" | "TIMEOUT"
        ),
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
