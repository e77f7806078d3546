//! Object ids without gix in their signature.

use std::fmt;

/// The id of a commit, tree, blob or tag: SHA-1 or SHA-256, as the repository has it.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId(pub(crate) gix::ObjectId);

impl ObjectId {
    /// The raw bytes, 20 or 32 of them.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether this is the id of all zeros, which stands for "not committed yet".
    pub fn is_zero(&self) -> bool {
        self.0.is_null()
    }
}

/// Lower-case hex.
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
