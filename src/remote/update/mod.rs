//! Updates of a clone from its origin.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::protocol::fetch::{RefMap, Shallow, Tags};
use gix::protocol::handshake::Ref;
use gix::refspec::RefSpec;

use super::fetch::{
    Connection, Counters, LocalRemote, ReceiveOptions, Transfer, check_connected, parse,
    ref_targets, update as update_refs,
};
use super::lock::{CloneLock, lock_clone};
use super::options::{CloneOptions, Filter};
use super::origin_config::OriginConfig;
use super::outcome::{RefChange, RefUpdate, UpdateOutcome};
use super::transport::{Remote, TransferMonitor};
use crate::context::Context;
use crate::durable::{is_absence, sync_directory};
use crate::error::{Error, Result};
use crate::git::connectivity::Needs;
use crate::git::gix_error;
use crate::git::id::ObjectId as Id;
use crate::git::objects::has_object;
use crate::git::refs::{Head, has_reftable};
use crate::git::repo::{OpenOptions, Repo};
use crate::git::special_files;
use crate::git_string::GitString;
use crate::remote_url::Scheme;
use default_branch::{follow_head, follow_origin_head};
use fast_forward::{FastForward, fast_forward};
use repack::join_small_packs;
mod default_branch;
mod fast_forward;
mod local_changes;
mod place_files;
mod repack;

/// Fetches new objects from the origin of the repository at `path`, and updates the refs that the
/// clone's refspecs name; refs that the origin no longer has are removed.
///
/// If history was rewritten, a ref moves only if its refspec has a `+`, as in clones made by
/// GitFleet; [`UpdateOutcome::was_rewritten`] reports it. A bare clone without refspecs is updated
/// without force and without removals. `HEAD` of a bare clone follows the remote's default branch.
/// In a clone with a working tree, [`UpdateFiles`](super::UpdateFiles) defines how the files and
/// the branch that is checked out are updated; other local branches do not move. There is a warning
/// for each ref that is not moved, and one if the files are not updated. If nothing changed, only
/// the list of refs is requested.
///
/// Of `options`, only the network, credentials, limits, threads, `trust` and `update_files` are
/// used. The rest is read from the clone's own configuration.
///
/// # Errors
///
/// Those of [`clone_repo`](super::clone_repo) about the remote,
/// [`Error::RepositoryNotFound`](crate::Error::RepositoryNotFound) if there is no repository at
/// `path`, and [`Error::Unsupported`](crate::Error::Unsupported) if it has no origin, or if it has
/// no refspecs and is shallow or has a working tree. If the transfer fails, refs are unchanged.
///
/// # Example
///
/// ```no_run
/// use std::path::Path;
///
/// use gitfleet::Context;
/// use gitfleet::remote::{CloneOptions, update_repo};
///
/// # fn main() -> gitfleet::Result<()> {
/// let updated = update_repo(Path::new("ripgrep.git"), &CloneOptions::new(), &Context::new())?;
/// for change in &updated.refs {
///     println!("{} {:?}", change.name, change.change);
/// }
/// # Ok(())
/// # }
/// ```
pub fn update_repo(
    path: &Path,
    options: &CloneOptions,
    context: &Context,
) -> Result<UpdateOutcome> {
    context.cancel.check()?;
    let open = OpenOptions::exact(options.trust)?;
    let repo = Repo::open(path, &open)?;
    refuse_reftable(&repo)?;
    repo.refuse_view("updating")?;
    refuse_other_worktree(&repo, path)?;
    let origin = OriginConfig::read(&repo)?;
    let mut outcome = if origin.url.scheme() == Scheme::File {
        from_path(&repo, &origin, options, context)?
    } else {
        let work = {
            let remote = Remote::new(&origin.url, options)?;
            let (repo, origin, options) = (repo.clone(), origin.clone(), options.clone());
            move |monitor: &TransferMonitor, counters: &Counters| {
                from_remote(&repo, &remote, &origin, &options, monitor, counters)
            }
        };
        let transfer = Transfer {
            subject: &path.display().to_string(),
            into: path,
            options,
            context,
        };
        let (mut outcome, monitor) = transfer.run(work)?;
        outcome.received_bytes = monitor.bytes();
        outcome
    };
    let warning = options.insecure_warning(&origin.url);
    outcome.warnings.extend(warning);
    path.clone_into(&mut outcome.path);
    let repo = Repo::open(path, &open)?;
    match fast_forward(&repo, options, context)? {
        FastForward::UpToDate => {}
        FastForward::Moved(branch) => outcome.forwarded_branch = Some(branch),
        FastForward::Switched(branch) => {
            outcome.new_default_branch = Some(branch.clone());
            outcome.forwarded_branch = Some(branch);
        }
        FastForward::Kept(reason) => outcome
            .warnings
            .push(format!("its files were not updated: {reason}")),
    }
    outcome.head = repo.head()?.commit_id();
    Ok(outcome)
}

