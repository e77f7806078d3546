//! Resolves revisions as `git rev-parse` does: gix parses the grammar, and calls the methods below
//! with each part.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::objs::Kind;
use gix::revision::plumbing::spec;
use gix::revision::plumbing::spec::parse::{Delegate, delegate};

use super::commit::CommitObject;
use super::id::ObjectId as Id;
use super::pattern::Pattern;
use super::reflog::Reflog;
use super::refs::{Head, RefStore, has_reftable};
use super::repo::Repo;
use crate::error::{Error, Result};

/// The parts of a revision or of a range.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The form; `None` for a single revision.
    pub(crate) kind: Option<spec::Kind>,
    pub(crate) first: ObjectId,
    /// The end of a range.
    pub(crate) second: Option<ObjectId>,
}

impl Repo {
    /// Returns the commit that `revision` names: a branch, a tag, a full or abbreviated id,
    /// `HEAD~3`, `v1^{}`, `:/text` ...
    ///
    /// # Errors
    ///
    /// [`Error::RevisionNotFound`] if it names nothing, is ambiguous, or does not name a commit.
    pub fn rev_parse(&self, revision: &str) -> Result<Id> {
        let resolved = self.resolve(revision)?;
        if resolved.kind.is_some() {
            let reason = "it names several commits".to_owned();
            return Err(not_found(self, revision, reason));
        }
        self.commit_of(resolved.first, revision)
    }

    /// Resolves a revision or a range of two.
    pub(crate) fn resolve(&self, revision: &str) -> Result<Resolved> {
        let mut resolver = Resolver {
            repo: self,
            local: self.local(),
            store: RefStore::of(&self.local()),
            ids: [None; 2],
            names: [None, None],
            at: 0,
            kind: None,
            reason: None,
            failure: None,
        };
        let parsed = spec::parse(revision.into(), &mut resolver);
        if let Some(failure) = resolver.failure {
            return Err(failure);
        }
        let unknown = || {
            if revision.is_empty() {
                return "it is empty".to_owned();
            }
            if let (true, Ok(Head::Unborn { name })) = (names_head(revision), self.head()) {
                let name = name.as_bstr();
                return format!("HEAD names {name}, which does not exist; name another revision");
            }
            let reason = resolver.reason.clone();
            reason.unwrap_or_else(|| "it is not written as a revision".to_owned())
        };
        match (parsed, resolver.ids[0]) {
            (Ok(()), Some(first)) => Ok(Resolved {
                kind: resolver.kind,
                first,
                second: resolver.ids[1],
            }),
            _ => Err(not_found(self, revision, unknown())),
        }
    }

    /// Returns the commit that an object is or, for a tag, finally points to.
    pub(crate) fn commit_of(&self, id: ObjectId, revision: &str) -> Result<Id> {
        let local = self.local();
        let reason = match local.try_find_object(id) {
            Ok(Some(object)) => match object.peel_to_commit() {
                Ok(commit) => return Ok(Id(commit.id)),
                Err(_) => format!("{id} is not a commit"),
            },
            Ok(None) => format!("the repository does not have {id}"),
            Err(error) => {
                let what = format!("object {id}");
                return Err(super::gix_error::unreadable(self.path(), what)(error));
            }
        };
        Err(not_found(self, revision, reason))
    }
}

fn not_found(repo: &Repo, revision: &str, reason: String) -> Error {
    Error::RevisionNotFound {
        repo: repo.path().display().to_string(),
        revision: revision.to_owned(),
        reason,
    }
}

fn names_head(revision: &str) -> bool {
    revision
        .strip_prefix("HEAD")
        .or_else(|| revision.strip_prefix('@'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['~', '^', ':']))
}

