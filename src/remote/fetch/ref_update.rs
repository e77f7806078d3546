//! The refs that a fetch creates, moves and removes.

use std::collections::{BTreeMap, HashMap, HashSet};

use gix::bstr::ByteSlice;
use gix::protocol::fetch::RefMap;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};
use gix::refspec::RefSpec;

use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::id::ObjectId;
use crate::git::objects::has_object;
use crate::git::refs::{Found, RefStore, RefValue, StoredRef};
use crate::git_string::GitString;
use crate::remote::outcome::{RefChange, RefUpdate};
use crate::remote::packed_refs::PackedRef;

/// A ref that a fetch creates or moves, with its new target.
#[derive(Clone, Debug)]
pub(crate) struct RefTarget {
    pub(crate) packed: PackedRef,
    /// True if it may move to a commit that is not a descendant of its current one.
    forced: bool,
}

/// Returns the refs that a fetch creates or moves, each name once. Tags that were not requested are
/// included if their objects were fetched.
pub(crate) fn ref_targets(map: &RefMap, repo: &gix::Repository) -> Result<Vec<RefTarget>> {
    let mut seen = HashSet::new();
    let mut wanted = Vec::new();
    for mapping in &map.mappings {
        let (Some(local), Some(target)) = (&mapping.local, mapping.remote.as_id()) else {
            continue;
        };
        let is_implicit = mapping.spec_index.implicit_index().is_some();
        if is_implicit && !has_object(repo, target.to_owned())? {
            continue;
        }
        if !seen.insert(local.clone()) {
            continue;
        }
        let spec = mapping.spec_index.get(&map.refspecs, &map.extra_refspecs);
        wanted.push(RefTarget {
            packed: PackedRef {
                name: local.to_vec().into(),
                target: target.to_owned(),
            },
            forced: spec.is_some_and(gix::refspec::RefSpec::allow_non_fast_forward),
        });
    }
    Ok(wanted)
}

/// Returns the refs of a new repository.
pub(crate) fn into_packed(wanted: Vec<RefTarget>) -> Vec<PackedRef> {
    wanted.into_iter().map(|wanted| wanted.packed).collect()
}

/// Creates the refs in `wanted`, or moves them to their targets. If `prunes` is true, other refs
/// below the destinations of `specs` are removed. Branches in `shown`, which are checked out, are
/// neither moved nor removed. If moving fails, the removed refs are restored.
pub(crate) fn update(
    repo: &gix::Repository,
    wanted: &[RefTarget],
    specs: &[RefSpec],
    shown: &[GitString],
    prunes: bool,
) -> Result<Vec<RefUpdate>> {
    let before = RefStore::of(repo).list()?.refs;
    let mut updates = if prunes {
        deletions(repo, wanted, specs, shown)?
    } else {
        Vec::new()
    };
    // Deletions come first: `a/b` cannot be created while a branch `a` exists.
    edit(repo, &updates)?;
    let deleted = updates.len();
    for target in wanted {
        updates.extend(movement(repo, target, shown)?);
    }
    if let Err(error) = edit(repo, &updates[deleted..]) {
        let restored = updates[..deleted].iter().map(|gone| RefUpdate {
            new_id: gone.old_id,
            change: RefChange::Created,
            ..gone.clone()
        });
        let _ = edit(repo, &restored.collect::<Vec<_>>()); // the first failure is the one to report
        return Err(error);
    }
    check_edit(repo, before, &updates)?;
    Ok(updates)
}

/// Fails if the refs are not those of `before` with the `updates`: gix takes a file of refs whose
/// metadata the machine cannot read for one that is missing, and may write it anew.
fn check_edit(
    repo: &gix::Repository,
    before: BTreeMap<Vec<u8>, StoredRef>,
    updates: &[RefUpdate],
) -> Result<()> {
    let after = RefStore::of(repo).list()?.refs;
    let changed: HashMap<&[u8], &RefUpdate> = updates
        .iter()
        .map(|update| (update.name.as_bytes(), update))
        .collect();
    let is_lost =
        |name: &Vec<u8>| !changed.contains_key(name.as_slice()) && !after.contains_key(name);
    let is_other = |update: &RefUpdate| match (update.change, after.get(update.name.as_bytes())) {
        (RefChange::Kept, _) => false,
        (RefChange::Deleted, found) => found.is_some(),
        (
            _,
            Some(StoredRef {
                value: RefValue::Object(id),
                ..
            }),
        ) => update.new_id != Some(ObjectId(*id)),
        _ => true,
    };
    let lost = before.into_keys().find(is_lost);
    let other = || updates.iter().find(|update| is_other(update));
    let wrong = lost.or_else(|| other().map(|update| update.name.to_vec()));
    match wrong {
        None => Ok(()),
        Some(name) => {
            let what = format!("{} was not written as it should be", name.as_bstr());
            Err(Error::storage("write the refs of", repo.git_dir())(
                std::io::Error::other(what),
            ))
        }
    }
}

