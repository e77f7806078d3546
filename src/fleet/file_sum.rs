//! The size and the hash of a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::regular_file;

const BUFFER_BYTES: usize = 1 << 20;

/// The size of a file in bytes, and its SHA-256 in hex.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct FileSum {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl FileSum {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if it cannot be read, or is not a regular file.
    pub(super) fn of(path: &Path, cancel: &CancelToken) -> Result<Self> {
        let mut file = regular_file::open(path).map_err(Error::storage("read", path))?;
        let mut state = State::default();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            cancel.check()?;
            let read = file
                .read(&mut buffer)
                .map_err(Error::storage("read", path))?;
            if read == 0 {
                return Ok(state.sum());
            }
            state.add(&buffer[..read]);
        }
    }
}

#[derive(Clone, Default)]
struct State {
    bytes: u64,
    hasher: Sha256,
}

impl State {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    fn sum(&self) -> FileSum {
        FileSum {
            bytes: self.bytes,
            sha256: hex(&self.hasher.clone().finalize()),
        }
    }
}

/// A file that is written from its start to its end, and the sum of what was written.
pub(super) struct SummedFile {
    file: File,
    state: Arc<Mutex<State>>,
}

/// The sum of a [`SummedFile`], which may have been dropped.
pub(super) struct Sum(Arc<Mutex<State>>);

impl SummedFile {
    pub(super) fn new(file: File) -> (Self, Sum) {
        let state = Arc::new(Mutex::new(State::default()));
        let sum = Sum(Arc::clone(&state));
        (Self { file, state }, sum)
    }
}

impl Sum {
    pub(super) fn get(&self) -> FileSum {
        lock(&self.0).sum()
    }
}

impl Write for SummedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        lock(&self.state).add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The bytes in hex, in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // never fails
    }
    text
}
