//! The revisions to start from and to leave out: `main`, `v1..v2`, `^old`, `a...b`, all refs.

use gix::ObjectId;

use super::nodes::Nodes;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::repo::Repo;
use crate::git::revision::Spec;

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
            if rest.contains("..") && !rest.contains("^-") {
                repo.rev_parse(rest)?; // as in git, a range cannot be inverted
            }
            let mut turned = Self::default();
            turned.add(repo, rest)?;
            self.excluded.extend(turned.included);
            self.included.extend(turned.excluded);
            return Ok(());
        }
        let commit = |id| Ok::<_, Error>(repo.commit_of(id, revision)?.0);
        // Parents that a shallow clone does not have are left out.
        let parents = |id| -> Result<Vec<ObjectId>> {
            let nodes = Nodes::new(&repo.object_source()?)?;
            Ok(nodes.load(id)?.parent_ids)
        };
        match repo.resolve(revision)? {
            Spec::One(id) => self.included.push(commit(id)?),
            Spec::Range(from, to) => {
                self.excluded.push(commit(from)?);
                self.included.push(commit(to)?);
            }
            Spec::Symmetric(first, second) => {
                let (first, second) = (commit(first)?, commit(second)?);
                let local = repo.local();
                let bases = local.merge_bases_many(first, &[second]);
                let what = format!("merge bases of {revision}");
                let bases = bases.map_err(gix_error::unreadable(repo.path(), what))?;
                self.excluded.extend(bases.into_iter().map(gix::Id::detach));
                self.included.extend([first, second]);
            }
            Spec::Parents(id) => self.included.extend(parents(commit(id)?)?),
            Spec::WithoutParents(id) => {
                let id = commit(id)?;
                self.excluded.extend(parents(id)?);
                self.included.push(id);
            }
        }
        Ok(())
    }

    /// Adds every ref that points to a commit, then `HEAD`.
    fn add_all_refs(&mut self, repo: &Repo) -> Result<()> {
        let local = repo.local();
        for reference in repo.refs()? {
            let id = reference.peeled_id.0;
            match local.find_header(id).map(|header| header.kind()) {
                Ok(gix::objs::Kind::Commit) => self.included.push(id),
                Ok(_) => {}
                Err(_) => self.included.extend(repo.commit_at(id)?.map(|id| id.0)),
            }
        }
        match repo.rev_parse("HEAD") {
            Ok(head) => self.included.push(head.0),
            Err(error @ Error::Storage { .. }) => return Err(error),
            Err(_) => {} // it may name no commit
        }
        Ok(())
    }
}
