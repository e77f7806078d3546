//! The `diff` attribute, which marks files as text or binary regardless of their bytes.

use std::collections::HashMap;

use gix::bstr::ByteSlice;

use crate::error::Result;
use crate::git::attributes::{AttributeFiles, AttributeState};
use crate::git::objects::Objects;

/// The value of the `diff` attribute of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DiffAttribute {
    /// Not set: a file is binary if it contains a NUL near its start.
    Unspecified,
    /// Compared as text, even if it has NUL bytes.
    Text,
    /// `-diff`: treated as binary.
    Binary,
}

impl DiffAttribute {
    /// Returns true if git treats these bytes as binary. If the attribute is unspecified, they are
    /// binary if a NUL is among the first 8,000.
    pub(crate) fn is_binary(self, data: &[u8]) -> bool {
        const BINARY_CHECK_BYTES: usize = 8000;
        match self {
            Self::Unspecified => {
                memchr::memchr(0, &data[..data.len().min(BINARY_CHECK_BYTES)]).is_some()
            }
            Self::Text => false,
            Self::Binary => true,
        }
    }
}

/// Looks up attributes, for one thread.
pub(crate) struct DiffAttributes {
    /// `None` if there is no attribute file to read.
    files: Option<AttributeFiles>,
    /// The values that drivers of the repository's configuration stand for, by name.
    drivers: HashMap<Vec<u8>, DiffAttribute>,
}

impl DiffAttributes {
    pub(crate) fn new(objects: &Objects) -> Result<Self> {
        let files = AttributeFiles::open(objects.repo())?;
        Ok(Self {
            files: (!files.are_empty()).then_some(files),
            drivers: HashMap::new(),
        })
    }

    /// Returns the attribute of `path`.
    pub(crate) fn of(&mut self, objects: &Objects, path: &[u8]) -> Result<DiffAttribute> {
        let Some(files) = &mut self.files else {
            return Ok(DiffAttribute::Unspecified);
        };
        let [state] = files.states(objects.repo(), path, ["diff"])?;
        Ok(match state {
            AttributeState::Set => DiffAttribute::Text,
            AttributeState::Unset => DiffAttribute::Binary,
            AttributeState::Unspecified => DiffAttribute::Unspecified,
            AttributeState::Value(driver) => match self.drivers.get(&driver) {
                Some(known) => *known,
                None => {
                    let attribute = of_driver(objects, &driver);
                    self.drivers.insert(driver, attribute);
                    attribute
                }
            },
        })
    }
}

fn of_driver(objects: &Objects, driver: &[u8]) -> DiffAttribute {
    let key = format!("diff.{}.binary", driver.as_bstr());
    match objects.repo().config_snapshot().boolean(key.as_str()) {
        Some(true) => DiffAttribute::Binary,
        Some(false) => DiffAttribute::Text,
        None => DiffAttribute::Unspecified,
    }
}