/// The state of the parser's calls.
struct Resolver<'a> {
    repo: &'a Repo,
    local: gix::Repository,
    store: RefStore,
    /// The objects that the first and the second revision name so far.
    ids: [Option<ObjectId>; 2],
    /// The refs that they name.
    names: [Option<Vec<u8>>; 2],
    /// The revision that is being read: 0 or 1.
    at: usize,
    kind: Option<spec::Kind>,
    /// The reason why the last part names nothing.
    reason: Option<String>,
    /// An error other than a revision that names nothing.
    failure: Option<Error>,
}

/// Tells the parser that a call failed; the reason is in [`Resolver::reason`].
#[derive(Debug, thiserror::Error)]
#[error("the revision names nothing")]
struct NamesNothing;

impl Resolver<'_> {
    fn fail<T>(&mut self, reason: impl Into<String>) -> gix::Result<T> {
        self.reason = Some(reason.into());
        Err(gix::Error::from_error(NamesNothing))
    }

    /// Turns an error into one for the parser.
    fn take<T>(&mut self, result: Result<T>) -> gix::Result<T> {
        result.map_err(|error| {
            self.failure.get_or_insert(error);
            gix::Error::from_error(NamesNothing)
        })
    }

    fn id(&mut self) -> gix::Result<ObjectId> {
        match self.ids[self.at] {
            Some(id) => Ok(id),
            None => self.fail("no branch, tag or commit has this name"),
        }
    }

    /// The commit of the revision so far.
    fn commit(&mut self) -> gix::Result<ObjectId> {
        let id = self.id()?;
        match self.peeled(id, |object| Ok(object.peel_to_commit()?.id)) {
            Some(commit) => Ok(commit),
            None => self.fail(format!("{id} is not a commit")),
        }
    }

    /// Peels an object; `None` if it or the result is missing.
    fn peeled<'a>(
        &'a self,
        id: ObjectId,
        peel: impl FnOnce(gix::Object<'a>) -> gix::Result<ObjectId>,
    ) -> Option<ObjectId> {
        self.local.find_object(id).and_then(peel).ok()
    }

    fn parents(&self, commit: ObjectId) -> Vec<ObjectId> {
        let Ok(commit) = self.local.find_commit(commit) else {
            return Vec::new();
        };
        commit.parent_ids().map(gix::Id::detach).collect()
    }

    fn set(&mut self, id: ObjectId) {
        self.ids[self.at] = Some(id);
    }

    /// The name of the ref so far; without one, the branch of `HEAD`.
    fn name(&mut self) -> gix::Result<Vec<u8>> {
        if let Some(name) = &self.names[self.at] {
            return Ok(name.clone());
        }
        let head = self.repo.head();
        Ok(match self.take(head)? {
            Head::Branch { name, .. } | Head::Unborn { name } => name.to_vec(),
            Head::Detached { .. } => b"HEAD".to_vec(),
        })
    }

    fn reflog_of(&mut self, name: &[u8]) -> gix::Result<Reflog> {
        if has_reftable(&self.local) {
            return self.fail("reflogs in reftables are not read");
        }
        let log = Reflog::read(&self.local, name);
        self.take(log)
    }

    /// True for a commit, and for a tag of a commit.
    fn is_committish(&self, id: ObjectId) -> bool {
        let object = self.local.find_object(id);
        object.is_ok_and(|object| object.peel_to_commit().is_ok())
    }
}

