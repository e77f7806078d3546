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
    /// The attribute of driver `default`, which applies to all files without another driver.
    default: DiffAttribute,
}

impl DiffAttributes {
    pub(crate) fn new(objects: &Objects) -> Result<Self> {
        let files = AttributeFiles::open(objects.repo())?;
        Ok(Self {
            files: (!files.are_empty()).then_some(files),
            drivers: HashMap::new(),
            default: of_driver(objects, b"default").unwrap_or(DiffAttribute::Unspecified),
        })
    }

    /// Returns the attribute of `path`.
    pub(crate) fn of(&mut self, objects: &Objects, path: &[u8]) -> Result<DiffAttribute> {
        let Some(files) = &mut self.files else {
            return Ok(self.default);
        };
        let [state] = files.states(objects.repo(), path, ["diff"])?;
        Ok(match state {
            AttributeState::Set => DiffAttribute::Text,
            AttributeState::Unset => DiffAttribute::Binary,
            AttributeState::Unspecified => self.default,
            AttributeState::Value(driver) => match self.drivers.get(&driver) {
                Some(known) => *known,
                None => {
                    let attribute = of_driver(objects, &driver).unwrap_or(self.default);
                    self.drivers.insert(driver, attribute);
                    attribute
                }
            },
        })
    }

    /// The attribute of what is not a regular file: a symlink, a submodule, and the absent side of
    /// an added or deleted file.
    pub(crate) const fn of_others(&self) -> DiffAttribute {
        self.default
    }
}

/// Drivers that git has without configuration. None of them says whether files are binary.
const BUILT_IN: [&str; 25] = [
    "ada", "bash", "bibtex", "cpp", "csharp", "css", "dts", "elixir", "fortran", "fountain",
    "golang", "html", "java", "kotlin", "markdown", "matlab", "objc", "pascal", "perl", "php",
    "python", "ruby", "rust", "scheme", "tex",
];

/// Returns what a driver says, or `None` if git does not know it.
fn of_driver(objects: &Objects, driver: &[u8]) -> Option<DiffAttribute> {
    let config = objects.repo().config_snapshot();
    match config.boolean(format!("diff.{}.binary", driver.as_bstr()).as_str()) {
        Some(true) => return Some(DiffAttribute::Binary),
        Some(false) => return Some(DiffAttribute::Text),
        None => {}
    }
    let mut sections = config.sections_by_name("diff").into_iter().flatten();
    let is_known = BUILT_IN.iter().any(|name| name.as_bytes() == driver)
        || sections.any(|section| {
            let name = section.header().subsection_name();
            name.is_some_and(|name| *name == *driver) && section.value_names().next().is_some()
        });
    is_known.then_some(DiffAttribute::Unspecified)
}
