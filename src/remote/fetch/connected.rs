//! Checks that a fetch was complete: every commit that the refs reach, and its tree, must be
//! stored.
//!
//! A server that sends incomplete data must not be able to replace good refs with broken ones.
//! Trees are only looked up, not read: the objects below them are not checked.

use std::collections::HashSet;

use gix::ObjectId;
use gix::hashtable::HashSet as IdSet;
use gix::objs::{CommitRefIter, FindExt as _, Kind, TagRefIter};

use super::ref_update::RefTarget;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::objects::has_object;
use crate::remote::options::Filter;
use crate::remote::transport::TransferMonitor;

/// Follows the history of `wanted` until it reaches `known` or ends; the error names the missing
/// object.
pub(crate) fn check_connected(
    repo: &gix::Repository,
    subject: &str,
    wanted: &[RefTarget],
    known: &[ObjectId],
    filter: Option<Filter>,
    monitor: &TransferMonitor,
) -> Result<()> {
    let missing = |what: &str, id: ObjectId| Error::Refused {
        subject: subject.to_owned(),
        reason: format!("the server left out {what} {id}, which its refs need"),
    };
    let shallow = repo.shallow_commits();
    let shallow = shallow.map_err(gix_error::unreadable(
        repo.git_dir(),
        "its list of shallow commits",
    ))?;
    let shallow: HashSet<ObjectId> = shallow
        .iter()
        .flat_map(|commits| commits.iter().copied())
        .collect();
    let mut seen = IdSet::default();
    seen.extend(known.iter().copied());
    let mut todo: Vec<ObjectId> = wanted.iter().map(|one| one.packed.target).collect();
    let mut bytes = Vec::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        if monitor.must_stop() {
            return Err(Error::Cancelled);
        }
        let object = repo.objects.find(&id, &mut bytes);
        let object = object.map_err(|_| missing("object", id))?;
        match object.kind {
            Kind::Commit => {
                let mut commit = CommitRefIter::from_bytes(object.data, id.kind());
                let tree = commit
                    .tree_id()
                    .map_err(|_| missing("a readable commit", id))?;
                if filter != Some(Filter::Trees) && !has_object(repo, tree)? {
                    return Err(missing("tree", tree));
                }
                if !shallow.contains(&id) {
                    todo.extend(CommitRefIter::from_bytes(object.data, id.kind()).parent_ids());
                }
            }
            Kind::Tag => {
                let tag = TagRefIter::from_bytes(object.data, id.kind());
                let is_kept = filter.is_none() || tag_names_commit(tag);
                todo.extend(tag.target_id().ok().filter(|_| is_kept));
            }
            Kind::Tree | Kind::Blob => {}
        }
    }
    Ok(())
}

/// Returns true if the tag points to a commit or a tag. Other objects may be left out by a filter.
fn tag_names_commit(tag: TagRefIter<'_>) -> bool {
    let mut tokens = tag.filter_map(Result::ok);
    tokens.any(|token| {
        matches!(
            token,
            gix::objs::tag::ref_iter::Token::TargetKind(Kind::Commit | Kind::Tag)
        )
    })
}
