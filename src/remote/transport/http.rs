//! Smart http over this library's own client, which handles redirects and credentials and keeps the
//! status of failures.
//!
//! gix implements the protocol; this file sends its requests to the host and returns the answers. A
//! request is sent when its answer is first read, and the answer is passed on as it arrives.

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse,
};
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, Response, StatusCode, Url};

use super::monitor::{TransferMonitor, TransportFailure};
use super::stall::StallTimer;
use crate::net::{CredentialProvider, Credentials};
use crate::unix_time;

/// Maximum number of redirects, as in git.
const MOST_REDIRECTS: usize = 20;
/// Number of bytes to read of an error answer, to find the server's message.
const MOST_WORDS: usize = 1024;

pub(crate) struct Client {
    link: Rc<Link>,
    /// The base URL that redirects of the first request led to.
    base: Option<String>,
}

/// State that all requests of one connection share.
struct Link {
    client: reqwest::Client,
    stall_timer: Rc<StallTimer>,
    monitor: TransferMonitor,
    credentials: Vec<Credentials>,
    ask: Option<CredentialProvider>,
    allow_clear_text: bool,
    /// The host (with its port), and the header that is sent to this host only.
    authorized: RefCell<Option<(String, HeaderValue)>>,
}

impl Client {
    pub(crate) fn new(
        client: reqwest::Client,
        stall_timer: Rc<StallTimer>,
        monitor: &TransferMonitor,
        credentials: Vec<Credentials>,
        ask: Option<CredentialProvider>,
        allow_clear_text: bool,
    ) -> Self {
        let link = Link {
            client,
            stall_timer,
            monitor: monitor.clone(),
            credentials,
            ask,
            allow_clear_text,
            authorized: RefCell::default(),
        };
        Self {
            link: Rc::new(link),
            base: None,
        }
    }

    fn effective(&self, url: &str, base_url: &str) -> String {
        match (&self.base, url.strip_prefix(base_url)) {
            (Some(base), Some(tail)) => format!("{base}{tail}"),
            _ => url.to_owned(),
        }
    }
}

impl Http for Client {
    type Headers = Cursor<Vec<u8>>;
    type ResponseBody = Body;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let tail = url.strip_prefix(base_url).unwrap_or_default();
        let request = Request {
            method: Method::GET,
            url: self.effective(url, base_url),
            headers: header_map(headers),
            upload: Upload::default(),
        };
        let response = self
            .link
            .get(request, tail)
            .map_err(gix::Error::from_error)?;
        let landed = response.url().as_str();
        if landed != url {
            self.link
                .monitor
                .moved_to(landed.strip_suffix(tail).unwrap_or(landed));
            self.base = landed.strip_suffix(tail).map(str::to_owned);
        }
        Ok(GetResponse {
            headers: Cursor::new(lines(response.headers())),
            body: Body::new(&self.link, RoundTrip::Answered(response)),
        })
    }

    fn post(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let upload = Upload::default();
        let request = Request {
            method: Method::POST,
            url: self.effective(url, base_url),
            headers: header_map(headers),
            upload: upload.clone(),
        };
        // gix reads these headers before the body, when the request is not sent yet. It needs only
        // the content type, so the expected one is given here; `checked` refuses web pages.
        Ok(PostResponse {
            post_body: upload,
            headers: Cursor::new(b"content-type: application/x-git-upload-pack-result\n".to_vec()),
            body: Body::new(&self.link, RoundTrip::ToSend(Box::new(request))),
        })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        None // `effective` handles redirects
    }
}

struct Request {
    method: Method,
    url: String,
    headers: HeaderMap,
    upload: Upload,
}

