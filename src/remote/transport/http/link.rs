//! Requests of one connection: redirects, credentials, and failures in structured form.

use std::cell::RefCell;
use std::error::Error as _;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

use super::headers::{Scheme, authority, authorization, media_type, seconds, was_closed, words};
use super::request::Request;
use crate::net::proxy::{self, Proxies};
use crate::net::{CredentialProvider, Credentials, tls};
use crate::remote::options::Authenticate;
use crate::remote::transport::limits::is_limit;
use crate::remote::transport::monitor::{TransferMonitor, TransportFailure};
use crate::remote::transport::stall::StallTimer;
use crate::secret::Secret;

/// The user name that is sent with a token that has none of its own.
const TOKEN_USER: &str = "x-access-token";
/// Maximum number of redirects, as in git.
const MOST_REDIRECTS: usize = 20;
/// Number of bytes to read of an error answer, to find the server's message.
const MOST_WORDS: usize = 1024;

/// State that all requests of one connection share.
pub(super) struct Link {
    pub(super) client: reqwest::Client,
    pub(super) proxies: Proxies,
    pub(super) stall_timer: Rc<StallTimer>,
    pub(super) monitor: TransferMonitor,
    pub(super) credentials: Vec<Credentials>,
    pub(super) ask: Option<CredentialProvider>,
    pub(super) authenticate: Authenticate,
    /// The user name in the address, for credentials that have none of their own.
    pub(super) username: Option<String>,
    pub(super) allow_clear_text: bool,
    /// The credentials that are sent, to their host only.
    pub(super) authorized: RefCell<Option<Authorized>>,
}

pub(super) struct Authorized {
    /// The host, with its port.
    host: String,
    scheme: Scheme,
    header: HeaderValue,
    credentials: Credentials,
}

/// An answer, of which a part may have been read.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) start: Vec<u8>,
}

impl Link {
    /// Sends the first request. It may be redirected.
    pub(super) fn get(&self, mut request: Request, tail: &str) -> io::Result<Answer> {
        for _ in 0..=MOST_REDIRECTS {
            let url = self.parse(&request.url)?;
            let answer = self.send(&request, &url)?;
            let status = answer.response.status();
            let location = answer.response.headers().get(LOCATION);
            let Some(location) = location.filter(|_| status.is_redirection()) else {
                return self.checked(answer, "advertisement");
            };
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
        }
        Err(self.redirect("too many times"))
    }

    /// Sends a request, and again with credentials if the host wants them.
    pub(super) fn send(&self, request: &Request, url: &Url) -> io::Result<Answer> {
        if self.authenticate == Authenticate::Always && !self.is_authorized(url) {
            self.authorize(url, Scheme::Basic, true)?;
        }
        loop {
            let mut answer = Answer {
                response: self.send_once(request, url)?,
                start: Vec::new(),
            };
            let is_refused = answer.response.status() == StatusCode::UNAUTHORIZED;
            match self.scheme_wanted(&mut answer, url)? {
                Some(scheme) if self.authorize(url, scheme, is_refused)? => {}
                _ => return Ok(answer),
            }
        }
    }

    /// Returns how to send credentials, if a host refused or limited a request for lack of them.
    fn scheme_wanted(&self, answer: &mut Answer, url: &Url) -> io::Result<Option<Scheme>> {
        let (status, headers) = (answer.response.status(), answer.response.headers());
        let sent = self.scheme_sent(url);
        if status == StatusCode::UNAUTHORIZED {
            return Ok(Scheme::wanted(headers, sent));
        }
        if sent.is_some() {
            return Ok(None);
        }
        let is_limited = match status {
            // Some hosts hide private repositories behind 404.
            StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE => true,
            status if status.is_success() => {
                answer.start = self.chunk(&mut answer.response)?.unwrap_or_default();
                says_limit(&answer.start)
            }
            _ => false,
        };
        Ok(is_limited.then_some(Scheme::Basic))
    }

    /// Returns true if requests to the host of `url` contain credentials.
    fn is_authorized(&self, url: &Url) -> bool {
        self.scheme_sent(url).is_some()
    }

    fn scheme_sent(&self, url: &Url) -> Option<Scheme> {
        let authorized = self.authorized.borrow();
        let sent = authorized.as_ref();
        let sent = sent.filter(|sent| sent.host == authority(url));
        sent.map(|sent| sent.scheme)
    }

