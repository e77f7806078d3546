//! Refs in files: one file per ref below `refs/`, and `packed-refs` for the others.
//!
//! git packs a ref by first writing it to `packed-refs` and then removing its file. Files are
//! therefore read before `packed-refs`: a ref whose file vanished meanwhile is found there.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::stored::{Found, RefList, StoredRef, is_per_worktree, is_valid};
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git_string::GitString;
use crate::regular_file;

/// Longest file of a ref that is read, in bytes; longer ones are not refs. `FETCH_HEAD` has a line
/// for each branch that was fetched.
const LONGEST: u64 = 64 << 10;
const LONGEST_FETCH_HEAD: u64 = 64 << 20;
/// Largest `packed-refs` that is read, in bytes.
const LARGEST_PACKED: u64 = 4 << 30;

pub(crate) struct RefFiles {
    git_dir: PathBuf,
    common_dir: PathBuf,
    hash: gix::hash::Kind,
}

impl RefFiles {
    pub(super) fn new(git_dir: PathBuf, common_dir: PathBuf, hash: gix::hash::Kind) -> Self {
        Self {
            git_dir,
            common_dir,
            hash,
        }
    }

    pub(super) fn read(&self, name: &[u8]) -> Result<Found> {
        let dir = if is_per_worktree(name) {
            &self.git_dir
        } else {
            &self.common_dir
        };
        let path = dir.join(gix_error::path(name.as_bstr())?);
        match self.read_file(&path)? {
            Found::Missing => {
                let packed = self.packed()?;
                let found = packed.into_iter().find(|(packed, _)| packed == name);
                Ok(found.map_or(Found::Missing, |(_, stored)| Found::Ref(stored)))
            }
            found => Ok(found),
        }
    }

    pub(super) fn list(&self) -> Result<RefList> {
        let mut list = RefList::default();
        self.walk(&self.common_dir, b"refs", &mut list)?;
        if self.git_dir != self.common_dir {
            list.refs.retain(|name, _| !is_per_worktree(name));
            list.broken.retain(|broken| !is_per_worktree(&broken.name));
            for dir in ["refs/bisect", "refs/worktree", "refs/rewritten"] {
                self.walk(&self.git_dir, dir.as_bytes(), &mut list)?;
            }
        }
        let broken: HashSet<_> = list.broken.iter().map(|one| one.name.clone()).collect();
        for (name, stored) in self.packed()? {
            if !is_valid(&name) {
                list.add_broken(&name, "the name is not valid");
            } else if !broken.contains(&GitString::from(name.clone())) {
                list.refs.entry(name).or_insert(stored);
            }
        }
        Ok(list)
    }

    /// Adds the refs below the directory `name` of `root`.
    fn walk(&self, root: &Path, name: &[u8], list: &mut RefList) -> Result<()> {
        let dir = root.join(gix_error::path(name.as_bstr())?);
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            // git removes a directory when its last ref is packed.
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(Error::storage("read", &dir)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(Error::storage("read", &dir))?;
            let last = entry.file_name().into_encoded_bytes();
            if last.starts_with(b".") || last.ends_with(b".lock") {
                continue; // as in git
            }
            let full = [name, b"/", &last].concat();
            let kind = entry.file_type().map_err(Error::storage("read", &dir))?;
            if kind.is_dir() {
                self.walk(root, &full, list)?;
                continue;
            }
            if kind.is_symlink() {
                match gix_error::optional(&dir, fs::metadata(entry.path()))? {
                    // git would read the same directory many times if links form a circle.
                    Some(metadata) if metadata.is_dir() => {
                        list.add_broken(&full, "is a symbolic link to a directory");
                        continue;
                    }
                    Some(_) => {}
                    None => continue, // as in git, even if it is a symbolic ref
                }
            }
            match self.read_file(&entry.path())? {
                Found::Ref(_) if !is_valid(&full) => {
                    list.add_broken(&full, "the name is not valid");
                }
                Found::Ref(stored) => {
                    list.refs.insert(full, stored);
                }
                Found::Missing => {}
                Found::Broken(reason) => list.add_broken(&full, &reason),
            }
        }
        Ok(())
    }

