//! A copy of a repository on this machine, without a git program.
//!
//! Refs are read first and objects copied after, so that a writer at work can only make the copy hold more objects than its
//! refs need. Files of objects never change, so they are hard-linked where the file system allows.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::bstr::ByteSlice;

use super::{CloneOptions, Worktree};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::refs::{Head, Reference};
use crate::git::repo::{Discover, OpenOptions, Repo};
use crate::git::source;
use crate::progress::{Phase, Progress, ProgressSink};
use crate::remote_url::RemoteUrl;
use crate::workers::Workers;

/// How often the copy starts again when a pack vanishes under it: a repack was at work.
const ATTEMPTS: usize = 3;

/// Copies the repository at `url`, a path, into the empty directory `into`.
pub(super) fn copy(
    url: &RemoteUrl,
    into: &Path,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<()> {
    let path = url.local_path().unwrap_or(Path::new(""));
    let open = OpenOptions {
        trust: options.trust,
        discover: Discover::Exact,
        workers: Some(Workers::new(1)?),
        ..OpenOptions::default()
    };
    let from = Repo::open(path, &open)?;
    let (head, refs) = (from.head()?, from.refs()?);

    let kind = match options.worktree {
        Worktree::Bare => gix::create::Kind::Bare,
        Worktree::CheckedOut => gix::create::Kind::WithWorktree,
    };
    let create = gix::create::Options {
        object_hash: Some(from.local().object_hash()),
        ..Default::default()
    };
    let made =
        gix::ThreadSafeRepository::init_opts(into, kind, create, gix::open::Options::isolated())
            .map_err(source::unreadable(into, "creating the clone"))?;
    let git_dir = made.git_dir();

    let common_dir = from.local().common_dir().to_owned();
    let mut copier = Copier {
        url,
        progress,
        cancel,
        files: 0,
        seen: HashSet::new(),
    };
    for attempt in 1.. {
        match copier.objects(&common_dir.join("objects"), &git_dir.join("objects")) {
            Err(Error::Storage { source, .. })
                if source.kind() == ErrorKind::NotFound && attempt < ATTEMPTS =>
            {
                copier.seen.clear();
            }
            copied => {
                copied?;
                break;
            }
        }
    }
    copy_if_there(&common_dir.join("shallow"), &git_dir.join("shallow"))?;
    write_refs(git_dir, &head, &refs, options.worktree)?;
    write_remote(git_dir, path, options.worktree)
}

struct Copier<'a> {
    url: &'a RemoteUrl,
    progress: &'a Arc<dyn ProgressSink>,
    cancel: &'a CancelToken,
    files: u64,
    /// Object directories copied already; alternates may name each other.
    seen: HashSet<PathBuf>,
}

impl Copier<'_> {
    /// Copies an object directory, and those it borrows from, into one.
    fn objects(&mut self, from: &Path, to: &Path) -> Result<()> {
        if !self.seen.insert(from.to_owned()) {
            return Ok(());
        }
        for entry in list(from)? {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_fan_out = name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_fan_out {
                self.directory(&entry.path(), &to.join(name), |_| true)?;
            }
        }
        self.directory(&from.join("pack"), &to.join("pack"), is_pack_file)?;
        self.directory(&from.join("info"), &to.join("info"), |name| {
            name == "commit-graph"
        })?;
        let alternates = match fs::read(from.join("info/alternates")) {
            Ok(alternates) => alternates,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(Error::Storage {
                    action: "read",
                    path: from.join("info/alternates"),
                    source,
                });
            }
        };
        for line in alternates
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        {
            let path = line.to_path().map_err(|_| {
                Error::unsupported("an alternate object directory whose name is no text")
            })?;
            self.objects(&from.join(path), to)?; // an absolute path replaces `from`
        }
        Ok(())
    }

    fn directory(&mut self, from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let entries = match list(from) {
            Err(Error::Storage { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(());
            }
            entries => entries?,
        };
        for entry in entries {
            let name = entry.file_name();
            let is_file = entry
                .file_type()
                .map_err(Error::storage("read", entry.path()))?
                .is_file();
            if is_file
                && name
                    .to_str()
                    .is_some_and(|name| !name.starts_with("tmp_") && wanted(name))
            {
                fs::create_dir_all(to).map_err(Error::storage("create", to))?;
                self.file(&entry.path(), &to.join(name))?;
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.cancel.check()?;
        let linked = fs::hard_link(from, to);
        match linked {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(_) => {
                fs::copy(from, to).map_err(Error::storage("copy", from))?;
            }
            Ok(()) => {}
        }
        self.files += 1;
        let subject = self.url.to_string();
        self.progress.progress(Progress {
            subject,
            phase: Phase::Receiving,
            done: self.files,
            total: None,
        });
        Ok(())
    }
}

fn copy_if_there(from: &Path, to: &Path) -> Result<()> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        copied => copied.map(|_| ()).map_err(Error::storage("copy", from)),
    }
}