/// Returns the removals of refs below the destinations of `specs` that are neither wanted nor
/// checked out (`shown`).
fn deletions(
    repo: &gix::Repository,
    wanted: &[RefTarget],
    specs: &[RefSpec],
    shown: &[GitString],
) -> Result<Vec<RefUpdate>> {
    let mut kept: HashSet<&[u8]> = wanted
        .iter()
        .map(|one| one.packed.name.as_bytes())
        .collect();
    kept.extend(shown.iter().map(GitString::as_bytes));
    let mut deletions = Vec::new();
    for (name, stored) in RefStore::of(repo).list()?.refs {
        let RefValue::Object(id) = stored.value else {
            continue;
        };
        let is_fetched = specs
            .iter()
            .filter_map(|spec| source_of(spec, &name))
            .any(|source| !specs.iter().any(|spec| excludes(spec, &source)));
        if is_fetched && !kept.contains(name.as_slice()) {
            deletions.push(RefUpdate {
                name: name.into(),
                change: RefChange::Deleted,
                old_id: Some(ObjectId(id)),
                new_id: None,
            });
        }
    }
    Ok(deletions)
}

/// Returns the change that moves a ref to its target; `None` if it already points there.
fn movement(
    repo: &gix::Repository,
    target: &RefTarget,
    shown: &[GitString],
) -> Result<Option<RefUpdate>> {
    let name = &target.packed.name;
    let old = match RefStore::of(repo).read(name)? {
        Found::Ref(StoredRef {
            value: RefValue::Object(id),
            ..
        }) => Some(id),
        _ => None,
    };
    let new = target.packed.target;
    let change = match old {
        Some(old) if old == new => return Ok(None),
        None => RefChange::Created,
        Some(_) if shown.contains(name) => RefChange::Kept,
        Some(old) => {
            let is_tag = name.starts_with(b"refs/tags/");
            let is_descendant = if is_tag {
                false
            } else {
                let base = gix_error::optional(repo.git_dir(), repo.merge_base(old, new))?;
                base.flatten().is_some_and(|base| base == old)
            };
            match (is_descendant, target.forced) {
                (true, _) => RefChange::FastForwarded,
                (false, true) => RefChange::Rewritten,
                (false, false) => RefChange::Kept,
            }
        }
    };
    Ok(Some(RefUpdate {
        name: name.clone(),
        change,
        old_id: old.map(ObjectId),
        new_id: Some(ObjectId(new)),
    }))
}

/// Returns the remote's name of the ref that a refspec stores as `name`; `None` if `name` is not
/// below the refspec's destination.
fn source_of(spec: &RefSpec, name: &[u8]) -> Option<Vec<u8>> {
    let spec = spec.to_ref();
    let (source, destination) = (spec.source()?, spec.destination()?);
    let middle = between(destination, name)?;
    Some(match source.iter().position(|byte| *byte == b'*') {
        Some(star) => [&source[..star], middle, &source[star + 1..]].concat(),
        None => source.to_vec(),
    })
}

/// Returns true if this is a negative refspec that excludes the remote's ref `name`.
fn excludes(spec: &RefSpec, name: &[u8]) -> bool {
    use gix::refspec::Instruction;
    use gix::refspec::instruction::Fetch;
    match spec.to_ref().instruction() {
        Instruction::Fetch(Fetch::Exclude { src }) => between(src, name).is_some(),
        _ => false,
    }
}

/// Returns the part of `name` that the pattern's star matches; empty if there is no star and both
/// are equal, `None` if they do not match.
fn between<'a>(pattern: &[u8], name: &'a [u8]) -> Option<&'a [u8]> {
    match pattern.iter().position(|byte| *byte == b'*') {
        Some(star) => {
            let (before, after) = (&pattern[..star], &pattern[star + 1..]);
            name.strip_prefix(before)?.strip_suffix(after)
        }
        None => (pattern == name).then_some(&[]),
    }
}

/// Applies the updates in one transaction.
fn edit(repo: &gix::Repository, updates: &[RefUpdate]) -> Result<()> {
    let failed = || gix_error::unreadable(repo.git_dir(), "its refs cannot be changed");
    let mut edits = Vec::new();
    for update in updates {
        if update.change == RefChange::Kept {
            continue;
        }
        let name = FullName::try_from(gix::bstr::BString::from(update.name.to_vec()));
        let name = name.map_err(|error| Error::internal(error.to_string()))?;
        let change = match update.new_id {
            Some(ObjectId(id)) => Change::Update {
                log: LogChange {
                    mode: RefLog::AndReference,
                    force_create_reflog: false,
                    message: "fetch".into(),
                },
                expected: PreviousValue::Any,
                new: Target::Object(id),
            },
            None => Change::Delete {
                expected: PreviousValue::Any,
                log: RefLog::AndReference,
            },
        };
        edits.push(RefEdit {
            change,
            name,
            deref: false,
        });
    }
    if edits.is_empty() {
        return Ok(());
    }
    let mut store = repo.clone();
    store
        .committer_or_set_generic_fallback()
        .map_err(failed())?;
    store
        .refs
        .transaction()
        .packed_refs(gix::refs::file::transaction::PackedRefs::DeletionsAndNonSymbolicUpdatesRemoveLooseSourceReference(
            Box::new(store.objects.clone()),
        ))
        .prepare(
            edits,
            gix::lock::acquire::Fail::AfterDurationWithBackoff(std::time::Duration::from_secs(5)),
            gix::lock::acquire::Fail::AfterDurationWithBackoff(std::time::Duration::from_secs(5)),
        )
        .and_then(|prepared| {
            let signature = store.committer().transpose()?;
            prepared.commit(signature)
        })
        .map_err(failed())?;
    Ok(())
}