impl Link {
    /// Sends the first request. It may be redirected, and may have to be repeated with credentials.
    fn get(&self, mut request: Request, tail: &str) -> io::Result<Response> {
        for _ in 0..=MOST_REDIRECTS {
            let url = self.parse(&request.url)?;
            let response = self.send(&request, &url)?;
            let status = response.status();
            if status.is_redirection()
                && let Some(location) = response.headers().get(LOCATION)
            {
                let to = location.to_str().ok().and_then(|to| url.join(to).ok());
                let mut to = to.ok_or_else(|| self.redirect("to an invalid URL"))?;
                let is_downgrade = url.scheme() == "https" && to.scheme() != "https";
                if is_downgrade || !matches!(to.scheme(), "http" | "https") {
                    return Err(self.redirect("to an insecure or unsupported protocol"));
                }
                if !to.as_str().ends_with(tail) {
                    return Err(self.redirect("to a URL that is not a repository"));
                }
                // Credentials in the URL of a redirect are not used.
                let _ = (to.set_username(""), to.set_password(None));
                request.url = to.into();
                continue;
            }
            let is_refused = status == StatusCode::UNAUTHORIZED;
            if is_refused && !self.is_authorized(&url) && self.authorize(&url)? {
                continue;
            }
            return self.checked(response, "advertisement");
        }
        Err(self.redirect("too many times"))
    }

    /// True if requests to the host of `url` contain credentials.
    fn is_authorized(&self, url: &Url) -> bool {
        let authorized = self.authorized.borrow();
        authorized
            .as_ref()
            .is_some_and(|(host, _)| *host == authority(url))
    }

    /// Finds credentials for the host of `url`; returns false if there are none.
    fn authorize(&self, url: &Url) -> io::Result<bool> {
        let host = authority(url);
        let known = self
            .credentials
            .iter()
            .find(|known| known.host == host)
            .cloned();
        let known = match (known, &self.ask) {
            (None, Some(ask)) => ask.ask(&host).map_err(|error| {
                self.monitor
                    .fail(TransportFailure::CredentialLookup(error.report()))
            })?,
            (known, _) => known,
        };
        let Some(known) = known else { return Ok(false) };
        if url.scheme() != "https" && !self.allow_clear_text {
            return Err(self.monitor.fail(TransportFailure::PlainHttp));
        }
        let mut value = HeaderValue::try_from(basic(&known.username, known.password.expose()))
            .map_err(io::Error::other)?;
        value.set_sensitive(true);
        *self.authorized.borrow_mut() = Some((host, value));
        Ok(true)
    }

    fn send(&self, request: &Request, url: &Url) -> io::Result<Response> {
        let mut headers = request.headers.clone();
        if let Some((host, value)) = &*self.authorized.borrow()
            && *host == authority(url)
        {
            headers.insert(AUTHORIZATION, value.clone());
        }
        let send = || {
            let builder = self.client.request(request.method.clone(), url.clone());
            let builder = builder.headers(headers.clone());
            builder.body(request.upload.take()).send()
        };
        self.stall_timer.wait_anew(async {
            let mut answer = send().await;
            // Servers close connections that were idle. The request is sent once more, on a fresh
            // connection; no request of a fetch changes anything on the server.
            if answer.as_ref().is_err_and(was_closed) {
                answer = send().await;
            }
            answer.map_err(|error| self.broken(&error))
        })
    }

    /// Returns a successful answer, and turns any other into an error with the server's message.
    fn checked(&self, mut response: Response, kind: &str) -> io::Result<Response> {
        let status = response.status();
        if status.is_success() {
            // gix checks the type of the first answer. As in git, later answers may have any; a web
            // page is reported here, because gix would name its first bytes only.
            let is_page = media_type(response.headers()).is_some_and(|found| found == "text/html");
            if is_page && kind == "result" {
                return Err(self.monitor.fail(TransportFailure::Disconnected(
                    "the answer is a web page, not that of a git server".to_owned(),
                )));
            }
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED {
            let were_sent = self.authorized.borrow().is_some();
            return Err(self
                .monitor
                .fail(TransportFailure::Unauthorized { were_sent }));
        }
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| seconds(value.to_str().ok()?));
        let mut body = Vec::new();
        while body.len() < MOST_WORDS {
            match self.stall_timer.wait(async {
                let chunk = response.chunk().await;
                chunk.map_err(|error| self.broken(&error))
            }) {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                _ => break,
            }
        }
        Err(self.monitor.fail(TransportFailure::Status {
            status: status.as_u16(),
            retry_after,
            words: words(&body),
        }))
    }