/// Refuses a clone whose refs are stored in reftables, which are only read.
fn refuse_reftable(repo: &Repo) -> Result<()> {
    if has_reftable(&repo.local()) {
        return Err(Error::unsupported(format!(
            "updating {}, whose refs are stored in reftables; \
             `git refs migrate --ref-format=files` converts them",
            repo.path().display()
        )));
    }
    Ok(())
}

/// Refuses a clone whose `.git` is a symbolic link, or whose configuration (`core.worktree`) names a
/// working tree that is not at `path`: files elsewhere would be changed.
fn refuse_other_worktree(repo: &Repo, path: &Path) -> Result<()> {
    let dot_git = path.join(".git");
    let found = match std::fs::symlink_metadata(&dot_git) {
        Err(error) if is_absence(error.kind()) => None, // a bare clone
        found => Some(found.map_err(Error::storage("read", &dot_git))?),
    };
    if found.is_some_and(|found| found.is_symlink()) {
        return Err(Error::unsupported(format!(
            "updating {}, whose .git is a symbolic link; name the directory that it is in",
            path.display()
        )));
    }
    let local = repo.local();
    let Some(root) = local.workdir() else {
        return Ok(());
    };
    let real = |path: &Path| std::fs::canonicalize(path).map_err(Error::storage("read", path));
    let (root, named, git_dir) = (real(root)?, real(path)?, real(local.git_dir())?);
    if root == named || (git_dir == named && git_dir.parent() == Some(&root)) {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "updating {}, whose working tree is elsewhere, at {}; name that directory",
        path.display(),
        root.display()
    )))
}

/// Updates over the network.
fn from_remote(
    repo: &Repo,
    remote: &Remote,
    origin: &OriginConfig,
    options: &CloneOptions,
    monitor: &TransferMonitor,
    counters: &Counters,
) -> Result<UpdateOutcome> {
    let local = repo.local();
    let mut lock = lock_clone(&local, monitor)?;
    let mut connection = Connection::open(remote, monitor)?;
    let mut asked = parse(&origin.specs)?;
    asked.extend(parse(&["HEAD"])?);
    if origin.tags != Tags::None {
        asked.extend(parse(&["refs/tags/*:refs/tags/*"])?);
    }
    connection.list(&asked)?;
    let here = LocalRefs::of(repo, origin, connection.head())?;
    let map = connection.map(&here.wanted, origin.tags)?;
    let receive_options = ReceiveOptions {
        shallow: Shallow::NoChange,
        tags: origin.tags,
        filter: origin.filter,
        threads: options.threads,
        most_objects: options.limits.max_objects,
        most_object_bytes: options.limits.max_object_bytes,
    };
    let incomplete = here.incomplete(repo, &map, origin.filter, monitor)?;
    let has_more = connection.receive(&local, &map, &incomplete, &receive_options, counters)?;
    if has_more {
        sync_directory(&local.common_dir().join("objects/pack"))?; // before refs use the objects
    }
    let mut outcome = here.apply(&local, &mut lock, origin, &map, connection.head(), monitor)?;
    if has_more && let Err(error) = join_small_packs(&local, options.threads, monitor) {
        let reason = error.report();
        outcome
            .warnings
            .push(format!("its packs were not joined: {reason}"));
    }
    Ok(outcome)
}

/// Updates from a repository on the same machine.
fn from_path(
    repo: &Repo,
    origin: &OriginConfig,
    options: &CloneOptions,
    context: &Context,
) -> Result<UpdateOutcome> {
    let Some(limit) = options.limits.max_time else {
        return copy_from_path(repo, origin, options, context);
    };
    let cancel = context.cancel.child_until(limit);
    let context = context.clone().cancelled_by(&cancel);
    match copy_from_path(repo, origin, options, &context) {
        Err(Error::Cancelled) if cancel.is_late() => Err(Error::late(origin.url.as_str(), limit)),
        updated => updated,
    }
}

