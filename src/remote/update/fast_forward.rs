//! Fast-forwards the branch and the files of a clone's working tree to the origin's branch.
//!
//! Unless files are to be overwritten, only files that differ between the two commits are touched,
//! and only if they have no local changes, as with `git merge --ff-only`. As in git, the index is
//! locked before anything is checked. New files are written to a temporary directory and then
//! renamed into place, so each file is either old or new. If a run is killed, the next one
//! continues, because a file that already has its new content is accepted like an unchanged one.

use std::collections::HashSet;
use std::io::BufWriter;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::index::entry::{Flags, Mode};
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use super::default_branch::{replacement, switch};
use super::local_changes::LocalFiles;
use super::place_files::{put, put_submodule, remove};
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::diff::tree::{Side, TreeChange, tree_changes};
use crate::git::gix_error;
use crate::git::id::ObjectId as Id;
use crate::git::index_file::{empty_index, read_index};
use crate::git::refs::{Head, RefStore};
use crate::git::repo::Repo;
use crate::git_string::GitString;
use crate::remote::checkout::{CheckoutProgress, index_of, open_for_checkout, write_files};
use crate::remote::lock::{CloneLock, lock_clone};
use crate::remote::options::{CloneOptions, UpdateFiles};
use crate::remote::prefetch::{fetch_blobs, is_partial};
use crate::remote::transport::TransferMonitor;

/// The result of a fast-forward.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum FastForward {
    /// Nothing to move: no change, no working tree, no branch, or no remote-tracking branch.
    UpToDate,
    /// The files and this branch moved to another commit.
    Moved(GitString),
    /// The files moved to this branch, which is new: the origin has it as its default branch, and no
    /// longer has the one that was checked out.
    Switched(GitString),
    /// The files were not updated, for this reason.
    Kept(String),
}

/// Moves the branch of `HEAD` and the files to the commit of its remote-tracking branch.
pub(crate) fn fast_forward(
    repo: &Repo,
    options: &CloneOptions,
    context: &Context,
) -> Result<FastForward> {
    let local = repo.local();
    let Some(root) = local.workdir().map(Path::to_owned) else {
        return Ok(FastForward::UpToDate);
    };
    let (branch, from) = match repo.head()? {
        Head::Branch { name, commit_id } => (name, Some(commit_id)),
        Head::Unborn { name } => (name, None),
        Head::Detached { .. } => return Ok(FastForward::UpToDate),
    };
    let overwrites = options.update_files == UpdateFiles::Overwrite;
    let (to, new_branch) = match tracked(repo, &branch)? {
        Some(to) => (to, None),
        None => match replacement(repo, &branch)? {
            Some((new, to)) if overwrites && !exists(&local, &new)? => (to, Some(new)),
            Some((new, _)) if new != branch => {
                return Ok(FastForward::Kept(format!(
                    "the origin no longer has {branch}, and its default branch is {new}: switch to it"
                )));
            }
            _ => return Ok(FastForward::UpToDate),
        },
    };
    if from == Some(to) && !overwrites {
        return Ok(FastForward::UpToDate);
    }
    if options.update_files == UpdateFiles::Keep {
        return Ok(FastForward::Kept("the options say to keep them".to_owned()));
    }
    if let Some(from) = from.filter(|_| !overwrites)
        && let Some(end) = without_fast_forward(&local, from, to)?
    {
        return Ok(end);
    }
    let plan = || FilePlan::new(repo, &root, from, to, overwrites, &context.cancel);
    if is_partial(repo)
        && let Ok(first) = plan()?
    {
        fetch_blobs(repo, first.blobs(), options, context)?;
    }
    let monitor = TransferMonitor::stopped_by(&context.cancel);
    let mut lock = lock_clone(&local, &monitor)?;
    let wait = gix::lock::acquire::Fail::AfterDurationWithBackoff(BUSY);
    let index_path = local.index_path();
    let locked = gix::lock::File::acquire_to_update_resource(&index_path, wait, None, 0);
    let index_lock = match locked {
        Ok(lock) => lock,
        Err(error) if is_taken(&error) => {
            let reason = format!(
                "another process is using its index ({}.lock)",
                index_path.display()
            );
            return Ok(FastForward::Kept(reason));
        }
        Err(error) => return Err(gix_error::unreadable(&index_path, "its lock")(error)),
    };
    // Fetching took time: plan again from the current state, now that the index is locked.
    let plan = match plan()? {
        Ok(plan) => plan,
        Err(reason) => return Ok(FastForward::Kept(reason)),
    };
    if plan.changes.is_empty() && from == Some(to) && new_branch.is_none() {
        return Ok(FastForward::UpToDate);
    }
    plan.apply(repo, &mut lock, index_lock, options, context)?;
    lock.mark().map_err(Error::storage("lock", &root))?;
    if let Some(new) = new_branch {
        switch(&local, &new, to)?;
        return Ok(FastForward::Switched(new));
    }
    move_branch(&local, &branch, from, to)?;
    Ok(FastForward::Moved(branch))
}

