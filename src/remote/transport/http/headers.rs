//! Headers of requests and answers.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, WWW_AUTHENTICATE,
};

use crate::net::Credentials;
use crate::unix_time;

/// How credentials are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scheme {
    /// User name and password (RFC 7617).
    Basic,
    /// The password alone, as a token (RFC 6750).
    Bearer,
}

impl Scheme {
    /// Returns the scheme to try with a host that refused a request, after `sent`: Basic first, unless
    /// it accepts tokens only.
    pub(super) fn wanted(headers: &HeaderMap, sent: Option<Self>) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let values: Vec<String> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase())
            .collect();
        let offers = |name: &str| {
            let mut words = values.iter().flat_map(|value| value.split([' ', ',']));
            words.any(|word| word == name)
        };
        match sent {
            None if offers("basic") || !offers("bearer") => Some(Self::Basic),
            None => Some(Self::Bearer),
            Some(Self::Basic) if offers("bearer") => Some(Self::Bearer),
            Some(_) => None,
        }
    }
}

/// Returns the value of an `Authorization` header.
pub(super) fn authorization(
    scheme: Scheme,
    credentials: &Credentials,
) -> Result<HeaderValue, InvalidHeaderValue> {
    let password = credentials.password.expose();
    let text = match scheme {
        Scheme::Basic => {
            let both = format!("{}:{password}", credentials.username);
            format!("Basic {}", STANDARD.encode(both))
        }
        Scheme::Bearer => format!("Bearer {password}"),
    };
    let mut value = HeaderValue::try_from(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Converts gix's headers. Its user agent is left out, because the client sets its own.
pub(super) fn header_map(headers: impl IntoIterator<Item = impl AsRef<str>>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in headers {
        if let Some((name, value)) = line.as_ref().split_once(':')
            && !name.eq_ignore_ascii_case("user-agent")
            && let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.trim().parse())
        {
            map.insert(name, value);
        }
    }
    map
}

/// Returns the content type in lower case, without parameters such as the charset.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

/// Returns true if the server closed the connection before it answered.
pub(super) fn was_closed(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    if error.is_connect() || error.is_timeout() {
        return false;
    }
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let is_closed = match cause.downcast_ref::<io::Error>() {
            Some(cause) => matches!(
                cause.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
            ),
            None => cause
                .to_string()
                .contains("connection closed before message completed"),
        };
        if is_closed {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The headers as gix reads them; it compares the content type as a whole.
pub(super) fn lines(headers: &HeaderMap) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(media_type) = media_type(headers) {
        text.extend_from_slice(format!("content-type: {media_type}\n").as_bytes());
    }
    for (name, value) in headers.iter().filter(|(name, _)| *name != CONTENT_TYPE) {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text
}

/// Returns the host as in URLs: with the port unless it is the scheme's default.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Parses `Retry-After`, which is a number of seconds or a date (RFC 9110, 10.2.3), to seconds.
pub(super) fn seconds(value: &str) -> Option<u64> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(seconds);
    }
    let date = unix_time::seconds(httpdate::parse_http_date(value.trim()).ok()?)?;
    Some(u64::try_from(date.saturating_sub(unix_time::now())).unwrap_or(0))
}

/// Returns the first line that is not blank; empty for HTML, which contains no useful message.
pub(super) fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.filter(|line| !line.starts_with('<'))
        .map(|line| {
            line.chars()
                .filter(|letter| !letter.is_control())
                .take(200)
                .collect()
        })
        .unwrap_or_default()
}