fn copy_from_path(
    repo: &Repo,
    origin: &OriginConfig,
    options: &CloneOptions,
    context: &Context,
) -> Result<UpdateOutcome> {
    let monitor = TransferMonitor::stopped_by(&context.cancel);
    let local = repo.local();
    let mut lock = lock_clone(&local, &monitor)?;
    let open = OpenOptions::exact(options.trust)?;
    let from = Repo::open(origin.url.local_path().unwrap_or(Path::new("")), &open)?;
    let local_remote = LocalRemote {
        repo: &from,
        url: &origin.url,
        context,
    };
    if from.local().object_hash() != local.object_hash() {
        return Err(Error::Refused {
            subject: origin.url.to_string(),
            reason: format!(
                "its object ids are {}, but those of the clone are {}",
                from.local().object_hash(),
                local.object_hash()
            ),
        });
    }
    let refs = local_remote.refs()?;
    let head = refs.iter().find(|found| found.unpack().0 == "HEAD");
    let here = LocalRefs::of(repo, origin, head)?;
    let map = local_remote.map(&refs, &here.wanted, origin.tags)?;
    let targets = map
        .mappings
        .iter()
        .filter_map(|mapping| mapping.remote.as_id());
    let wanted: Vec<_> = targets.map(ToOwned::to_owned).collect();
    let incomplete = here.incomplete(repo, &map, None, &monitor)?;
    let mut is_complete = incomplete.is_empty();
    for id in &wanted {
        is_complete = is_complete && has_object(&local, *id)?;
    }
    if !is_complete {
        local_remote.receive(&local)?;
        sync_directory(&local.common_dir().join("objects/pack"))?;
        let copied = Repo::open(repo.path(), &open)?;
        let missing = copied.missing_object(&wanted, &here.known, needs(None), monitor.cancel())?;
        if let Some(missing) = missing {
            return Err(Error::Refused {
                subject: origin.url.to_string(),
                reason: format!("it lacks object {missing}, which its refs need"),
            });
        }
    }
    here.apply(&local, &mut lock, origin, &map, head, &monitor)
}

/// The objects that a clone with this filter has to have.
fn needs(filter: Option<Filter>) -> Needs {
    Needs {
        trees: filter != Some(Filter::Trees),
        blobs: filter.is_none(),
    }
}

/// The error for an origin that lost all branches that the clone has: removing them here as well
/// would lose the last copy.
fn without_branches(url: &str, remote_head: Option<&Ref>) -> Error {
    let default = match remote_head {
        Some(Ref::Symbolic { target, .. }) => format!(", and its default branch is {target}"),
        _ => String::new(),
    };
    Error::Refused {
        subject: url.to_owned(),
        reason: format!(
            "it no longer has the branches of this clone{default}: nothing was changed here"
        ),
    }
}

/// The refs of the clone before the update.
struct LocalRefs {
    /// True if the clone has branches of the origin.
    has_branches: bool,
    /// Targets of all refs; their history is known to be complete.
    known: Vec<gix::ObjectId>,
    /// The branch of `HEAD`; `None` if it is detached.
    current: Option<GitString>,
    /// Branches that are checked out in a working tree.
    shown: Vec<GitString>,
    specs: Vec<RefSpec>,
    /// Refspecs of the refs to fetch.
    wanted: Vec<RefSpec>,
}

/// Returns the branches that are checked out in working trees, including linked ones. The update of
/// refs does not move them; `fast_forward` may then move the one of the main working tree.
fn shown(repo: &Repo, current: Option<&[u8]>) -> Result<Vec<GitString>> {
    let local = repo.local();
    let mut shown = Vec::new();
    shown.extend(
        current
            .filter(|_| local.workdir().is_some())
            .map(GitString::from),
    );
    let unreadable = gix_error::unreadable(repo.path(), "its working trees");
    for linked in local.worktrees().map_err(unreadable)? {
        special_files::check(linked.git_dir())?;
        let git_dir = linked.git_dir().to_owned();
        let opened = linked.into_repo_with_possibly_inaccessible_worktree();
        // A damaged working tree is ignored.
        let Some(opened) = gix_error::optional(&git_dir, opened)? else {
            continue;
        };
        if let Some(Some(name)) = gix_error::optional(&git_dir, opened.head_name())? {
            shown.push(name.as_bstr().to_vec().into());
        }
    }
    Ok(shown)
}

