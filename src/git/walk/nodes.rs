//! The data that a walk needs of a commit, read from the commit-graph file if there is one, else
//! from the commit itself.

use std::collections::HashSet;

use gix::ObjectId;
use gix::objs::Kind;

use crate::error::Result;
use crate::git::commit::CommitObject;
use crate::git::gix_error;
use crate::git::objects::changed_paths::ChangedPaths;
use crate::git::objects::{Object, ObjectSource, Objects};

/// A commit as a walk finds it.
#[derive(Clone)]
pub(in crate::git) struct RawCommit {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) tree_id: ObjectId,
    /// Parents to compare with; none for a boundary commit of a shallow clone.
    pub(in crate::git) parent_ids: Vec<ObjectId>,
    /// Committer date that git orders by, in seconds since the Unix epoch.
    pub(in crate::git) seconds: u64,
    /// The decoded object, if it had to be read.
    pub(in crate::git) object: Option<Object>,
}

/// Reads commits of one repository.
pub(in crate::git) struct Nodes {
    pub(super) objects: Objects,
    shallow: HashSet<ObjectId>,
    graph: Option<gix::commitgraph::Graph>,
}

impl Nodes {
    pub(in crate::git) fn new(source: &ObjectSource) -> Result<Self> {
        let objects = source.objects();
        let shallow = shallow_commits(&objects)?;
        // As in git, the commit-graph is not used in a shallow clone, where parents differ from
        // those that commits record. A commit-graph that cannot be read is ignored.
        let graph = if shallow.is_empty() {
            objects.repo().commit_graph_if_enabled().ok().flatten()
        } else {
            None
        };
        Ok(Self {
            objects,
            shallow,
            graph,
        })
    }

    /// Returns the changed-path filters of the commit-graph, if they may be used.
    pub(in crate::git) fn changed_paths(&self) -> Option<ChangedPaths> {
        self.objects
            .changed_paths(self.graph.as_ref()?.num_commits())
    }

    /// Returns the commit-graph, if it may be used.
    pub(in crate::git) fn graph(&self) -> Option<&gix::commitgraph::Graph> {
        self.graph.as_ref()
    }

    pub(in crate::git) fn load(&self, id: ObjectId) -> Result<RawCommit> {
        if let Some(commit) = self.in_graph(id) {
            return Ok(commit);
        }
        let object = self.objects.require(id, Kind::Commit)?;
        let (tree_id, parent_ids, seconds) = {
            let commit = CommitObject::parse(&object).ok_or_else(|| {
                self.objects
                    .corrupt(format!("commit {id} cannot be decoded"))
            })?;
            let seconds = commit.committer_date();
            (commit.tree_id, commit.parent_ids, seconds)
        };
        let parent_ids = if self.shallow.contains(&id) {
            Vec::new()
        } else {
            parent_ids
        };
        Ok(RawCommit {
            id,
            tree_id,
            parent_ids,
            seconds,
            object: Some(object),
        })
    }

    fn in_graph(&self, id: ObjectId) -> Option<RawCommit> {
        let graph = self.graph.as_ref()?;
        let commit = graph.commit_by_id(id)?;
        let parents = commit.iter_parents();
        let parent_ids = parents.map(|parent| Some(graph.id_at(parent.ok()?).to_owned()));
        Some(RawCommit {
            id,
            tree_id: commit.root_tree_id().to_owned(),
            parent_ids: parent_ids.collect::<Option<_>>()?,
            seconds: commit.committer_timestamp(),
            object: None,
        })
    }
}

/// Returns the boundary commits of a shallow clone, whose parents were left out.
fn shallow_commits(objects: &Objects) -> Result<HashSet<ObjectId>> {
    let repo = objects.repo();
    let commits = repo.shallow_commits().map_err(gix_error::unreadable(
        repo.git_dir(),
        "its list of shallow commits",
    ))?;
    Ok(commits
        .iter()
        .flat_map(|commits| commits.iter().copied())
        .collect())
}
