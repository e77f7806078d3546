//! A decoded object.

use std::sync::Arc;

use gix::objs::Kind;

/// A decoded object. Cheap to clone; dereferences to its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(super) data: Arc<Vec<u8>>,
}

impl Object {
    pub(super) fn new(kind: Kind, data: Vec<u8>) -> Self {
        Self {
            kind,
            data: Arc::new(data),
        }
    }

    /// Creates a blob that is not stored in a repository.
    pub(crate) fn blob(data: Vec<u8>) -> Self {
        Self::new(Kind::Blob, data)
    }
}

impl std::ops::Deref for Object {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.data
    }
}
