//! Requests to the API, their answers, and the HTTP requests that are sent.

use http::{HeaderValue, Method};
use serde_json::Value;

use super::cache::CachedResponse;
use crate::error::{Error, Result};
use crate::secret::Secret;

const API_VERSION: &str = "2022-11-28";

/// A request to the API.
#[derive(Clone, Debug)]
pub(super) struct ApiRequest {
    pub(super) method: Method,
    /// Path and query below the base URL.
    pub(super) route: String,
    pub(super) body: Option<Value>,
    /// True if the request changes nothing, so that it may be retried.
    pub(super) is_safe: bool,
    /// True if status 502 or 504 means that the request is too large.
    pub(super) is_costly: bool,
    /// Index of the token that must be used, if any.
    pub(super) token: Option<usize>,
    /// Key of the identity that must be used, as in the pool; `None` means any identity.
    pub(super) identity: Option<String>,
}

impl ApiRequest {
    pub(super) fn get(route: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            route: route.into(),
            body: None,
            is_safe: true,
            is_costly: false,
            token: None,
            identity: None,
        }
    }
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct ApiResponse {
    /// The `Link` header, with `rel="next"` and others.
    pub(super) link: Option<String>,
    /// True if the link was taken from the cached answer. Pages may have been added since that
    /// answer.
    pub(super) is_old_link: bool,
    pub(super) body: Value,
    /// Key of the identity that made the request.
    pub(super) identity: String,
}

/// Builds the HTTP request, with the token and with the validator of the cached answer.
pub(super) fn http_request(
    request: &ApiRequest,
    secret: Option<&Secret>,
    kept: Option<&CachedResponse>,
) -> Result<http::Request<String>> {
    let path = request.route.split('?').next().unwrap_or_default();
    let names_nothing = |part: &str| {
        let plain = percent_encoding::percent_decode_str(part).collect::<Vec<u8>>();
        matches!(&*plain, b"" | b"." | b"..")
    };
    if path.contains('\\') || path.split('/').skip(1).any(names_nothing) {
        return Err(Error::invalid(
            format!("route `{}`", request.route),
            "has a backslash, or a part that is empty, `.` or `..`",
        ));
    }
    let mut builder = http::Request::builder()
        .method(&request.method)
        .uri(&request.route)
        .header(
            "Accept",
            "application/vnd.github+json, application/json;q=0.9",
        )
        .header("X-GitHub-Api-Version", API_VERSION);
    if let Some(secret) = secret {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.expose()))
            .map_err(|_| Error::invalid("the token", "contains characters that no token has"))?;
        value.set_sensitive(true);
        builder = builder.header("Authorization", value);
    }
    if let Some(etag) = kept.and_then(|kept| kept.etag.as_deref()) {
        builder = builder.header("If-None-Match", etag);
    } else if let Some(date) = kept.and_then(|kept| kept.last_modified.as_deref()) {
        builder = builder.header("If-Modified-Since", date);
    }
    let body = request.body.as_ref().map(Value::to_string);
    if body.is_some() {
        builder = builder.header("Content-Type", "application/json");
    }
    builder
        .body(body.unwrap_or_default())
        .map_err(|error| Error::invalid(format!("route `{}`", request.route), error.to_string()))
}

/// Returns true for routes that need an app's JWT or its client secret instead of a token. If such
/// a route is refused, the token may still be valid.
pub(super) fn wants_another_proof(route: &str) -> bool {
    let path = route.split('?').next().unwrap_or_default();
    path == "/app" || path.starts_with("/app/") || path.starts_with("/applications/")
}
