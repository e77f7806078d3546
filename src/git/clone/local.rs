//! A copy of a repository on this machine, without a git program.
//!
//! Refs are read first and objects copied after, so that a writer at work can only make the copy hold more objects than its
//! refs need. Files of objects never change, so they are hard-linked where the file system allows.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::bstr::ByteSlice;

use super::config::{self, Remote};
use super::{CloneOptions, Worktree};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::packed_refs::{self, PackedRef};
use crate::git::refs::{Head, Reference};
use crate::git::repo::{Discover, OpenOptions, Repo};
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
        Worktree::Bare | Worktree::Mirror => gix::create::Kind::Bare,
        Worktree::CheckedOut => gix::create::Kind::WithWorktree,
    };
    let create = gix::create::Options {
        object_hash: Some(from.local().object_hash()),
        ..Default::default()
    };
    let made =
        gix::ThreadSafeRepository::init_opts(into, kind, create, gix::open::Options::isolated())
            .map_err(gix_error::unreadable(into, "creating the clone"))?;
    let git_dir = made.git_dir();
    super::place::remove_samples(git_dir)?;

    copy_objects(&from, git_dir, url, progress, cancel)?;
    let common_dir = from.local().common_dir().to_owned();
    copy_if_there(&common_dir.join("shallow"), &git_dir.join("shallow"))?;
    let absolute = std::path::absolute(path).map_err(Error::storage("find", path))?;
    let specs = match options.worktree {
        Worktree::CheckedOut => vec!["+refs/heads/*:refs/remotes/origin/*".to_owned()],
        Worktree::Bare => vec![
            "+refs/heads/*:refs/heads/*".to_owned(),
            "+refs/tags/*:refs/tags/*".to_owned(),
        ],
        Worktree::Mirror => vec!["+refs/*:refs/*".to_owned()],
    };
    let remote = Remote {
        url: &absolute.display().to_string(),
        specs: &specs,
        is_mirror: options.worktree == Worktree::Mirror,
        has_no_tags: false,
        filter: None,
        branch: match &head {
            Head::Branch { name, .. } if options.worktree == Worktree::CheckedOut => Some(name),
            _ => None,
        },
    };
    config::append(git_dir, &remote)?;
    if let (Worktree::CheckedOut, Head::Branch { name, .. }) = (options.worktree, &head) {
        packed_refs::write_origin_head(git_dir, name)?;
    }
    packed_refs::write(git_dir, &head, packed(&head, &refs, options.worktree))
}

/// Links or copies what `into`, a git directory, does not have of the objects of `from`.
pub(in crate::git) fn copy_objects(
    from: &Repo,
    into: &Path,
    url: &RemoteUrl,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<()> {
    let is_partial = {
        let local = from.local();
        let config = local.config_snapshot();
        let names = [
            "extensions.partialClone",
            "remote.origin.promisor",
            "remote.origin.partialclonefilter",
        ];
        names.into_iter().any(|name| config.string(name).is_some())
    };
    if is_partial {
        return Err(Error::unsupported(format!(
            "copying the partial clone {}: clone its origin instead",
            from.path().display()
        )));
    }
    let common_dir = from.local().common_dir().to_owned();
    let mut copier = Copier {
        url,
        progress,
        cancel,
        files: 0,
        seen: HashSet::new(),
    };
    for attempt in 1.. {
        match copier.objects(&common_dir.join("objects"), &into.join("objects")) {
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
    Ok(())
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
        match fs::hard_link(from, to) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(_) if to.exists() => return Ok(()),
            Err(_) => copy_whole(from, to)?,
            Ok(()) => {}
        }
        self.files += 1;
        let subject = self.url.to_string();
        self.progress.progress(Progress {
            subject,
            phase: Phase::Receiving,
            done: self.files,
            total: None,
            bytes: 0,
        });
        Ok(())
    }
}

/// Under another name first: whoever reads the copy never sees a part of a file.
fn copy_whole(from: &Path, to: &Path) -> Result<()> {
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    fs::copy(from, &part).map_err(Error::storage("copy", from))?;
    fs::rename(&part, to).map_err(Error::storage("create", to))
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
    let mut entries: Vec<_> = fs::read_dir(directory)
        .and_then(Iterator::collect)
        .map_err(Error::storage("read", directory))?;
    // A reader takes a pack for complete when it sees its index.
    entries.sort_by_key(|entry| entry.path().extension() == Some("idx".as_ref()));
    Ok(entries)
}

/// Branches, tags and HEAD, as `git clone` lays them out.
fn packed(head: &Head, refs: &[Reference], worktree: Worktree) -> Vec<PackedRef> {
    let mut packed: Vec<PackedRef> = Vec::new();
    for reference in refs {
        let mut add = |name: Vec<u8>| {
            let (target, peeled) = (reference.target_id.0, reference.peeled_id.0);
            packed.push(PackedRef {
                name,
                target,
                peeled: (peeled != target).then_some(peeled),
            });
        };
        let name = reference.name.as_slice();
        let is_kept = match worktree {
            Worktree::Mirror => true,
            Worktree::Bare => name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/"),
            Worktree::CheckedOut => name.starts_with(b"refs/tags/"),
        };
        if is_kept {
            add(name.to_owned());
        } else if worktree == Worktree::CheckedOut
            && let Some(branch) = name.strip_prefix(b"refs/heads/")
        {
            add([b"refs/remotes/origin/", branch].concat());
            if matches!(head, Head::Branch { name: current, .. } if current == name) {
                add(name.to_owned());
            }
        }
    }
    packed
}
