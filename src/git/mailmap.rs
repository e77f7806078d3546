//! The mailmap, which maps committed names and e-mails to the proper ones.
//!
//! Each line has up to two names and two e-mails: the proper ones, then the committed ones. E-mails
//! are compared as they are written, with their blanks, and in any case of ASCII letters, as names
//! are. A later line for the same committed name and e-mail replaces what an earlier one says.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use gix::bstr::ByteSlice;

use super::gix_error;
use super::objects::find_object;
use super::refs::object_of;
use super::repo::Repo;
use crate::error::Result;
use crate::regular_file;

/// Largest mailmap that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// The repository's mailmap, as in git: `.mailmap` of the working tree, or of `HEAD` in a bare
/// repository, and those that the repository's configuration names.
#[derive(Default)]
pub(crate) struct Mailmap(HashMap<Vec<u8>, Entry>);

/// The proper name and e-mail; those that are `None` stay as they were committed.
#[derive(Clone, Debug, Default)]
struct Proper {
    name: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
}

/// The mailmap entries for one committed e-mail address.
#[derive(Debug, Default)]
struct Entry {
    for_all: Proper,
    by_name: HashMap<Vec<u8>, Proper>,
}

impl Mailmap {
    /// Reads the repository's mailmap. As in git, one that is missing or damaged maps nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`](crate::Error::Storage) if the machine cannot read it.
    pub(crate) fn open(repo: &Repo) -> Result<Self> {
        let mut map = Self::default();
        let local = repo.local();
        let config = local.config_snapshot();
        let root = local.workdir();
        if let Some(root) = root {
            let path = root.join(".mailmap");
            // As in git, a symbolic link is not followed.
            let found = gix_error::optional(&path, fs::symlink_metadata(&path))?;
            if found.is_some_and(|found| found.is_file()) {
                map.add_file(&path)?;
            }
        }
        let blob = config.string("mailmap.blob").map(|name| name.to_string());
        let blob = blob.or_else(|| root.is_none().then(|| "HEAD:.mailmap".to_owned()));
        let blob = match blob {
            Some(name) => object_of(&local, name.as_bytes())?,
            None => None,
        };
        if let Some(id) = blob
            && let Some(blob) = find_object(&local, id)?
        {
            map.add_lines(&blob.data);
        }
        let file = config.trusted_path("mailmap.file").ok().flatten();
        if let Some(file) = file {
            let base = root.unwrap_or(local.git_dir());
            map.add_file(&base.join(file))?;
        }
        Ok(map)
    }

    fn add_file(&mut self, path: &Path) -> Result<()> {
        let text = gix_error::optional(path, regular_file::read(path, LARGEST))?;
        self.add_lines(&text.unwrap_or_default());
        Ok(())
    }

    /// A mailmap that maps nothing.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    fn add_lines(&mut self, text: &[u8]) {
        for line in text.lines() {
            self.add(line);
        }
    }

    fn add(&mut self, line: &[u8]) {
        if line.starts_with(b"#") {
            return;
        }
        let Some(new) = person(line).filter(|new| !new.email.is_empty()) else {
            return;
        };
        let old = person(new.rest);
        let owned = |text: &[u8]| text.to_vec();
        let proper = Proper {
            name: new.name.map(owned),
            email: old.as_ref().map(|_| owned(new.email)),
        };
        let old_name = old.as_ref().and_then(|old| old.name);
        let old_email = old.map(|old| old.email);
        let key = old_email.unwrap_or(new.email).to_ascii_lowercase();
        let entry = self.0.entry(key).or_default();
        match old_name {
            Some(old_name) => {
                entry.by_name.insert(old_name.to_ascii_lowercase(), proper);
            }
            None => {
                let known = &mut entry.for_all;
                known.name = proper.name.or(known.name.take());
                known.email = proper.email.or(known.email.take());
            }
        }
    }

    /// Returns name and e-mail after mapping.
    pub(crate) fn resolve(&self, name: &[u8], email: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let proper = self.proper(name, email);
        let name_of = proper.and_then(|proper| proper.name.clone());
        let email_of = proper.and_then(|proper| proper.email.clone());
        (
            name_of.unwrap_or_else(|| name.to_vec()),
            email_of.unwrap_or_else(|| email.to_vec()),
        )
    }

    fn proper(&self, name: &[u8], email: &[u8]) -> Option<&Proper> {
        if self.0.is_empty() {
            return None;
        }
        let entry = self.0.get(&email.to_ascii_lowercase())?;
        if entry.by_name.is_empty() {
            return Some(&entry.for_all);
        }
        let own = entry.by_name.get(&name.to_ascii_lowercase());
        Some(own.unwrap_or(&entry.for_all))
    }
}

/// A person in a line of a mailmap.
struct Person<'a> {
    name: Option<&'a [u8]>,
    email: &'a [u8],
    /// The text after the person.
    rest: &'a [u8],
}

/// Reads `Name <email>`. Blanks around the name are dropped, those within the brackets are not.
fn person(text: &[u8]) -> Option<Person<'_>> {
    let open = text.find_byte(b'<')?;
    let close = open + 1 + text[open + 1..].find_byte(b'>')?;
    let name = text[..open].trim_ascii();
    Some(Person {
        name: (!name.is_empty()).then_some(name),
        email: &text[open + 1..close],
        rest: &text[close + 1..],
    })
}
