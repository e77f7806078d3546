//! Files and branch of a clone's working tree, brought to where the origin's branch is.
//!
//! As `git merge --ff-only`: only what changed between the two commits is touched, and only where nobody changed it here.
//! The index is locked before anything is looked at, as by git. New files are written beside the old ones' tree and then
//! renamed into place, so each is either old or new; a run that is killed half-way goes on at the next, because a file that
//! is already as it should be is as good as an old one.

use std::collections::{HashMap, HashSet};
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::index::entry::{Flags, Mode, Stage};
use gix::objs::Kind;
use gix::objs::tree::EntryKind;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use super::blame::WorkingTree;
use super::clone::{CloneOptions, Files, UpdateFiles, open_for_checkout, write_files};
use super::id::ObjectId as Id;
use super::refs::Head;
use super::repo::Repo;
use super::source;
use super::transport::Watch;
use super::tree_diff::{Side, TreeChange, tree_changes};
use super::update::lock;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::progress::ProgressSink;

/// What became of the files.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Forwarded {
    /// There was nothing to do.
    Nothing,
    /// They and this branch are at another commit now.
    Moved(Vec<u8>),
    /// They stay, for this reason.
    Kept(String),
}

/// Brings the branch that `HEAD` names, and the files, to where its remote-tracking branch is.
pub(super) fn forward(
    repo: &Repo,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<Forwarded> {
    let local = repo.local();
    let Some(root) = local.workdir().map(Path::to_owned) else {
        return Ok(Forwarded::Nothing);
    };
    let (branch, from) = match repo.head()? {
        Head::Branch { name, commit_id } => (name, Some(commit_id)),
        Head::Unborn { name } => (name, None),
        Head::Detached { .. } => return Ok(Forwarded::Nothing),
    };
    let Some(to) = tracked(repo, &branch)? else {
        return Ok(Forwarded::Nothing);
    };
    let overwrites = options.update_files == UpdateFiles::Overwrite;
    if from == Some(to) && !overwrites {
        return Ok(Forwarded::Nothing);
    }
    if options.update_files == UpdateFiles::Keep {
        return Ok(Forwarded::Kept("they are to stay".to_owned()));
    }
    if let Some(from) = from.filter(|_| !overwrites) {
        let base = local
            .merge_base(from.0, to.0)
            .ok()
            .flatten()
            .map(gix::Id::detach);
        if base == Some(to.0) {
            return Ok(Forwarded::Nothing); // nothing there that is not here
        }
        if base != Some(from.0) {
            let reason = "the branch here has commits that its origin does not have";
            return Ok(Forwarded::Kept(reason.to_owned()));
        }
    }
    let plan = || Plan::new(repo, &root, from, to, overwrites, cancel);
    if let Ok(first) = plan()? {
        super::missing::fetch_blobs(repo, first.blobs(), options, progress, cancel)?;
    }
    let _lock = lock(local.common_dir(), &Watch::new(None))?;
    let wait = gix::lock::acquire::Fail::AfterDurationWithBackoff(BUSY);
    let index_path = local.index_path();
    let Ok(index_lock) = gix::lock::File::acquire_to_update_resource(&index_path, wait, None, 0)
    else {
        let reason = format!(
            "somebody else is at work there ({}.lock)",
            index_path.display()
        );
        return Ok(Forwarded::Kept(reason));
    };
    // What was fetched took its time: what counts is what is there now.
    let plan = match plan()? {
        Ok(plan) => plan,
        Err(reason) => return Ok(Forwarded::Kept(reason)),
    };
    if plan.changes.is_empty() && from == Some(to) {
        return Ok(Forwarded::Nothing);
    }
    plan.apply(repo, index_lock, options, progress, cancel)?;
    move_branch(&local, &branch, from, to)?;
    Ok(Forwarded::Moved(branch))
}

/// How long another program may be at work on the index.
const BUSY: std::time::Duration = std::time::Duration::from_secs(3);

/// The commit of the remote-tracking branch that a branch follows.
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
    let unreadable = || source::unreadable(repo.path(), "its refs");
    let Some(mut found) = local
        .try_find_reference(tracking.as_ref())
        .map_err(unreadable())?
    else {
        return Ok(None);
    };
    let id = found.peel_to_id().map_err(unreadable())?.detach();
    Ok(Some(Id(id)))
}

/// What is to be written and removed.
struct Plan<'a> {
    root: &'a Path,
    tree: ObjectId,
    changes: Vec<TreeChange>,
}