    /// Reads the file of a ref. A symbolic link to a name below `refs/` is a symbolic ref, as git
    /// made them until 2005.
    fn read_file(&self, path: &Path) -> Result<Found> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return Ok(Found::Missing),
            Err(error) => return Err(Error::storage("read", path)(error)),
        };
        if metadata.is_symlink() {
            let target = fs::read_link(path).map_err(Error::storage("read", path))?;
            let target = target.into_os_string().into_encoded_bytes();
            if target.starts_with(b"refs/") && is_valid(&target) {
                return Ok(Found::Ref(StoredRef::symbolic(&target)));
            }
        }
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return Ok(Found::Missing),
            Err(error) => return Err(Error::storage("read", path)(error)),
        };
        if metadata.is_dir() {
            return Ok(Found::Missing); // the ref may be packed, next to an empty directory
        }
        if !metadata.is_file() {
            return Ok(Found::Broken("is not a regular file".to_owned()));
        }
        let limit = if path.ends_with("FETCH_HEAD") {
            LONGEST_FETCH_HEAD
        } else {
            LONGEST
        };
        if metadata.len() > limit {
            return Ok(Found::Broken("its file is too long for a ref".to_owned()));
        }
        match regular_file::read(path, limit) {
            Ok(text) => Ok(self.parse(&text)),
            Err(error) if is_missing(&error) => Ok(Found::Missing),
            Err(error) => Err(Error::storage("read", path)(error)),
        }
    }

    fn parse(&self, text: &[u8]) -> Found {
        if let Some(target) = text.strip_prefix(b"ref:") {
            let target = target.trim_ascii();
            return if is_valid(target) {
                Found::Ref(StoredRef::symbolic(target))
            } else {
                Found::Broken("it points to an invalid name".to_owned())
            };
        }
        if text.is_empty() {
            return Found::Broken("its file is empty".to_owned());
        }
        let (hex, rest) = text.split_at(text.len().min(self.hash.len_in_hex()));
        match ObjectId::from_hex(hex) {
            Ok(id) if id.is_null() => Found::Broken("its id is all zeros".to_owned()),
            Ok(id) if rest.first().is_none_or(u8::is_ascii_whitespace) => {
                Found::Ref(StoredRef::object(id))
            }
            _ => Found::Broken("its file contains neither an id nor a ref".to_owned()),
        }
    }

    /// Reads `packed-refs`.
    fn packed(&self) -> Result<Vec<(Vec<u8>, StoredRef)>> {
        let path = self.common_dir.join("packed-refs");
        let text = match regular_file::read(&path, LARGEST_PACKED) {
            Ok(text) => text,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(Error::storage("read", &path)(error)),
        };
        let damaged = |line: usize| Error::Corrupt {
            path: path.clone(),
            what: format!("line {}", line + 1),
            source: None,
        };
        let mut refs: Vec<(Vec<u8>, StoredRef)> = Vec::new();
        let mut is_fully_peeled = false;
        for (number, line) in text.lines_with_terminator().enumerate() {
            // A file that was cut off ends without a line feed.
            let line = line.strip_suffix(b"\n").ok_or_else(|| damaged(number))?;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.starts_with(b"#") {
                is_fully_peeled |= line.contains_str(" fully-peeled");
            } else if let Some(hex) = line.strip_prefix(b"^") {
                let peeled = ObjectId::from_hex(hex).map_err(|_| damaged(number))?;
                let (_, last) = refs.last_mut().ok_or_else(|| damaged(number))?;
                last.peeled = Some(peeled);
            } else if !line.is_empty() {
                let hex = line.get(..self.hash.len_in_hex());
                let name = line.get(self.hash.len_in_hex()..);
                let name = name.and_then(|name| name.strip_prefix(b" "));
                let id = hex.and_then(|hex| ObjectId::from_hex(hex).ok());
                let (Some(id), Some(name)) = (id, name) else {
                    return Err(damaged(number));
                };
                let peeled = is_fully_peeled.then_some(id);
                let value = super::stored::RefValue::Object(id);
                refs.push((name.to_owned(), StoredRef { value, peeled }));
            }
        }
        Ok(refs)
    }
}

fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
