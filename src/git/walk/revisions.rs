//! The revisions to start from and to leave out: `main`, `v1..v2`, `^old`, `a...b`, all refs.

use gix::ObjectId;
use gix::revision::plumbing::Spec;

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
        // [`Repo::rev_parse`] has better messages for plain revisions, as for a `HEAD` without
        // commits.
        if !revision.contains("..") && !revision.contains('^') {
            self.included.push(repo.rev_parse(revision)?.0);
            return Ok(());
        }
        let local = repo.local();
        let unknown =
            |error: gix::Error| gix_error::revision_not_found(repo.path(), revision, &error);
        let spec = local.rev_parse(revision).map_err(unknown)?.detach();
        let commit = |id: ObjectId| -> Result<ObjectId> {
            let object = local.find_object(id).map_err(unknown)?;
            let commit = object.peel_to_commit();
            let commit = commit.map_err(|_| Error::RevisionNotFound {
                repo: repo.path().display().to_string(),
                revision: revision.to_owned(),
                reason: format!("{id} is not a commit"),
            });
            Ok(commit?.id)
        };
        let parents = |id: ObjectId| -> Result<Vec<ObjectId>> {
            // Parents that a shallow clone does not have are left out.
            let nodes = Nodes::new(&repo.object_source()?)?;
            Ok(nodes.load(commit(id)?)?.parent_ids)
        };
        match spec {
            Spec::Include(id) => self.included.push(commit(id)?),
            Spec::Exclude(id) => self.excluded.push(commit(id)?),
            Spec::Range { from, to } => {
                self.excluded.push(commit(from)?);
                self.included.push(commit(to)?);
            }
            Spec::Merge { theirs, ours } => {
                let (theirs, ours) = (commit(theirs)?, commit(ours)?);
                let bases =
                    local
                        .merge_bases_many(theirs, &[ours])
                        .map_err(gix_error::unreadable(
                            repo.path(),
                            format!("merge bases of {revision}"),
                        ))?;
                self.excluded.extend(bases.into_iter().map(gix::Id::detach));
                self.included.extend([theirs, ours]);
            }
            Spec::IncludeOnlyParents(id) => self.included.extend(parents(id)?),
            Spec::ExcludeParents(id) => {
                self.excluded.extend(parents(id)?);
                self.included.push(commit(id)?);
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