/// True for the error that another program holds a lock.
fn is_taken(error: &gix::Error) -> bool {
    let source = error.downcast_any_ref::<std::io::Error>();
    source.is_some_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists)
}

fn exists(repo: &gix::Repository, name: &[u8]) -> Result<bool> {
    Ok(RefStore::of(repo).resolve(name)?.is_some())
}

/// Returns the result if `to` is not a descendant of `from`.
fn without_fast_forward(repo: &gix::Repository, from: Id, to: Id) -> Result<Option<FastForward>> {
    let bases = repo.merge_bases_many(from.0, &[to.0]);
    let bases = gix_error::optional(repo.git_dir(), bases)?.unwrap_or_default();
    let is_base = |id: Id| bases.iter().any(|base| base.detach() == id.0);
    if is_base(to) {
        return Ok(Some(FastForward::UpToDate)); // the origin has no new commits
    }
    let reason = "the local branch has commits that its origin does not have";
    Ok((!is_base(from)).then(|| FastForward::Kept(reason.to_owned())))
}

/// Longest wait for another program that has locked the index.
const BUSY: std::time::Duration = std::time::Duration::from_secs(3);

/// Returns the commit of the remote-tracking branch of `branch`, if there is one.
fn tracked(repo: &Repo, branch: &[u8]) -> Result<Option<Id>> {
    let local = repo.local();
    let Ok(name) = FullName::try_from(gix::bstr::BString::from(branch)) else {
        return Ok(None);
    };
    let tracking =
        local.branch_remote_tracking_ref_name(name.as_ref(), gix::remote::Direction::Fetch);
    let Some(Ok(tracking)) = tracking else {
        return Ok(None);
    };
    let found = RefStore::of(&local).resolve(tracking.as_bstr())?;
    Ok(found.map(|(_, id)| Id(id)))
}

/// The files to write and remove.
struct FilePlan<'a> {
    root: &'a Path,
    tree: ObjectId,
    changes: Vec<TreeChange>,
}

impl<'a> FilePlan<'a> {
    /// Plans the changes from `from` to `to`. The inner error is the reason why files cannot be
    /// updated.
    fn new(
        repo: &Repo,
        root: &'a Path,
        from: Option<Id>,
        to: Id,
        overwrites: bool,
        cancel: &CancelToken,
    ) -> Result<Result<Self, String>> {
        let local = repo.local();
        let tree = repo.tree_of(to)?;
        let old_tree = from.filter(|_| !overwrites);
        let old_tree = old_tree.map(|id| repo.tree_of(id)).transpose()?;
        let source = repo.object_source()?;
        let mut changes = tree_changes(&source.objects(), old_tree, Some(tree))?;
        let state = match LocalFiles::read(repo, from.is_some(), &changes, overwrites, cancel)? {
            Ok(state) => state,
            Err(reason) => return Ok(Err(reason)),
        };
        if overwrites {
            let wanted: HashSet<Vec<u8>> =
                changes.iter().map(|change| change.path.clone()).collect();
            changes.retain(|change| !state.is_as(&change.path, change.new));
            let gone = state
                .index
                .iter()
                .filter(|(path, _)| !wanted.contains(*path));
            changes.extend(gone.map(|(path, side)| TreeChange {
                path: path.clone(),
                old: Some(*side),
                new: None,
            }));
        }
        if let Some(reason) = state.in_the_way(root, &changes, overwrites, local.object_hash())? {
            return Ok(Err(reason));
        }
        // Files that are not in the index must not be removed.
        changes.retain(|change| change.new.is_some() || state.index.contains_key(&change.path));
        Ok(Ok(Self {
            root,
            tree,
            changes,
        }))
    }

