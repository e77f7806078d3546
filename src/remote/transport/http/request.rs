//! A request and its body.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use reqwest::Method;
use reqwest::header::HeaderMap;

/// A request, which may be sent several times.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) upload: Upload,
}

/// The body of a request, collected until the answer is read.
#[derive(Clone, Default)]
pub(crate) struct Upload(Rc<RefCell<Vec<u8>>>);

impl Upload {
    pub(super) fn take(&self) -> Vec<u8> {
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
