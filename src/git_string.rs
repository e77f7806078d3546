//! Bytes of git that are usually text.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

#[cfg(not(unix))]
use crate::error::Error;
use crate::error::Result;

/// A path in a repository, a ref name, a person's name or a message: bytes that are usually UTF-8,
/// but need not be.
///
/// `Display` writes it as UTF-8, with U+FFFD for invalid bytes. Comparisons are byte by byte.
///
/// ```
/// use gitfleet::GitString;
///
/// let path = GitString::from("src/main.rs");
/// assert_eq!(path.as_bytes(), b"src/main.rs");
/// assert_eq!(path.to_string(), "src/main.rs");
/// ```
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GitString(Vec<u8>);

impl GitString {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The bytes as a path of the operating system.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`](crate::Error::InvalidInput) on Windows, if it is not UTF-8.
    pub fn to_path(&self) -> Result<PathBuf> {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            Ok(std::ffi::OsStr::from_bytes(&self.0).into())
        }
        #[cfg(not(unix))]
        {
            let text = std::str::from_utf8(&self.0);
            text.map(PathBuf::from)
                .map_err(|error| Error::invalid(format!("path `{self}`"), error.to_string()))
        }
    }
}

impl fmt::Display for GitString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for GitString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Deref for GitString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for GitString {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for GitString {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for GitString {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for GitString {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<&str> for GitString {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for GitString {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl PartialEq<str> for GitString {
    fn eq(&self, text: &str) -> bool {
        self.0 == text.as_bytes()
    }
}

impl PartialEq<&str> for GitString {
    fn eq(&self, text: &&str) -> bool {
        self.0 == text.as_bytes()
    }
}

impl PartialEq<[u8]> for GitString {
    fn eq(&self, bytes: &[u8]) -> bool {
        self.0 == bytes
    }
}

impl<const N: usize> PartialEq<[u8; N]> for GitString {
    fn eq(&self, bytes: &[u8; N]) -> bool {
        self.0 == bytes
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for GitString {
    fn eq(&self, bytes: &&[u8; N]) -> bool {
        self.0 == *bytes
    }
}

impl PartialEq<Vec<u8>> for GitString {
    fn eq(&self, bytes: &Vec<u8>) -> bool {
        self.0 == *bytes
    }
}

impl Serialize for GitString {
    /// Serialises an array of bytes, so that bytes that are not UTF-8 are kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