    /// Returns the blobs of the files to write.
    fn blobs(&self) -> HashSet<ObjectId> {
        let new = self.changes.iter().filter_map(|change| change.new);
        new.filter(|side| !side.is_submodule())
            .map(|side| side.id)
            .collect()
    }

    /// Writes the files, then the index. If the process is killed in between, the next run
    /// recognizes finished files by their content.
    fn apply(
        &self,
        repo: &Repo,
        lock: &mut CloneLock,
        index_lock: gix::lock::File,
        options: &CloneOptions,
        context: &Context,
    ) -> Result<()> {
        let writer = open_for_checkout(self.root)?;
        let mut fresh = index_of(&writer, &self.tree, repo.path())?;
        let changed = self.changes.iter().map(|change| change.path.as_slice());
        let changed: HashSet<&[u8]> = changed.collect();
        // Unchanged entries are not written, but their `.gitattributes` apply to the written ones.
        for (entry, path) in fresh.entries_mut_with_paths() {
            if !changed.contains(path.as_bytes()) {
                entry.flags.insert(Flags::SKIP_WORKTREE);
            }
        }
        let staging = lock.staging(self.root)?;
        let files = CheckoutProgress::new(
            self.root.display().to_string(),
            changed.len() as u64,
            &context.progress,
        );
        write_files(
            &writer,
            &mut fresh,
            staging.path(),
            &files,
            options.threads,
            &context.cancel,
        )?;
        for change in &self.changes {
            let is_file = |side: Option<Side>| side.is_some_and(|side| !side.is_submodule());
            if is_file(change.old) && !is_file(change.new) {
                remove(self.root, &change.path)?;
            }
        }
        let index = self.place(&writer, &fresh, staging.path(), &changed)?;
        write_index(&index, index_lock)
    }

    /// Moves the written files into place. Returns the new index.
    fn place(
        &self,
        writer: &gix::Repository,
        fresh: &gix::index::File,
        staging: &Path,
        changed: &HashSet<&[u8]>,
    ) -> Result<gix::index::File> {
        let mut index = read_index(writer)?.unwrap_or_else(|| empty_index(writer));
        index.remove_entries(|_, path, _| changed.contains(path.as_bytes()));
        for entry in fresh.entries() {
            let path = entry.path(fresh);
            if entry.flags.contains(Flags::SKIP_WORKTREE) {
                continue;
            }
            let stat = if entry.mode == Mode::COMMIT {
                put_submodule(self.root, path)?;
                entry.stat
            } else {
                put(staging, self.root, path)?
            };
            index.dangerously_push_entry(stat, entry.id, Flags::empty(), entry.mode, path);
        }
        index.sort_entries();
        index.remove_tree(); // its cached trees describe the old entries
        index.remove_resolve_undo();
        Ok(index)
    }
}

/// Writes `index` to the locked file, and renames it into place.
fn write_index(index: &gix::index::File, lock: gix::lock::File) -> Result<()> {
    let failed = || Error::storage("write", index.path());
    let mut out = BufWriter::with_capacity(64 * 1024, lock);
    index
        .write_to(&mut out, gix::index::write::Options::default())
        .map_err(gix_error::unreadable(
            index.path(),
            "its index cannot be written",
        ))?;
    let lock = out
        .into_inner()
        .map_err(|error| failed()(error.into_error()))?;
    lock.commit()
        .map(|_| ())
        .map_err(|error| failed()(error.error))
}

fn move_branch(repo: &gix::Repository, branch: &[u8], from: Option<Id>, to: Id) -> Result<()> {
    let failed = || gix_error::unreadable(repo.git_dir(), "its branch cannot be moved");
    let name = FullName::try_from(gix::bstr::BString::from(branch));
    let name = name.map_err(|error| Error::internal(error.to_string()))?;
    let edit = RefEdit {
        change: Change::Update {
            log: LogChange {
                mode: RefLog::AndReference,
                force_create_reflog: false,
                message: "update: fast-forward".into(),
            },
            expected: match from {
                Some(from) => PreviousValue::MustExistAndMatch(Target::Object(from.0)),
                None => PreviousValue::MustNotExist,
            },
            new: Target::Object(to.0),
        },
        name,
        deref: false,
    };
    let mut repo = repo.clone();
    repo.committer_or_set_generic_fallback().map_err(failed())?;
    repo.edit_reference(edit).map_err(failed()).map(|_| ())
}
