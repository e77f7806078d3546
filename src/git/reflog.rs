//! Reflogs: the earlier values of a ref.

use std::io::ErrorKind;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::gix_error;
use super::refs::is_per_worktree;
use crate::error::{Error, Result};
use crate::regular_file;

/// Largest file of a reflog that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The entries of a reflog, oldest first.
pub(super) struct Reflog(Vec<Entry>);

struct Entry {
    old: ObjectId,
    new: ObjectId,
    seconds: i64,
    message: Vec<u8>,
}

impl Reflog {
    /// Reads the reflog of the ref with this full name; it is empty if there is none.
    pub(super) fn read(repo: &gix::Repository, name: &[u8]) -> Result<Self> {
        let dir = if is_per_worktree(name) {
            repo.git_dir()
        } else {
            repo.common_dir()
        };
        let path = dir.join("logs").join(gix_error::path(name.as_bstr())?);
        let text = match regular_file::read(&path, LARGEST) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
                ) =>
            {
                Vec::new()
            }
            Err(error) => return Err(Error::storage("read", &path)(error)),
        };
        Ok(Self(text.lines().filter_map(Entry::parse).collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value after the entry with this number, counted from the newest; after the last one, the
    /// value before the oldest entry.
    pub(super) fn nth_newest(&self, number: usize) -> Option<ObjectId> {
        match self.0.iter().rev().nth(number) {
            Some(entry) => Some(entry.new),
            None if number == self.0.len() => self.oldest(),
            None => None,
        }
    }

    /// The value at a time; before the oldest entry, the oldest value that is known.
    pub(super) fn at(&self, seconds: i64) -> Option<ObjectId> {
        let entry = self.0.iter().rev().find(|entry| entry.seconds <= seconds);
        entry.map(|entry| entry.new).or_else(|| {
            let first = self.0.first()?;
            Some(self.oldest().unwrap_or(first.new))
        })
    }

    /// The branch or id that was left by a checkout, counted from the newest, from 1.
    pub(super) fn nth_checkout(&self, number: usize) -> Option<Vec<u8>> {
        let left = self.0.iter().rev().filter_map(|entry| {
            let moved = entry.message.strip_prefix(b"checkout: moving from ")?;
            let end = moved.find(b" to ")?;
            Some(moved[..end].to_vec())
        });
        left.into_iter().nth(number.checked_sub(1)?)
    }

    fn oldest(&self) -> Option<ObjectId> {
        let first = self.0.first()?;
        (!first.old.is_null()).then_some(first.old)
    }
}

impl Entry {
    /// Parses `OLD NEW NAME <EMAIL> SECONDS OFFSET<tab>MESSAGE`.
    fn parse(line: &[u8]) -> Option<Self> {
        let (head, message) = line.split_once_str("\t").unwrap_or((line, b""));
        let mut words = head.splitn(3, |&byte| byte == b' ');
        let old = ObjectId::from_hex(words.next()?).ok()?;
        let new = ObjectId::from_hex(words.next()?).ok()?;
        let ident = words.next()?;
        let date = ident[ident.rfind_byte(b'>')? + 1..].trim_ascii();
        let seconds = date.split(|&byte| byte == b' ').next()?;
        Some(Self {
            old,
            new,
            seconds: seconds.to_str().ok()?.parse().ok()?,
            message: message.to_vec(),
        })
    }
}