    fn parse(&self, url: &str) -> io::Result<Url> {
        Url::parse(url).map_err(|error| {
            self.monitor
                .fail(TransportFailure::Disconnected(error.to_string()))
        })
    }

    fn redirect(&self, what: &str) -> io::Error {
        self.monitor
            .fail(TransportFailure::Redirect(what.to_owned()))
    }

    fn broken(&self, error: &reqwest::Error) -> io::Error {
        // reqwest's outermost message contains the URL, so only its causes are used; the URL is
        // reported elsewhere, without secrets.
        let mut text = String::new();
        let mut next = std::error::Error::source(error);
        while let Some(cause) = next {
            text = cause.to_string();
            next = cause.source();
        }
        if text.is_empty() {
            text.push_str("the connection broke");
        }
        // A retry would get the same certificate.
        if text.contains("certificate") {
            return self.monitor.fail(TransportFailure::InvalidResponse(text));
        }
        self.monitor.fail(TransportFailure::Disconnected(text))
    }
}

/// The state of a request, which is sent when its answer is first read.
enum RoundTrip {
    ToSend(Box<Request>),
    Answered(Response),
    Ended,
}

pub(crate) struct Body {
    link: Rc<Link>,
    exchange: RoundTrip,
    chunk: Cursor<Vec<u8>>,
}

impl Body {
    fn new(link: &Rc<Link>, exchange: RoundTrip) -> Self {
        Self {
            link: Rc::clone(link),
            exchange,
            chunk: Cursor::default(),
        }
    }

    /// Reads until `chunk` has unread bytes or the answer has ended.
    fn fill(&mut self) -> io::Result<()> {
        while self.chunk.position() >= self.chunk.get_ref().len() as u64 {
            match std::mem::replace(&mut self.exchange, RoundTrip::Ended) {
                RoundTrip::ToSend(request) => {
                    let url = self.link.parse(&request.url)?;
                    let mut response = self.link.send(&request, &url)?;
                    if response.status() == StatusCode::UNAUTHORIZED
                        && !self.link.is_authorized(&url)
                        && self.link.authorize(&url)?
                    {
                        response = self.link.send(&request, &url)?;
                    }
                    self.exchange = RoundTrip::Answered(self.link.checked(response, "result")?);
                }
                RoundTrip::Answered(mut response) => {
                    let link = &self.link;
                    let chunk = link.stall_timer.wait(async {
                        let chunk = response.chunk().await;
                        chunk.map_err(|error| link.broken(&error))
                    })?;
                    let Some(chunk) = chunk else { return Ok(()) };
                    link.stall_timer.received(chunk.len())?;
                    self.chunk = Cursor::new(chunk.into());
                    self.exchange = RoundTrip::Answered(response);
                }
                RoundTrip::Ended => return Ok(()),
            }
        }
        Ok(())
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        self.chunk.read(into)
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        self.chunk.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.chunk.consume(amount);
    }
}

/// The body of a request, collected until the answer is read.
#[derive(Clone, Default)]
pub(crate) struct Upload(Rc<RefCell<Vec<u8>>>);

impl Upload {
    fn take(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Converts gix's headers. Its user agent is left out, because the client sets its own.
fn header_map(headers: impl IntoIterator<Item = impl AsRef<str>>) -> HeaderMap {
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
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

/// Returns true if the server closed the connection before it answered.
fn was_closed(error: &reqwest::Error) -> bool {
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
fn lines(headers: &HeaderMap) -> Vec<u8> {
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
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns the value of an `Authorization` header (RFC 7617).
fn basic(username: &str, password: &str) -> String {
    use base64::Engine;
    let both = format!("{username}:{password}");
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(both)
    )
}

/// Parses `Retry-After`, which is a number of seconds or a date (RFC 9110, 10.2.3).
fn seconds(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = gix::date::parse(value, None).ok()?;
    let left = date.seconds.saturating_sub(unix_time::now());
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// Returns the first line that is not blank; empty for HTML, which contains no useful message.
fn words(body: &[u8]) -> String {
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