/// Packs with their indices and what marks a pack of a partial clone. A multi-pack index would have to match the set of
/// packs exactly, and is only a shortcut.
fn is_pack_file(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    name.starts_with("pack-")
        && matches!(
            extension,
            Some("pack" | "idx" | "rev" | "promisor" | "mtimes")
        )
}

fn list(directory: &Path) -> Result<Vec<fs::DirEntry>> {
    fs::read_dir(directory)
        .and_then(Iterator::collect)
        .map_err(Error::storage("read", directory))
}

/// Branches, tags and HEAD, as `git clone` lays them out.
fn write_refs(git_dir: &Path, head: &Head, refs: &[Reference], worktree: Worktree) -> Result<()> {
    let mut packed: Vec<(Vec<u8>, &Reference)> = Vec::new();
    for reference in refs {
        let name = reference.name.as_slice();
        if name.starts_with(b"refs/tags/")
            || (worktree == Worktree::Bare && name.starts_with(b"refs/heads/"))
        {
            packed.push((name.to_owned(), reference));
        } else if let Some(branch) = name.strip_prefix(b"refs/heads/") {
            packed.push(([b"refs/remotes/origin/", branch].concat(), reference));
            if matches!(head, Head::Branch { name: current, .. } if current == name) {
                packed.push((name.to_owned(), reference));
            }
        }
    }
    packed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut text = b"# pack-refs with: peeled fully-peeled sorted \n".to_vec();
    for (name, reference) in packed {
        text.extend_from_slice(format!("{} ", reference.target_id).as_bytes());
        text.extend_from_slice(&name);
        text.push(b'\n');
        if reference.peeled_id != reference.target_id {
            text.extend_from_slice(format!("^{}\n", reference.peeled_id).as_bytes());
        }
    }
    write(&git_dir.join("packed-refs"), &text)?;
    let head_text = match head {
        Head::Branch { name, .. } | Head::Unborn { name } => {
            [b"ref: ", name.as_slice(), b"\n"].concat()
        }
        Head::Detached { commit_id } => format!("{commit_id}\n").into_bytes(),
    };
    write(&git_dir.join("HEAD"), &head_text)
}

fn write_remote(git_dir: &Path, url: &Path, worktree: Worktree) -> Result<()> {
    let url = std::path::absolute(url).map_err(Error::storage("find", url))?;
    let url = url
        .display()
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    let mut text = format!("[remote \"origin\"]\n\turl = \"{url}\"\n");
    if worktree == Worktree::CheckedOut {
        text.push_str("\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
    }
    let path = git_dir.join("config");
    let append = || {
        fs::OpenOptions::new()
            .append(true)
            .open(&path)?
            .write_all(text.as_bytes())
    };
    append().map_err(Error::storage("write", &path))
}

fn write(path: &Path, data: &[u8]) -> Result<()> {
    fs::write(path, data).map_err(Error::storage("write", path))
}
