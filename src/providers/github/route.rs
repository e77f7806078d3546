//! Routes: the part of a URL below the base URL.

use crate::error::{Error, ErrorKind, Result, ServiceError};

/// Returns the route of the next page: the part of its URL below the base URL's path. The host is
/// ignored; requests always go to the host of the base URL.
pub(super) fn below(base_url: &str, next: &str) -> Result<String> {
    let path =
        |url: &str| url::Url::parse(url).map(|url| url.path().trim_end_matches('/').to_owned());
    let wrong = || {
        let message = format!("the address {next} is not below {base_url}");
        Error::service(ServiceError::new(ErrorKind::Refused, "next page", message))
    };
    let (base, parsed) = (
        path(base_url).map_err(|_| wrong())?,
        url::Url::parse(base_url)
            .and_then(|base| base.join(next))
            .map_err(|_| wrong())?,
    );
    let route = parsed
        .path()
        .strip_prefix(&base)
        .filter(|route| route.starts_with('/'));
    match (route, parsed.query()) {
        (Some(route), Some(query)) => Ok(format!("{route}?{query}")),
        (Some(route), None) => Ok(route.to_owned()),
        (None, _) => Err(wrong()),
    }
}
