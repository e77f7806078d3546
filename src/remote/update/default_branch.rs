//! The remote's default branch: where `HEAD` of a bare clone and `origin/HEAD` point to, and the
//! branch that replaces one that the remote renamed.

use gix::bstr::{BString, ByteSlice};
use gix::protocol::handshake::Ref;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit};
use gix::refs::{FullName, Target};

use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::id::ObjectId as Id;
use crate::git::objects::has_object;
use crate::git::refs::{Found, RefStore, RefValue};
use crate::git::repo::Repo;
use crate::git_string::GitString;
use crate::remote::clone::append_branch;

const ORIGIN: &[u8] = b"refs/remotes/origin/";
const ORIGIN_HEAD: &[u8] = b"refs/remotes/origin/HEAD";

/// Points `refs/remotes/origin/HEAD`, if it is there, to the remote's default branch.
pub(super) fn follow_origin_head(repo: &gix::Repository, remote_head: Option<&Ref>) -> Result<()> {
    let Some(Ref::Symbolic { target, .. }) = remote_head else {
        return Ok(());
    };
    let store = RefStore::of(repo);
    let Some(short) = target.strip_prefix(b"refs/heads/") else {
        return Ok(());
    };
    let there = [ORIGIN, short].concat();
    let is_other = match store.read(ORIGIN_HEAD)? {
        Found::Ref(stored) => stored.value != RefValue::Symbolic(there.clone()),
        Found::Missing | Found::Broken(_) => false,
    };
    if !is_other || store.resolve(&there)?.is_none() {
        return Ok(());
    }
    set(repo, vec![(ORIGIN_HEAD, Target::Symbolic(full(&there)?))])
}

/// Returns the branch that replaces `branch`, and its commit: that of the origin's `HEAD`, if
/// `branch` tracks one that the origin no longer has.
pub(super) fn replacement(repo: &Repo, branch: &[u8]) -> Result<Option<(GitString, Id)>> {
    let local = repo.local();
    let short = branch.strip_prefix(b"refs/heads/").unwrap_or(branch);
    let key = format!("branch.{}.remote", short.to_str_lossy());
    let tracks = local.config_snapshot().string(key.as_str());
    if tracks.is_none_or(|remote| remote.as_slice() != b"origin") {
        return Ok(None);
    }
    // Only if all branches are fetched, one that is not there is gone at the origin.
    let config = local.config_snapshot();
    let specs = config
        .plumbing()
        .strings("remote.origin.fetch")
        .unwrap_or_default();
    let is_all = |spec: &BString| {
        let spec = spec.strip_prefix(b"+").unwrap_or(spec);
        spec.starts_with(b"refs/heads/*:")
    };
    let merge = config.string(format!("branch.{}.merge", short.to_str_lossy()).as_str());
    if !specs.iter().any(is_all) || merge.is_none() {
        return Ok(None);
    }
    let Some((name, id)) = RefStore::of(&local).resolve(ORIGIN_HEAD)? else {
        return Ok(None);
    };
    let short = name.strip_prefix(ORIGIN);
    Ok(short.map(|short| {
        let name = [b"refs/heads/", short].concat();
        (name.into(), Id(id))
    }))
}

/// Points `HEAD` to `branch`, which is made at `commit` and tracks the origin's.
pub(super) fn switch(repo: &gix::Repository, branch: &GitString, commit: Id) -> Result<()> {
    append_branch(repo.common_dir(), branch)?;
    let name = full(branch)?;
    set(
        repo,
        vec![
            (&**branch, Target::Object(commit.0)),
            (b"HEAD", Target::Symbolic(name)),
        ],
    )
}

fn full(name: &[u8]) -> Result<FullName> {
    FullName::try_from(BString::from(name)).map_err(|error| Error::internal(error.to_string()))
}

/// Sets refs, without following symbolic ones.
fn set(repo: &gix::Repository, targets: Vec<(&[u8], Target)>) -> Result<()> {
    let failed = || gix_error::unreadable(repo.git_dir(), "its default branch cannot be changed");
    let edits = targets.into_iter().map(|(name, new)| {
        Ok(RefEdit {
            change: Change::Update {
                log: LogChange::default(),
                expected: PreviousValue::Any,
                new,
            },
            name: full(name)?,
            deref: false,
        })
    });
    let edits = edits.collect::<Result<Vec<_>>>()?;
    let mut repo = repo.clone();
    repo.committer_or_set_generic_fallback().map_err(failed())?;
    repo.edit_references(edits).map_err(failed()).map(drop)
}

/// Points `HEAD` of a bare clone to the remote's default branch, if the clone has that branch.
/// Returns the branch if `HEAD` named another one before.
pub(super) fn follow_head(
    repo: &gix::Repository,
    remote_head: Option<&Ref>,
    current: Option<&[u8]>,
    is_bare: bool,
) -> Result<Option<GitString>> {
    let (new, branch) = match remote_head {
        Some(Ref::Symbolic { target, .. }) => {
            let is_here = RefStore::of(repo).resolve(target)?.is_some();
            if !is_bare || !is_here || current == Some(target.as_slice()) {
                return Ok(None);
            }
            let Ok(name) = full(target) else {
                return Ok(None);
            };
            (Target::Symbolic(name), Some(target.to_vec().into()))
        }
        Some(remote_head) if is_bare && current.is_none() => {
            let Some(id) = remote_head.unpack().1 else {
                return Ok(None);
            };
            if !has_object(repo, id.to_owned())? {
                return Ok(None);
            }
            (Target::Object(id.to_owned()), None)
        }
        _ => return Ok(None),
    };
    set(repo, vec![(b"HEAD", new)])?;
    Ok(branch)
}