impl delegate::Revision for Resolver<'_> {
    fn find_ref(&mut self, name: &BStr) -> gix::Result {
        let found = self.store.find(name);
        match self.take(found)? {
            Some((name, id)) => {
                self.names[self.at] = Some(name);
                self.set(id);
                Ok(())
            }
            None => self.fail("no branch, tag or commit has this name"),
        }
    }

    fn disambiguate_prefix(
        &mut self,
        prefix: gix::hash::Prefix,
        _hint: Option<delegate::PrefixHint<'_>>,
    ) -> gix::Result {
        let hex = prefix.to_string();
        if hex.len() == self.local.object_hash().len_in_hex() {
            self.set(prefix.as_oid().to_owned());
            return Ok(());
        }
        if self.find_ref(hex.as_str().into()).is_ok() {
            return Ok(());
        }
        let mut candidates = HashSet::new();
        // The parser makes prefixes of SHA-1 ids, whatever the repository's hash is.
        let width = self.local.object_hash().len_in_hex();
        let prefix = ObjectId::from_hex(format!("{hex:0<width$}").as_bytes())
            .ok()
            .and_then(|id| gix::hash::Prefix::new(&id, hex.len()).ok());
        if let Some(prefix) = prefix {
            let objects = &self.local.objects;
            objects.lookup_prefix(prefix, Some(&mut candidates))?;
        }
        if candidates.is_empty() {
            return self.fail("no branch, tag or commit has this name");
        }
        if candidates.len() > 1 {
            // As in git, only commits count if the abbreviation is that of several objects.
            candidates.retain(|id| self.is_committish(*id));
        }
        let mut candidates: Vec<ObjectId> = candidates.into_iter().collect();
        candidates.sort_unstable();
        match candidates.as_slice() {
            [id] => {
                self.set(*id);
                Ok(())
            }
            [] => self.fail("several objects have this abbreviation, none of them a commit"),
            [first, second, ..] => self.fail(format!(
                "it is ambiguous: {first} and {second}, for example, start with it"
            )),
        }
    }

    fn reflog(&mut self, query: delegate::ReflogLookup) -> gix::Result {
        let name = self.name()?;
        let log = self.reflog_of(&name)?;
        let found = match query {
            delegate::ReflogLookup::Entry(number) => log.nth_newest(number),
            delegate::ReflogLookup::Date(date) => log.at(date.seconds),
        };
        match found {
            Some(id) => {
                self.set(id);
                Ok(())
            }
            None => self.fail(format!(
                "the reflog of {} has {} entries",
                name.as_bstr(),
                log.len()
            )),
        }
    }

    fn nth_checked_out_branch(&mut self, branch_no: usize) -> gix::Result {
        let log = self.reflog_of(b"HEAD")?;
        match log.nth_checkout(branch_no) {
            Some(name) => match self.find_ref(name.as_bstr()) {
                Ok(()) => Ok(()),
                Err(error) => match ObjectId::from_hex(&name) {
                    Ok(id) => {
                        self.set(id);
                        Ok(())
                    }
                    Err(_) => Err(error),
                },
            },
            None => self.fail("fewer branches were checked out before"),
        }
    }

    fn sibling_branch(&mut self, kind: delegate::SiblingBranch) -> gix::Result {
        let mut name = self.name()?;
        if name == b"HEAD" {
            self.names[self.at] = None;
            name = self.name()?;
        }
        let direction = match kind {
            delegate::SiblingBranch::Upstream => gix::remote::Direction::Fetch,
            delegate::SiblingBranch::Push => gix::remote::Direction::Push,
        };
        let full: Option<&gix::refs::FullNameRef> = name.as_bstr().try_into().ok();
        let tracking = full
            .and_then(|full| self.local.branch_remote_tracking_ref_name(full, direction))
            .and_then(std::result::Result::ok)
            .map(|tracking| tracking.as_bstr().to_vec());
        let Some(tracking) = tracking else {
            return self.fail(format!("{} has no upstream branch", name.as_bstr()));
        };
        self.find_ref(tracking.as_bstr())
    }
}