    /// Finds credentials for the host of `url`; returns false if there are none. If they are not
    /// required, it is no error that they cannot be had or sent.
    fn authorize(&self, url: &Url, scheme: Scheme, is_required: bool) -> io::Result<bool> {
        let host = authority(url);
        let sent = {
            let authorized = self.authorized.borrow();
            let sent = authorized.as_ref().filter(|sent| sent.host == host);
            sent.map(|sent| sent.credentials.clone())
        };
        let given = self.credentials.iter().find(|known| known.host == host);
        let known = match (sent.or_else(|| given.cloned()), &self.ask) {
            (None, Some(ask)) => match ask.ask(&host) {
                Err(error) if is_required => {
                    let failure = TransportFailure::CredentialLookup(error.report());
                    return Err(self.monitor.fail(failure));
                }
                found => found.ok().flatten(),
            },
            (known, _) => known,
        };
        let known = match (known, &self.username) {
            (Some(known), Some(name)) if known.username == TOKEN_USER => Some(Credentials {
                username: name.clone(),
                ..known
            }),
            // Hosts also accept a token as the user name, without a password.
            (None, Some(name)) => Some(Credentials::new(&*host, &**name, Secret::new(""))),
            (known, _) => known,
        };
        let Some(credentials) = known else {
            return Ok(false);
        };
        if url.scheme() != "https" && !self.allow_clear_text {
            if is_required {
                return Err(self.monitor.fail(TransportFailure::PlainHttp));
            }
            return Ok(false);
        }
        let header = authorization(scheme, &credentials);
        let header = header.map_err(io::Error::other)?;
        self.monitor.sends(credentials.password.expose());
        if credentials.password.expose().is_empty() {
            self.monitor.sends(&credentials.username); // a token in its place
        }
        let encoded = header.to_str().unwrap_or_default().split(' ').next_back();
        self.monitor.sends(encoded.unwrap_or_default());
        self.authorized.replace(Some(Authorized {
            host,
            scheme,
            header,
            credentials,
        }));
        Ok(true)
    }

    fn send_once(&self, request: &Request, url: &Url) -> io::Result<Response> {
        let mut headers = request.headers.clone();
        if let Some(sent) = &*self.authorized.borrow()
            && sent.host == authority(url)
        {
            headers.insert(AUTHORIZATION, sent.header.clone());
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
            answer.map_err(|error| self.broken(&error, url))
        })
    }

    /// Reads the next part of an answer; `None` at its end.
    pub(super) fn chunk(&self, response: &mut Response) -> io::Result<Option<Vec<u8>>> {
        let chunk = self.stall_timer.wait(async {
            let url = response.url().clone();
            let chunk = response.chunk().await;
            chunk.map_err(|error| self.broken(&error, &url))
        })?;
        let Some(chunk) = chunk else {
            return Ok(None);
        };
        self.stall_timer.received(chunk.len())?;
        Ok(Some(chunk.into()))
    }

    /// Returns a successful answer, and turns any other into an error with the server's message.
    pub(super) fn checked(&self, mut answer: Answer, kind: &str) -> io::Result<Answer> {
        let response = &mut answer.response;
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
            return Ok(answer);
        }
        let fail = |failure| Err(self.monitor.fail(failure));
        if status == StatusCode::UNAUTHORIZED {
            let were_sent = self.is_authorized(response.url());
            return fail(TransportFailure::Unauthorized { were_sent });
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && let Some(proxy) = self.proxies.of(response.url())
        {
            return fail(refused_by(proxy, NEEDS_CREDENTIALS));
        }
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| seconds(value.to_str().ok()?));
        let mut body = Vec::new();
        while body.len() < MOST_WORDS {
            match self.chunk(response) {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                _ => break,
            }
        }
        fail(TransportFailure::Status {
            status: status.as_u16(),
            retry_after: retry_after.map(Duration::from_secs),
            words: words(&body),
        })
    }

    pub(super) fn parse(&self, url: &str) -> io::Result<Url> {
        Url::parse(url).map_err(|error| {
            self.monitor
                .fail(TransportFailure::Disconnected(error.to_string()))
        })
    }

    fn redirect(&self, what: &str) -> io::Error {
        self.monitor
            .fail(TransportFailure::Redirect(what.to_owned()))
    }

    fn broken(&self, error: &reqwest::Error, url: &Url) -> io::Error {
        if let Some(words) = tls::failure_in(error) {
            let is_plain = url.scheme() == "http";
            let failure = match self.proxies.of(url).filter(|_| is_plain) {
                Some(proxy) => refused_by(proxy, &format!("cannot be used: {words}")),
                // A retry would end in the same way.
                None => TransportFailure::InvalidResponse(words),
            };
            return self.monitor.fail(failure);
        }
        // reqwest's outermost message contains the URL, so only its causes are used; the URL is
        // reported elsewhere, without secrets.
        let mut text = String::new();
        let mut next = error.source();
        while let Some(cause) = next {
            text = cause.to_string();
            next = cause.source();
        }
        if text.is_empty() {
            text.push_str("the connection broke");
        }
        let failure = match self.proxies.of(url).filter(|_| error.is_connect()) {
            Some(proxy) if text.contains("authorization required") => {
                refused_by(proxy, NEEDS_CREDENTIALS)
            }
            Some(proxy) if text.contains("unsuccessful") => {
                let what = format!("does not let requests through to {}", authority(url));
                refused_by(proxy, &what)
            }
            Some(proxy) => TransportFailure::Disconnected(format!(
                "the proxy {} cannot be reached: {text}",
                proxy::shown(proxy)
            )),
            None => TransportFailure::unreachable(text),
        };
        self.monitor.fail(failure)
    }
}

const NEEDS_CREDENTIALS: &str = "wants credentials: write http://USER:PASSWORD@HOST:PORT";

fn refused_by(proxy: &Url, what: &str) -> TransportFailure {
    TransportFailure::InvalidResponse(format!("the proxy {} {what}", proxy::shown(proxy)))
}

/// Returns true if a successful answer starts with an `ERR` line about limits.
fn says_limit(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&start[..start.len().min(MOST_WORDS)]);
    let words = start.split_once("ERR ");
    words.is_some_and(|(before, words)| before.len() < 64 && is_limit(words))
}