impl<'a> Plan<'a> {
    /// The inner error says what stands in the way.
    fn new(
        repo: &Repo,
        root: &'a Path,
        from: Option<Id>,
        to: Id,
        overwrites: bool,
        cancel: &CancelToken,
    ) -> Result<Result<Self, String>> {
        let local = repo.local();
        let tree_of = |id: Id| {
            let commit = local.find_commit(id.0);
            let tree = commit.and_then(|commit| Ok(commit.tree_id()?.detach()));
            tree.map_err(source::unreadable(repo.path(), format!("commit {id}")))
        };
        let tree = tree_of(to)?;
        let old_tree = from.filter(|_| !overwrites).map(tree_of).transpose()?;
        let source = repo.object_source()?;
        let mut changes = tree_changes(&source.objects(), old_tree, Some(tree))?;
        let state = match State::read(repo, from.is_some(), &changes, overwrites, cancel)? {
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
        // What the index does not know is not ours to remove.
        changes.retain(|change| change.new.is_some() || state.index.contains_key(&change.path));
        Ok(Ok(Self {
            root,
            tree,
            changes,
        }))
    }

    /// Blobs that are written.
    fn blobs(&self) -> HashSet<ObjectId> {
        let new = self.changes.iter().filter_map(|change| change.new);
        new.filter(|side| !side.is_submodule())
            .map(|side| side.id)
            .collect()
    }

    /// Files, then the index: what is killed in between is found again by its content.
    fn apply(
        &self,
        repo: &Repo,
        index_lock: gix::lock::File,
        options: &CloneOptions,
        progress: &Arc<dyn ProgressSink>,
        cancel: &CancelToken,
    ) -> Result<()> {
        let corrupt = |what: &'static str| source::unreadable(repo.path(), what);
        let writer = open_for_checkout(self.root)?;
        let fresh = writer.index_from_tree(&self.tree);
        let mut fresh = fresh.map_err(corrupt("the new files cannot be checked out"))?;
        let changed: HashSet<&[u8]> = self
            .changes
            .iter()
            .map(|change| change.path.as_slice())
            .collect();
        // Entries that stay are not written, but tell the attributes of those that are.
        for (entry, path) in fresh.entries_mut_with_paths() {
            if !changed.contains(path.as_bytes()) {
                entry.flags.insert(Flags::SKIP_WORKTREE);
            }
        }
        let staging = staging(self.root)?;
        let files = Files::new(
            self.root.display().to_string(),
            changed.len() as u64,
            progress,
        );
        write_files(
            &writer,
            &mut fresh,
            staging.path(),
            &files,
            options.threads,
            cancel,
        )?;
        for change in self.changes.iter().filter(|change| change.new.is_none()) {
            if change.old.is_some_and(|side| !side.is_submodule()) {
                remove(self.root, &change.path)?;
            }
        }
        let mut index = read_index(&writer).map_err(corrupt("its index"))?;
        index.remove_entries(|_, path, _| changed.contains(path.as_bytes()));
        for entry in fresh.entries() {
            let path = entry.path(&fresh);
            if entry.flags.contains(Flags::SKIP_WORKTREE) {
                continue;
            }
            let stat = if entry.mode == Mode::COMMIT {
                entry.stat
            } else {
                put(staging.path(), self.root, path)?
            };
            index.dangerously_push_entry(stat, entry.id, Flags::empty(), entry.mode, path);
        }
        index.sort_entries();
        index.remove_tree(); // what it remembers of directories is about the old entries
        index.remove_resolve_undo();
        let mut out = BufWriter::with_capacity(64 * 1024, index_lock);
        index
            .write_to(&mut out, gix::index::write::Options::default())
            .map_err(corrupt("its index cannot be written"))?;
        let failed = || Error::storage("write", writer.index_path());
        let lock = out
            .into_inner()
            .map_err(|error| failed()(error.into_error()))?;
        lock.commit()
            .map(|_| ())
            .map_err(|error| failed()(error.error))
    }
}

fn read_index(repo: &gix::Repository) -> gix::Result<gix::index::File> {
    if repo.index_path().exists() {
        return repo.open_index();
    }
    let empty = gix::index::State::new(repo.object_hash());
    Ok(gix::index::File::from_state(empty, repo.index_path()))
}

/// Where new files are written before they go to their places: on the same file system. What a killed run left goes first.
fn staging(root: &Path) -> Result<tempfile::TempDir> {
    const NAME: &str = ".gitfleet-files-";
    for entry in std::fs::read_dir(root)
        .map_err(Error::storage("read", root))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(NAME) {
            let _ = std::fs::remove_dir_all(entry.path()); // the next update tries again
        }
    }
    tempfile::Builder::new()
        .prefix(NAME)
        .tempdir_in(root)
        .map_err(Error::storage("create a directory in", root))
}

