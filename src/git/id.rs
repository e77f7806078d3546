//! Object ids that do not expose gix's types.

use std::fmt;

/// The id of a commit, tree, blob or tag: SHA-1 or SHA-256, depending on the repository.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId(pub(crate) gix::ObjectId);

impl ObjectId {
    /// Returns the raw bytes: 20 for SHA-1, 32 for SHA-256.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns true for the all-zero id, which stands for "not committed yet".
    pub fn is_zero(&self) -> bool {
        self.0.is_null()
    }
}

/// Writes the id in lower-case hex.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
