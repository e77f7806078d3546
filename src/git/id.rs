//! Object ids that do not expose gix's types.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// Serialises the id as lower-case hex.
impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        let id = gix::ObjectId::from_hex(hex.as_bytes());
        id.map(Self).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
