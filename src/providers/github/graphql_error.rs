//! Errors of GraphQL, which come with status 200.

use serde_json::Value;

use crate::error::{ErrorKind, ServiceError};

/// What we say of a query that GitHub gave up on.
pub(super) const TIMED_OUT: &str = "the query took too long";

/// An answer without data.
pub(super) fn refusal(body: &Value) -> ServiceError {
    match &body["errors"][0] {
        Value::Null => ServiceError::new(ErrorKind::Refused, "/graphql", "the answer has no data"),
        // An error without a type is the one that GitHub has for queries it gave up on.
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
