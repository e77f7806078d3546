//! The revisions to start from and to leave out: `main`, `v1..v2`, `^old`, `a...b`, all refs.

use gix::ObjectId;
use gix::revision::plumbing::spec::Kind;

use super::nodes::Nodes;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::repo::Repo;

/// The start of a walk.
#[derive(Clone, Debug, Default)]
pub(in crate::git) struct Tips {
    /// Commits to show, with all their ancestors.
    pub(in crate::git) included: Vec<ObjectId>,
    /// Commits to leave out, with all their ancestors.
    pub(in crate::git) excluded: Vec<ObjectId>,
}

impl Tips {
    /// Resolves revisions in the given order. An empty list, without `all_refs`, means `HEAD`.
    pub(in crate::git) fn resolve(
        repo: &Repo,
        revisions: &[String],
        all_refs: bool,
    ) -> Result<Self> {
        let mut tips = Self::default();
        if revisions.is_empty() && !all_refs {
            tips.included.push(repo.rev_parse("HEAD")?.0);
        }
        for revision in revisions {
            tips.add(repo, revision)?;
        }
        if all_refs {
            tips.add_all_refs(repo)?;
        }
        Ok(tips)
    }

    fn add(&mut self, repo: &Repo, revision: &str) -> Result<()> {
        // A leading `^` inverts the rest: `^a`, but also `^a^@`.
        if let Some(rest) = revision.strip_prefix('^') {
            let mut turned = Self::default();
            turned.add(repo, rest)?;
            self.excluded.extend(turned.included);
            self.included.extend(turned.excluded);
            return Ok(());
        }
        let resolved = repo.resolve(revision)?;
        if resolved.kind.is_none() {
            self.included.push(repo.rev_parse(revision)?.0);
            return Ok(());
        }
        let commit = |id| Ok::<_, Error>(repo.commit_of(id, revision)?.0);
        let first = commit(resolved.first)?;
        let second = resolved.second.map(commit).transpose()?.unwrap_or(first);
        let parents = || -> Result<Vec<ObjectId>> {
            // Parents that a shallow clone does not have are left out.
            let nodes = Nodes::new(&repo.object_source()?)?;
            Ok(nodes.load(first)?.parent_ids)
        };
        match resolved.kind.unwrap_or(Kind::IncludeReachable) {
            Kind::IncludeReachable => self.included.push(first),
            Kind::ExcludeReachable => self.excluded.push(first),
            Kind::RangeBetween => {
                self.excluded.push(first);
                self.included.push(second);
            }
            Kind::ReachableToMergeBase => {
                let local = repo.local();
                let bases = local.merge_bases_many(first, &[second]);
                let what = format!("merge bases of {revision}");
                let bases = bases.map_err(gix_error::unreadable(repo.path(), what))?;
                self.excluded.extend(bases.into_iter().map(gix::Id::detach));
                self.included.extend([first, second]);
            }
            Kind::IncludeReachableFromParents => self.included.extend(parents()?),
            Kind::ExcludeReachableFromParents => {
                self.excluded.extend(parents()?);
                self.included.push(first);
            }
        }
        Ok(())
    }

    /// Adds every ref that points to a commit, then `HEAD`.
    fn add_all_refs(&mut self, repo: &Repo) -> Result<()> {
        let local = repo.local();
        for reference in repo.refs()? {
            let kind = local
                .find_header(reference.peeled_id.0)
                .map(|header| header.kind());
            if kind.is_ok_and(|kind| kind == gix::objs::Kind::Commit) {
                self.included.push(reference.peeled_id.0);
            }
        }
        if let Ok(head) = repo.rev_parse("HEAD") {
            self.included.push(head.0);
        }
        Ok(())
    }
}
