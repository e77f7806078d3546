//! Files and branch of a clone's working tree, brought to where the origin's branch is.
//!
//! As `git merge --ff-only`: only what changed between the two commits is touched, and only where nobody changed it here. A
//! run that is killed half-way goes on at the next: a file that is already as it should be is as good as an old one.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::index::entry::{Flags, Mode, Stage};
use gix::objs::Kind;
use gix::objs::tree::EntryKind;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use super::blame::WorkingTree;
use super::clone::{CloneOptions, Existing, Files, UpdateFiles, open_for_checkout, write_files};
use super::id::ObjectId as Id;
use super::refs::Head;
use super::repo::Repo;
use super::source;
use super::tree_diff::{Side, TreeChange, tree_changes};
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
    let plan = match Plan::new(repo, root, from, to, overwrites, cancel)? {
        Ok(plan) => plan,
        Err(reason) => return Ok(Forwarded::Kept(reason)),
    };
    if plan.is_empty() && from == Some(to) {
        return Ok(Forwarded::Nothing);
    }
    super::missing::fetch_blobs(repo, plan.blobs(), options, progress, cancel)?;
    plan.apply(repo, options, progress, cancel)?;
    move_branch(&local, &branch, from, to)?;
    Ok(Forwarded::Moved(branch))
}

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
struct Plan {
    root: PathBuf,
    tree: ObjectId,
    changes: Vec<TreeChange>,
}

impl Plan {
    /// The inner error says what stands in the way.
    fn new(
        repo: &Repo,
        root: PathBuf,
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
        } else if let Some(reason) = state.in_the_way(&root, &changes, local.object_hash())? {
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

    fn is_empty(&self) -> bool {
        self.changes.is_empty()
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
        options: &CloneOptions,
        progress: &Arc<dyn ProgressSink>,
        cancel: &CancelToken,
    ) -> Result<()> {
        let corrupt = |what: &'static str| source::unreadable(repo.path(), what);
        let writer = open_for_checkout(&self.root)?;
        let fresh = writer.index_from_tree(&self.tree);
        let mut fresh = fresh.map_err(corrupt("the new files cannot be checked out"))?;
        let changed: HashSet<&[u8]> = self
            .changes
            .iter()
            .map(|change| change.path.as_slice())
            .collect();
        fresh.remove_entries(|_, path, _| !changed.contains(path.as_bytes()));
        for change in self.changes.iter().filter(|change| change.new.is_none()) {
            let is_file = change.old.is_some_and(|side| !side.is_submodule());
            if is_file {
                remove(&self.root, &change.path)?;
            }
        }
        let files = Files::new(self.root.display().to_string(), &fresh, progress);
        let existing = Existing::Replaced;
        write_files(
            &writer,
            &mut fresh,
            existing,
            &files,
            options.threads,
            cancel,
        )?;

        let mut index = match writer.open_index() {
            Ok(index) => index,
            Err(_) if !writer.index_path().exists() => gix::index::File::from_state(
                gix::index::State::new(writer.object_hash()),
                writer.index_path(),
            ),
            Err(error) => return Err(corrupt("its index")(error)),
        };
        index.remove_entries(|_, path, _| changed.contains(path.as_bytes()));
        for entry in fresh.entries() {
            index.dangerously_push_entry(
                entry.stat,
                entry.id,
                Flags::empty(),
                entry.mode,
                entry.path(&fresh),
            );
        }
        index.sort_entries();
        index.remove_tree(); // what it remembers of directories is about the old entries
        index.remove_resolve_undo();
        index
            .write(gix::index::write::Options::default())
            .map_err(corrupt("its index cannot be written"))
    }
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
            return Ok(Ok(state));
        }
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

    /// What somebody changed here, or put where a new file goes.
    fn in_the_way(
        &self,
        root: &Path,
        changes: &[TreeChange],
        hash: gix::hash::Kind,
    ) -> Result<Option<String>> {
        let removed: HashSet<&[u8]> = changes
            .iter()
            .filter(|change| change.new.is_none())
            .map(|change| change.path.as_slice())
            .collect();
        for TreeChange { path, old, new } in changes {
            let shown = || String::from_utf8_lossy(path);
            let indexed = self.index.get(path).copied();
            if indexed != *old && indexed != *new {
                return Ok(Some(format!("{} has staged changes", shown())));
            }
            if let Some(Some(found)) = self.files.get(path)
                && Some(*found) != *old
                && Some(*found) != *new
            {
                return Ok(Some(format!("{} has changes", shown())));
            }
            let Some(new) = new.filter(|_| indexed.is_none()) else {
                continue;
            };
            if is_untracked_there(root, path, new, &removed, hash)? {
                return Ok(Some(format!("{} is in the way, and not tracked", shown())));
            }
        }
        Ok(None)
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
    Ok(found.is_symlink() != (new.mode == EntryKind::Link) || id.ok() != Some(new.id))
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
