//! What is asked, what comes back, and the request in between.

use http::{HeaderValue, Method};
use serde_json::Value;

use super::cache::CachedResponse;
use crate::error::{Error, Result};
use crate::secret::Secret;

const API_VERSION: &str = "2022-11-28";

/// A question.
#[derive(Clone, Debug)]
pub(super) struct ApiRequest {
    pub(super) method: Method,
    /// Path and query below the base URL.
    pub(super) route: String,
    pub(super) body: Option<Value>,
    /// Whether it changes nothing, so that it may be asked again.
    pub(super) is_safe: bool,
    /// Whether 502 and 504 mean that it is too much.
    pub(super) is_costly: bool,
    /// The token to ask with, if it has to be one.
    pub(super) token: Option<usize>,
    /// Who asks, as the pool knows identities; `None` is anybody.
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

/// An answer that is a success.
#[derive(Debug)]
pub(super) struct ApiResponse {
    /// `rel="next"` and its like.
    pub(super) link: Option<String>,
    /// Whether the link is the one of the kept answer: there may be more pages by now.
    pub(super) is_old_link: bool,
    pub(super) body: Value,
    /// Who asked.
    pub(super) identity: String,
}

/// As it is sent: signed, and with what tells GitHub that we have an answer.
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
            "has a part that names nothing",
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
            .map_err(|_| Error::invalid("the token", "has letters that no token has"))?;
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

/// Routes that no token opens: they want an app's own signature or its password, and their refusal says nothing of tokens.
pub(super) fn wants_another_proof(route: &str) -> bool {
    let path = route.split('?').next().unwrap_or_default();
    path == "/app" || path.starts_with("/app/") || path.starts_with("/applications/")
}