impl delegate::Navigate for Resolver<'_> {
    fn traverse(&mut self, kind: delegate::Traversal) -> gix::Result {
        let commit = self.commit()?;
        match kind {
            delegate::Traversal::NthParent(number) => {
                let parents = self.parents(commit);
                match number.checked_sub(1).and_then(|index| parents.get(index)) {
                    Some(parent) => self.set(*parent),
                    None => {
                        let count = parents.len();
                        return self.fail(format!(
                            "parent number {number} is out of range, {commit} has {count}"
                        ));
                    }
                }
            }
            delegate::Traversal::NthAncestor(number) => {
                let mut id = commit;
                for done in 0..number {
                    let Some(parent) = self.parents(id).first().copied() else {
                        return self.fail(format!(
                            "ancestor number {number} is out of range, there are {done}"
                        ));
                    };
                    id = parent;
                }
                self.set(id);
            }
        }
        Ok(())
    }

    fn peel_until(&mut self, kind: delegate::PeelTo<'_>) -> gix::Result {
        let id = self.id()?;
        let peeled = match kind {
            delegate::PeelTo::ValidObject => self.peeled(id, |object| Ok(object.id)),
            delegate::PeelTo::RecursiveTagObject => {
                self.peeled(id, |object| Ok(object.peel_tags_to_end()?.id))
            }
            delegate::PeelTo::ObjectKind(kind) => {
                self.peeled(id, |object| Ok(object.peel_to_kind(kind)?.id))
            }
            delegate::PeelTo::Path(_) => {
                return self.fail("it names a file or directory, not a commit");
            }
        };
        match peeled {
            Some(id) => {
                self.set(id);
                Ok(())
            }
            None => self.fail(format!(
                "{id} is missing or not of the kind that is asked for"
            )),
        }
    }

    /// Finds the youngest commit whose message matches, as git does: the text after the headers,
    /// with all its lines.
    fn find(&mut self, regex: &BStr, negated: bool) -> gix::Result {
        let mut tips = Vec::new();
        if self.ids[self.at].is_some() {
            tips.push(self.commit()?);
            if regex.is_empty() {
                self.set(tips[0]);
                return Ok(());
            }
        } else {
            let refs = self.repo.refs();
            tips.extend(self.take(refs)?.into_iter().map(|found| found.peeled_id.0));
            let head = self.repo.head();
            tips.extend(self.take(head)?.commit_id().map(|id| id.0));
        }
        let pattern = Pattern::of_whole_text(&regex.to_str_lossy());
        let pattern = self.take(pattern)?;
        match self.youngest(&tips, |message| pattern.matches(message) != negated) {
            Some(id) => {
                self.set(id);
                Ok(())
            }
            None => self.fail(format!("no commit has a message that matches `{regex}`")),
        }
    }

    fn index_lookup(&mut self, _path: &BStr, _stage: u8) -> gix::Result {
        self.fail("it names a file in the index, not a commit")
    }
}

impl Resolver<'_> {
    /// Returns the first commit with such a message in a walk from `tips` by committer date.
    fn youngest(&self, tips: &[ObjectId], is_match: impl Fn(&[u8]) -> bool) -> Option<ObjectId> {
        let (mut queue, mut seen, mut order) = (BinaryHeap::new(), HashSet::new(), 0_u64);
        let mut add = |queue: &mut BinaryHeap<_>, id: ObjectId| {
            let object = self.local.try_find_object(id).ok().flatten();
            let data = object.filter(|object| object.kind == Kind::Commit);
            if let Some(object) = data
                && seen.insert(id)
                && let Some(commit) = CommitObject::parse(&object.data)
            {
                let date = commit.committer_date();
                order += 1;
                queue.push((date, Reverse(order), id));
            }
        };
        for tip in tips {
            add(&mut queue, *tip);
        }
        while let Some((_, _, id)) = queue.pop() {
            let object = self.local.find_object(id).ok()?;
            let message = object.data.find(b"\n\n").map(|end| &object.data[end + 2..]);
            if message.is_some_and(&is_match) {
                return Some(id);
            }
            for parent in self.parents(id) {
                add(&mut queue, parent);
            }
        }
        None
    }
}

impl delegate::Kind for Resolver<'_> {
    fn kind(&mut self, kind: spec::Kind) -> gix::Result {
        self.kind = Some(kind);
        if matches!(
            kind,
            spec::Kind::RangeBetween | spec::Kind::ReachableToMergeBase
        ) {
            self.at = 1;
        }
        Ok(())
    }
}

impl Delegate for Resolver<'_> {
    fn done(&mut self) -> gix::Result {
        Ok(())
    }
}
