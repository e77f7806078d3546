//! Bringing a clone to where its origin is now.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::bstr::ByteSlice;
use gix::protocol::fetch::{RefMap, Shallow, Tags};
use gix::protocol::handshake::Ref;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit};
use gix::refs::{FullName, Target};
use gix::refspec::RefSpec;

use super::clone::{CloneOptions, Filter, sync_directory};
use super::fetch::{
    Counters, How, Near, Session, Transfer, check_connected, mapped, parse, update as update_refs,
};
use super::forward::{Forwarded, forward};
use super::gix_error;
use super::ref_update::{RefChange, RefUpdate, UpdateOutcome};
use super::refs::Head;
use super::repack::join_small_packs;
use super::repo::{Discover, OpenOptions, Repo};
use super::transport::{Peer, Watch};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::progress::ProgressSink;
use crate::remote_url::{RemoteUrl, Scheme};
use crate::workers::Workers;

/// See [`update_repo`](crate::git::update_repo).
pub(super) fn update(
    path: &Path,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<UpdateOutcome> {
    cancel.check()?;
    let open = OpenOptions {
        trust: options.trust,
        discover: Discover::Exact,
        workers: Some(Workers::new(1)?),
        ..OpenOptions::default()
    };
    let repo = Repo::open(path, &open)?;
    let origin = Origin::read(&repo)?;
    let mut outcome = if origin.url.scheme() == Scheme::File {
        from_path(&repo, &origin, progress, options, cancel)?
    } else {
        let work = {
            let peer = Peer::new(&origin.url, options)?;
            let (repo, origin, options) = (repo.clone(), origin.clone(), options.clone());
            move |watch: &Watch, counters: &Counters| {
                from_peer(&repo, &peer, &origin, &options, watch, counters)
            }
        };
        let transfer = Transfer {
            subject: &path.display().to_string(),
            into: path,
            options,
            progress,
            cancel,
        };
        let (mut outcome, watch) = transfer.run(work)?;
        outcome.received_bytes = watch.bytes();
        outcome
    };
    path.clone_into(&mut outcome.path);
    let repo = Repo::open(path, &open)?;
    match forward(&repo, options, progress, cancel)? {
        Forwarded::Nothing => {}
        Forwarded::Moved(branch) => outcome.forwarded_branch = Some(branch),
        Forwarded::Kept(reason) => outcome
            .warnings
            .push(format!("its files stay as they are: {reason}")),
    }
    outcome.head = match repo.head()? {
        Head::Branch { commit_id, .. } | Head::Detached { commit_id } => Some(commit_id),
        Head::Unborn { .. } => None,
    };
    Ok(outcome)
}

/// What the configuration says of the remote `origin`.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) url: RemoteUrl,
    specs: Vec<String>,
    /// Whether what the other side does not have goes.
    prunes: bool,
    tags: Tags,
    pub(super) filter: Option<Filter>,
}

impl Origin {
    pub(super) fn read(repo: &Repo) -> Result<Self> {
        let local = repo.local();
        let config = local.config_snapshot();
        let Some(url) = config.string("remote.origin.url") else {
            return Err(Error::unsupported(format!(
                "updating {}: it has no remote `origin`",
                repo.path().display()
            )));
        };
        let specs = config
            .plumbing()
            .strings("remote.origin.fetch")
            .unwrap_or_default();
        let mut specs: Vec<String> = specs.iter().map(ToString::to_string).collect();
        let mut tags = match config.string("remote.origin.tagOpt") {
            Some(option) if option.as_slice() == b"--no-tags" => Tags::None,
            Some(option) if option.as_slice() == b"--tags" => Tags::All,
            _ => Tags::Included,
        };
        if specs.is_empty() && local.is_shallow().unwrap_or(false) {
            return Err(Error::unsupported(format!(
                "updating {}: it has a part of a history that no branch names",
                repo.path().display()
            )));
        }
        let has_specs = !specs.is_empty();
        if !has_specs && local.workdir().is_some() {
            return Err(Error::unsupported(format!(
                "updating {}: its configuration does not say where branches go (remote.origin.fetch)",
                repo.path().display()
            )));
        }
        if !has_specs {
            // `git clone --bare` writes none; what it brought were these. Nobody said that they may be forced or removed.
            specs = vec!["refs/heads/*:refs/heads/*".to_owned()];
            if tags != Tags::None {
                specs.push("refs/tags/*:refs/tags/*".to_owned());
            }
            tags = Tags::None;
        }
        let filter = match config.string("remote.origin.partialclonefilter") {
            None => None,
            Some(spec) if spec.as_slice() == b"blob:none" => Some(Filter::Blobs),
            Some(spec) if spec.as_slice() == b"tree:0" => Some(Filter::Trees),
            Some(other) => {
                return Err(Error::unsupported(format!(
                    "the filter `{other}` of {}",
                    repo.path().display()
                )));
            }
        };
        Ok(Self {
            url: address(repo, &url.to_str_lossy())?,
            specs,
            prunes: has_specs,
            tags,
            filter,
        })
    }
}

