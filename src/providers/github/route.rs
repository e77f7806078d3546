//! Routes: what of an address lies below the base URL.

use crate::error::{Error, ErrorKind, Result, ServiceError};

/// The next page's route: what of its address lies below the base URL's path. Its host does not matter, ours is asked.
pub(super) fn below(base_url: &str, next: &str) -> Result<String> {
    let path =
        |url: &str| url::Url::parse(url).map(|url| url.path().trim_end_matches('/').to_owned());
    let wrong = || {
        let message = format!("the next page is at {next}, which is not below {base_url}");
        Error::service(ServiceError::new(ErrorKind::Refused, "its pages", message))
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