impl LocalRefs {
    fn of(repo: &Repo, origin: &OriginConfig, remote_head: Option<&Ref>) -> Result<Self> {
        let current = match repo.head()? {
            Head::Branch { name, .. } | Head::Unborn { name } => Some(name),
            Head::Detached { .. } => None,
        };
        let specs = parse(&origin.specs)?;
        let mut wanted = specs.clone();
        if current.is_none() && remote_head.is_some() {
            wanted.extend(parse(&["HEAD"])?); // a detached HEAD may be on no branch
        }
        let own: &[u8] = if repo.is_bare() {
            b"refs/heads/"
        } else {
            b"refs/remotes/origin/"
        };
        let has_branches = repo.refs()?.iter().any(|found| found.name.starts_with(own));
        Ok(Self {
            has_branches,
            known: repo.refs()?.iter().map(|found| found.target_id.0).collect(),
            shown: shown(repo, current.as_deref())?,
            current,
            specs,
            wanted,
        })
    }

    /// Returns the objects that the mapped refs point to, that are stored, and that lack some of what
    /// they need: whoever stored them was interrupted.
    fn incomplete(
        &self,
        repo: &Repo,
        map: &RefMap,
        filter: Option<Filter>,
        monitor: &TransferMonitor,
    ) -> Result<HashSet<gix::ObjectId>> {
        let local = repo.local();
        if map.object_hash != local.object_hash() {
            return Ok(HashSet::new()); // refused later, by name
        }
        let targets = map
            .mappings
            .iter()
            .filter_map(|mapping| mapping.remote.as_id());
        let known: HashSet<_> = self.known.iter().copied().collect();
        let mut stored = HashSet::new();
        for id in targets.filter(|id| !known.contains(*id)) {
            if has_object(&local, id.to_owned())? {
                stored.insert(id.to_owned());
            }
        }
        let wanted: Vec<_> = stored.iter().copied().collect();
        let missing = repo.missing_object(&wanted, &self.known, needs(filter), monitor.cancel())?;
        Ok(missing.map_or_else(HashSet::new, |_| stored))
    }

    /// Moves refs. Their objects must be stored already.
    fn apply(
        &self,
        local: &gix::Repository,
        lock: &mut CloneLock,
        origin: &OriginConfig,
        map: &RefMap,
        remote_head: Option<&Ref>,
        monitor: &TransferMonitor,
    ) -> Result<UpdateOutcome> {
        if monitor.must_stop() {
            return Err(Error::Cancelled); // refs are unchanged
        }
        let is_bare = local.workdir().is_none();
        let current = self.current.as_deref();
        let wanted = ref_targets(map, local)?;
        let url = origin.url.as_str();
        let is_branch = |name: &[u8]| !name.starts_with(b"refs/tags/");
        if self.has_branches && !wanted.iter().any(|one| is_branch(&one.packed.name)) {
            return Err(without_branches(url, remote_head));
        }
        check_connected(local, url, &wanted, &self.known, origin.filter, monitor)?;
        let failed = Error::storage("lock", local.common_dir());
        lock.mark().map_err(failed)?; // the locks of refs are taken soon
        let refs = update_refs(local, &wanted, &self.specs, &self.shown, origin.prunes)?;
        let new_default_branch = follow_head(local, remote_head, current, is_bare)?;
        if !is_bare {
            follow_origin_head(local, remote_head)?;
        }
        let origin_head = match remote_head.and_then(|head| head.unpack().1) {
            Some(id) if has_object(local, id.to_owned())? => Some(id),
            _ => None,
        };
        let (kept, changed): (Vec<_>, Vec<_>) = refs
            .into_iter()
            .partition(|one| one.change == RefChange::Kept);
        let stays = |one: &RefUpdate| {
            let name = one.name.as_bstr();
            format!(
                "{name} stays unchanged: it is checked out, or its refspec does not force updates"
            )
        };
        Ok(UpdateOutcome {
            path: PathBuf::new(),
            url: origin.url.to_string(),
            refs: changed,
            head: None,
            origin_head: origin_head.map(|id| Id(id.to_owned())),
            new_default_branch,
            forwarded_branch: None,
            received_bytes: 0,
            warnings: kept.iter().map(stays).collect(),
        })
    }
}