/// An address as it stands in the configuration: a path may be relative to the repository.
fn address(repo: &Repo, text: &str) -> Result<RemoteUrl> {
    let url = RemoteUrl::parse(text)?;
    match url.local_path() {
        Some(_) if Path::new(text).is_relative() && !text.contains("://") => {
            let joined = repo.path().join(text);
            RemoteUrl::parse(&joined.display().to_string())
        }
        _ => Ok(url),
    }
}

/// Fetches from another machine.
fn from_peer(
    repo: &Repo,
    peer: &Peer,
    origin: &Origin,
    options: &CloneOptions,
    watch: &Watch,
    counters: &Counters,
) -> Result<UpdateOutcome> {
    let local = repo.local();
    let _lock = lock(local.common_dir(), watch)?;
    let mut session = Session::open(peer, watch)?;
    let mut asked = parse(&origin.specs)?;
    asked.extend(parse(&["HEAD"])?);
    if origin.tags != Tags::None {
        asked.extend(parse(&["refs/tags/*:refs/tags/*"])?);
    }
    session.list(&asked)?;
    let here = Here::of(repo, origin, session.head())?;
    let map = session.map(&here.wanted, origin.tags)?;
    let how = How {
        shallow: Shallow::NoChange,
        tags: origin.tags,
        filter: origin.filter,
        threads: options.threads,
        most_objects: options.limits.objects,
        most_object_bytes: options.limits.object_bytes,
    };
    let has_more = session.receive(&local, &map, &how, counters)?;
    if has_more {
        sync_directory(&local.common_dir().join("objects/pack"))?; // before refs say that it is there
    }
    let mut outcome = here.settle(&local, origin, &map, session.head(), watch)?;
    if has_more && let Err(error) = join_small_packs(&local, options.threads, watch) {
        let reason = error.report();
        outcome
            .warnings
            .push(format!("its packs stay many: {reason}"));
    }
    Ok(outcome)
}

/// Takes over what a repository on this machine has.
fn from_path(
    repo: &Repo,
    origin: &Origin,
    progress: &Arc<dyn ProgressSink>,
    options: &CloneOptions,
    cancel: &CancelToken,
) -> Result<UpdateOutcome> {
    let watch = Watch::new(None);
    let local = repo.local();
    let _lock = lock(local.common_dir(), &watch)?;
    let open = OpenOptions {
        trust: options.trust,
        discover: Discover::Exact,
        workers: Some(Workers::new(1)?),
        ..OpenOptions::default()
    };
    let theirs = Repo::open(origin.url.local_path().unwrap_or(Path::new("")), &open)?;
    let near = Near {
        repo: &theirs,
        url: &origin.url,
        progress,
        cancel,
    };
    if theirs.local().object_hash() != local.object_hash() {
        return Err(Error::Refused {
            subject: origin.url.to_string(),
            reason: format!(
                "its ids are {}, and those of the repository here are {}",
                theirs.local().object_hash(),
                local.object_hash()
            ),
        });
    }
    let refs = near.refs()?;
    let head = refs.iter().find(|found| found.unpack().0 == "HEAD");
    let here = Here::of(repo, origin, head)?;
    let map = near.map(&refs, &here.wanted, origin.tags)?;
    let is_new = |id: &gix::ObjectId| !local.has_object(*id);
    if refs
        .iter()
        .any(|found| found.unpack().1.is_some_and(|id| is_new(&id.to_owned())))
    {
        near.receive(&local)?;
        sync_directory(&local.common_dir().join("objects/pack"))?;
    }
    here.settle(&local, origin, &map, head, &watch)
}

/// The clone before anything changes.
struct Here {
    /// Refs that stay if nobody has them any more.
    known: Vec<gix::ObjectId>,
    /// The branch of `HEAD`.
    current: Option<Vec<u8>>,
    /// Branches that some working tree shows.
    shown: Vec<Vec<u8>>,
    specs: Vec<RefSpec>,
    /// What is asked for.
    wanted: Vec<RefSpec>,
}

/// Branches that working trees show, linked ones among them: they do not move under these.
fn shown(repo: &Repo, current: Option<&[u8]>) -> Result<Vec<Vec<u8>>> {
    let local = repo.local();
    let mut shown = Vec::new();
    shown.extend(
        current
            .filter(|_| local.workdir().is_some())
            .map(<[u8]>::to_vec),
    );
    let unreadable = gix_error::unreadable(repo.path(), "its working trees");
    for linked in local.worktrees().map_err(unreadable)? {
        // One that cannot be opened shows nothing.
        if let Ok(linked) = linked.into_repo_with_possibly_inaccessible_worktree()
            && let Ok(Some(name)) = linked.head_name()
        {
            shown.push(name.as_bstr().to_vec());
        }
    }
    Ok(shown)
}

