//! Smart http over this library's own client, which handles redirects and credentials and keeps the
//! status of failures.
//!
//! gix implements the protocol; this file sends its requests to the host and returns the answers. A
//! request is sent when its answer is first read, and the answer is passed on as it arrives.

mod headers;
mod link;
mod request;

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read};
use std::rc::Rc;

use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse,
};
use reqwest::{Method, Response};

use self::headers::{header_map, lines};
use self::link::{Answer, Link};
use self::request::{Request, Upload};
use super::framed::Framed;
use super::monitor::TransferMonitor;
use super::stall::StallTimer;
use crate::error::Result;
use crate::net::{ClientSettings, CredentialProvider, Credentials};
use crate::remote::options::Authenticate;

pub(crate) struct Client {
    link: Rc<Link>,
    /// The base URL that redirects of the first request led to.
    base: Option<String>,
}

impl Client {
    pub(crate) fn new(
        settings: &ClientSettings,
        stall_timer: Rc<StallTimer>,
        monitor: &TransferMonitor,
        credentials: Vec<Credentials>,
        ask: Option<CredentialProvider>,
        authenticate: Authenticate,
        username: Option<&str>,
    ) -> Result<Self> {
        let options = settings.options();
        let link = Link {
            client: settings.client_for_git()?,
            proxies: settings.proxies().clone(),
            stall_timer,
            monitor: monitor.clone(),
            credentials,
            ask,
            authenticate,
            username: username.map(str::to_owned),
            allow_clear_text: options.allow_clear_text,
            authorized: RefCell::default(),
        };
        Ok(Self {
            link: Rc::new(link),
            base: None,
        })
    }

    fn body(&self, exchange: RoundTrip) -> Framed<Body> {
        Framed::new(Body::new(&self.link, exchange), &self.link.monitor)
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
    type ResponseBody = Framed<Body>;
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
        let answer = self
            .link
            .get(request, tail)
            .map_err(gix::Error::from_error)?;
        let landed = answer.response.url().as_str();
        if landed != url {
            self.link
                .monitor
                .moved_to(landed.strip_suffix(tail).unwrap_or(landed));
            self.base = landed.strip_suffix(tail).map(str::to_owned);
        }
        Ok(GetResponse {
            headers: Cursor::new(lines(answer.response.headers())),
            body: self.body(RoundTrip::Started(answer)),
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
            body: self.body(RoundTrip::ToSend(Box::new(request))),
        })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        None // `effective` handles redirects
    }
}

/// The state of a request, which is sent when its answer is first read.
enum RoundTrip {
    ToSend(Box<Request>),
    /// The start of the answer may have been read.
    Started(Answer),
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
                    let answer = self.link.send(&request, &url)?;
                    self.exchange = RoundTrip::Started(self.link.checked(answer, "result")?);
                }
                RoundTrip::Started(answer) => {
                    self.chunk = Cursor::new(answer.start);
                    self.exchange = RoundTrip::Answered(answer.response);
                }
                RoundTrip::Answered(mut response) => {
                    let Some(chunk) = self.link.chunk(&mut response)? else {
                        return Ok(());
                    };
                    self.chunk = Cursor::new(chunk);
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