/// Puts a new file into its place; returns what the index remembers of it.
fn put(staging: &Path, root: &Path, path: &BStr) -> Result<gix::index::entry::Stat> {
    let relative = source::path(path)?;
    let mut above = root.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        above.push(part);
        match std::fs::symlink_metadata(&above) {
            Ok(found) if found.is_dir() => continue,
            // A file or link that has been looked at, and goes.
            Ok(_) => std::fs::remove_file(&above).map_err(Error::storage("remove", &above))?,
            Err(_) => {}
        }
        std::fs::create_dir(&above).map_err(Error::storage("create", &above))?;
    }
    let place = root.join(&relative);
    if std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir()) {
        // Only if it is empty: what was in it went before.
        std::fs::remove_dir(&place).map_err(Error::storage("remove", &place))?;
    }
    std::fs::rename(staging.join(&relative), &place).map_err(Error::storage("write", &place))?;
    let failed = || Error::storage("read", &place);
    let found = gix::index::fs::Metadata::from_path_no_follow(&place).map_err(failed())?;
    gix::index::entry::Stat::from_fs(&found).map_err(|error| failed()(std::io::Error::other(error)))
}

/// What is here now: in the index, and as far as changes touch it in the working tree.
struct State {
    index: HashMap<Vec<u8>, Side>,
    /// A file that is not there has no side.
    files: HashMap<Vec<u8>, Option<Side>>,
}

