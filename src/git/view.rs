//! Views of repositories that git reads and gix refuses.
//!
//! gix opens no repository whose `HEAD` is a symbolic link to a packed branch (git wrote such links
//! until 2005), and none whose alternates name each other. A view is a temporary git directory of
//! symbolic links to the files of the repository; only `HEAD`, or the list of alternates, is a
//! file of its own. Views are for reading.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use tempfile::TempDir;

use super::alternates::object_dirs;
use crate::error::{Error, Result};

/// A temporary git directory, which is removed when it is dropped.
#[derive(Debug)]
pub(super) struct View {
    dir: TempDir,
}

impl View {
    /// Makes a view of the repository at `git_dir`, whose shared files are in `common_dir`.
    pub(super) fn new(git_dir: &Path, common_dir: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("gitfleet-view-").tempdir();
        let dir = dir.map_err(Error::storage(
            "make a temporary directory to read",
            git_dir,
        ))?;
        let view = Self { dir };
        view.fill(git_dir, common_dir)
            .map_err(Error::storage("link to", git_dir))?;
        Ok(view)
    }

    /// The git directory for gix.
    pub(super) fn git_dir(&self) -> PathBuf {
        self.dir.path().join("private.git")
    }

    fn fill(&self, git_dir: &Path, common_dir: &Path) -> io::Result<()> {
        let (git_dir, common_dir) = (fs::canonicalize(git_dir)?, fs::canonicalize(common_dir)?);
        let (private, common) = (self.git_dir(), self.dir.path().join("common.git"));
        link_all(&git_dir, &private, &["HEAD", "commondir", "gitdir"])?;
        match head_link(&git_dir) {
            Some(target) => fs::write(private.join("HEAD"), [b"ref: ", &*target].concat())?,
            None => link(&git_dir.join("HEAD"), &private.join("HEAD"))?,
        }
        fs::write(private.join("commondir"), "../common.git")?;
        link_all(&common_dir, &common, &["commondir", "objects"])?;
        let mut alternates = Vec::new();
        for (number, from) in object_dirs(&common_dir.join("objects"))?.iter().enumerate() {
            if number == 0 {
                link_all(from, &common.join("objects"), &["info"])?;
                link_all(
                    &from.join("info"),
                    &common.join("objects/info"),
                    &["alternates"],
                )?;
            } else {
                let name = format!("alternate-{number}");
                link_all(from, &self.dir.path().join(&name), &["info"])?;
                alternates.push(format!("../../{name}\n"));
            }
        }
        fs::write(common.join("objects/info/alternates"), alternates.concat())
    }
}

/// Returns the target of `HEAD` if it is a symbolic link to a branch without a file, such as a packed
/// one.
pub(super) fn head_link(git_dir: &Path) -> Option<Vec<u8>> {
    let head = git_dir.join("HEAD");
    let target = fs::read_link(&head).ok()?;
    let target = target.into_os_string().into_encoded_bytes();
    let is_branch =
        target.starts_with(b"refs/") && gix::validate::reference::name(target.as_bstr()).is_ok();
    (is_branch && !head.exists()).then_some(target)
}

/// Makes a directory with a link to each entry of another one, except for some.
fn link_all(from: &Path, into: &Path, except: &[&str]) -> io::Result<()> {
    fs::create_dir_all(into)?;
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let is_lock = name.as_encoded_bytes().ends_with_str(".lock");
        if !is_lock && !except.iter().any(|except| name == *except) {
            link(&entry.path(), &into.join(name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, from: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, from)
}

#[cfg(not(unix))]
fn link(_to: &Path, _from: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