impl Here {
    fn of(repo: &Repo, origin: &Origin, theirs: Option<&Ref>) -> Result<Self> {
        let current = match repo.head()? {
            Head::Branch { name, .. } | Head::Unborn { name } => Some(name),
            Head::Detached { .. } => None,
        };
        let specs = parse(&origin.specs)?;
        let mut wanted = specs.clone();
        if current.is_none() && theirs.is_some() {
            wanted.extend(parse(&["HEAD"])?); // of a commit that no branch names, nothing else would bring the objects
        }
        Ok(Self {
            known: repo.refs()?.iter().map(|found| found.target_id.0).collect(),
            shown: shown(repo, current.as_deref())?,
            current,
            specs,
            wanted,
        })
    }

    /// Moves refs, now that their objects are there.
    fn settle(
        &self,
        local: &gix::Repository,
        origin: &Origin,
        map: &RefMap,
        theirs: Option<&Ref>,
        watch: &Watch,
    ) -> Result<UpdateOutcome> {
        if watch.must_stop() {
            return Err(Error::Cancelled); // refs stay as they are
        }
        let is_bare = local.workdir().is_none();
        let current = self.current.as_deref();
        let wanted = mapped(map, local);
        let url = origin.url.as_str();
        check_connected(local, url, &wanted, &self.known, origin.filter, watch)?;
        let refs = update_refs(local, &wanted, &self.specs, &self.shown, origin.prunes)?;
        let new_default_branch = follow_head(local, theirs, current, is_bare)?;
        let (kept, changed): (Vec<_>, Vec<_>) = refs
            .into_iter()
            .partition(|one| one.change == RefChange::Kept);
        let stays = |one: &RefUpdate| {
            let name = one.name.as_bstr();
            format!(
                "{name} stays where it is: a working tree shows it, or the refspec does not force it"
            )
        };
        Ok(UpdateOutcome {
            path: PathBuf::new(),
            url: origin.url.to_string(),
            refs: changed,
            head: None,
            new_default_branch,
            forwarded_branch: None,
            received_bytes: 0,
            warnings: kept.iter().map(stays).collect(),
        })
    }
}

/// Lets `HEAD` of a bare clone name the branch that the other side's does, if it is here.
fn follow_head(
    repo: &gix::Repository,
    theirs: Option<&Ref>,
    current: Option<&[u8]>,
    is_bare: bool,
) -> Result<Option<Vec<u8>>> {
    let corrupt = || gix_error::unreadable(repo.git_dir(), "HEAD");
    let name_of = |name: &[u8]| FullName::try_from(gix::bstr::BString::from(name));
    let (new, branch) = match theirs {
        Some(Ref::Symbolic { target, .. }) => {
            let is_here = repo
                .try_find_reference(target.as_bstr())
                .map_err(corrupt())?
                .is_some();
            if !is_bare || !is_here || current == Some(target.as_slice()) {
                return Ok(None);
            }
            let Ok(name) = name_of(target) else {
                return Ok(None);
            };
            (Target::Symbolic(name), Some(target.to_vec()))
        }
        Some(theirs) if is_bare && current.is_none() => {
            let id = theirs.unpack().1.filter(|id| repo.has_object(*id));
            let Some(id) = id else { return Ok(None) };
            (Target::Object(id.to_owned()), None)
        }
        _ => return Ok(None),
    };
    let Ok(name) = name_of(b"HEAD") else {
        return Ok(None);
    };
    let edit = RefEdit {
        change: Change::Update {
            log: LogChange::default(),
            expected: PreviousValue::Any,
            new,
        },
        name,
        deref: false,
    };
    let mut repo = repo.clone();
    repo.committer_or_set_generic_fallback()
        .map_err(corrupt())?;
    repo.edit_reference(edit).map_err(corrupt())?;
    Ok(branch)
}

/// One update of a clone at a time; what a killed one left among the packs is removed.
pub(super) fn lock(git_dir: &Path, watch: &Watch) -> Result<File> {
    let path = git_dir.join("gitfleet.lock");
    let failed = || Error::storage("lock", &path);
    let file = File::create(&path).map_err(failed())?;
    while let Err(error) = file.try_lock() {
        match error {
            TryLockError::WouldBlock if watch.must_stop() => return Err(Error::Cancelled),
            TryLockError::WouldBlock => std::thread::sleep(std::time::Duration::from_millis(50)),
            TryLockError::Error(error) => return Err(failed()(error)),
        }
    }
    let packs = git_dir.join("objects/pack");
    for entry in std::fs::read_dir(&packs)
        .map_err(Error::storage("read", &packs))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(".tmp") {
            let _ = std::fs::remove_file(entry.path()); // git leaves it alone too
        }
    }
    Ok(file)
}