impl State {
    fn read(
        repo: &Repo,
        has_head: bool,
        changes: &[TreeChange],
        overwrites: bool,
        cancel: &CancelToken,
    ) -> Result<Result<Self, String>> {
        let local = repo.local();
        let root = local.workdir().unwrap_or(local.git_dir());
        let index = local.index_or_empty();
        let index = index.map_err(source::unreadable(repo.path(), "its index"))?;
        let is_odd = index.is_sparse() || index.link().is_some();
        if is_odd
            || index
                .entries()
                .iter()
                .any(|entry| entry.flags.contains(Flags::SKIP_WORKTREE))
        {
            return Ok(Err("only a part of them is checked out".to_owned()));
        }
        let mut state = Self {
            index: HashMap::new(),
            files: HashMap::new(),
        };
        for entry in index.entries() {
            if entry.stage() != Stage::Unconflicted && !overwrites {
                return Ok(Err("a merge has conflicts".to_owned()));
            }
            let side = Side {
                mode: kind(entry.mode),
                id: entry.id,
            };
            state.index.insert(entry.path(&index).to_vec(), side);
        }
        if !has_head {
            return Ok(if state.index.is_empty() || overwrites {
                Ok(state)
            } else {
                Err("files are staged for a first commit".to_owned())
            });
        }
        let has_modes = local.config_snapshot().boolean("core.fileMode") != Some(false);
        let touched: HashSet<&[u8]> = changes
            .iter()
            .map(|change| change.path.as_slice())
            .collect();
        let tree = WorkingTree::read(repo, cancel, |path| touched.contains(path))?;
        if tree.parents.len() > 1 && !overwrites {
            return Ok(Err("a merge is not finished".to_owned()));
        }
        for file in tree.files {
            if !touched.contains(file.path.as_slice()) {
                continue;
            }
            let side = match file.side {
                Ok(side) if has_modes => Some(with_mode(root, &file.path, side)?),
                Ok(side) => Some(side),
                Err(Error::Storage { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    None
                }
                Err(_) if overwrites => continue,
                Err(error) => return Ok(Err(error.report())),
            };
            state.files.insert(file.path, side);
        }
        Ok(Ok(state))
    }

    /// Whether index and file are this already.
    fn is_as(&self, path: &[u8], side: Option<Side>) -> bool {
        let is_file = match side {
            Some(side) if side.is_submodule() => true,
            _ => self.files.get(path).is_some_and(|found| *found == side),
        };
        is_file && self.index.get(path).copied() == side
    }

    /// What somebody changed here, or put where a new file goes. Changes may be overwritten; what git does not know of may not.
    fn in_the_way(
        &self,
        root: &Path,
        changes: &[TreeChange],
        overwrites: bool,
        hash: gix::hash::Kind,
    ) -> Result<Option<String>> {
        let removed: HashSet<&[u8]> = changes
            .iter()
            .filter(|change| change.new.is_none() || overwrites)
            .map(|change| change.path.as_slice())
            .collect();
        for TreeChange { path, old, new } in changes {
            let shown = || String::from_utf8_lossy(path);
            let indexed = self.index.get(path).copied();
            if !overwrites {
                if indexed != *old && indexed != *new {
                    return Ok(Some(format!("{} has staged changes", shown())));
                }
                if let Some(Some(found)) = self.files.get(path)
                    && Some(*found) != *old
                    && Some(*found) != *new
                {
                    return Ok(Some(format!("{} has changes", shown())));
                }
            }
            let Some(new) = new.filter(|side| !side.is_submodule()) else {
                continue;
            };
            let is_there = if indexed.is_none() && !overwrites {
                is_untracked_there(root, path, new, &removed, hash)?
            } else {
                is_directory_there(root, path, &removed)?
            };
            if is_there {
                return Ok(Some(format!("{} is in the way, and not tracked", shown())));
            }
        }
        Ok(None)
    }
}

/// The file's own right to be run, where git looks at it.
#[cfg(unix)]
fn with_mode(root: &Path, path: &[u8], side: Side) -> Result<Side> {
    use std::os::unix::fs::PermissionsExt;
    if !side.is_regular() {
        return Ok(side);
    }
    let file = root.join(source::path(path.as_bstr())?);
    let found = std::fs::symlink_metadata(&file).map_err(Error::storage("read", &file))?;
    let mode = if found.permissions().mode() & 0o100 == 0 {
        EntryKind::Blob
    } else {
        EntryKind::BlobExecutable
    };
    Ok(Side { mode, ..side })
}

#[cfg(not(unix))]
fn with_mode(_root: &Path, _path: &[u8], side: Side) -> Result<Side> {
    Ok(side)
}

/// Whether a directory with more in it than what goes anyway stands where a file is to be.
fn is_directory_there(root: &Path, path: &[u8], removed: &HashSet<&[u8]>) -> Result<bool> {
    let file = root.join(source::path(path.as_bstr())?);
    match std::fs::symlink_metadata(&file) {
        Ok(found) if found.is_dir() => has_more_than(&file, path, removed),
        _ => Ok(false),
    }
}

/// Whether something that git does not know lies at `path`, or above it. A file that is what it should become does no harm.
fn is_untracked_there(
    root: &Path,
    path: &[u8],
    new: Side,
    removed: &HashSet<&[u8]>,
    hash: gix::hash::Kind,
) -> Result<bool> {
    for end in memchr::memchr_iter(b'/', path) {
        let above = &path[..end];
        match std::fs::symlink_metadata(root.join(source::path(above.as_bstr())?)) {
            Ok(found) if !found.is_dir() && !removed.contains(above) => return Ok(true),
            Ok(found) if found.is_dir() => {}
            _ => return Ok(false),
        }
    }
    let file = root.join(source::path(path.as_bstr())?);
    let Ok(found) = std::fs::symlink_metadata(&file) else {
        return Ok(false);
    };
    if found.is_dir() {
        return has_more_than(&file, path, removed);
    }
    let content = if found.is_symlink() {
        std::fs::read_link(&file).map(|target| target.into_os_string().into_encoded_bytes())
    } else {
        std::fs::read(&file)
    };
    let content = content.map_err(Error::storage("read", &file))?;
    let id = gix::objs::compute_hash(hash, Kind::Blob, &content);
    let mode = if found.is_symlink() {
        EntryKind::Link
    } else {
        with_mode(
            root,
            path,
            Side {
                mode: EntryKind::Blob,
                ..new
            },
        )?
        .mode
    };
    Ok(mode != new.mode || id.ok() != Some(new.id))
}

/// Whether a directory has files that are not `removed` anyway.
fn has_more_than(directory: &Path, path: &[u8], removed: &HashSet<&[u8]>) -> Result<bool> {
    for entry in std::fs::read_dir(directory).map_err(Error::storage("read", directory))? {
        let entry = entry.map_err(Error::storage("read", directory))?;
        let inside = [path, b"/", entry.file_name().as_encoded_bytes()].concat();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_more = if is_directory {
            has_more_than(&entry.path(), &inside, removed)?
        } else {
            !removed.contains(inside.as_slice())
        };
        if is_more {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes a file and the directories it leaves empty; never through a link.
fn remove(root: &Path, path: &[u8]) -> Result<()> {
    let relative = source::path(path.as_bstr())?;
    let mut above = root.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        above.push(part);
        if !std::fs::symlink_metadata(&above).is_ok_and(|found| found.is_dir()) {
            return Ok(()); // it went with its directory
        }
    }
    let file = root.join(&relative);
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::storage("remove", &file)(error));
        }
        _ => {}
    }
    let mut parent = relative.parent();
    while let Some(directory) = parent.filter(|path| !path.as_os_str().is_empty()) {
        if std::fs::remove_dir(root.join(directory)).is_err() {
            break; // there is something else in it
        }
        parent = directory.parent();
    }
    Ok(())
}

fn kind(mode: Mode) -> EntryKind {
    match mode {
        Mode::FILE_EXECUTABLE => EntryKind::BlobExecutable,
        Mode::SYMLINK => EntryKind::Link,
        Mode::COMMIT => EntryKind::Commit,
        Mode::DIR => EntryKind::Tree,
        _ => EntryKind::Blob,
    }
}

fn move_branch(repo: &gix::Repository, branch: &[u8], from: Option<Id>, to: Id) -> Result<()> {
    let failed = || source::unreadable(repo.git_dir(), "its branch cannot be moved");
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
