//! Checks that a repository is whole: its refs, all that they need, and the checksums of its files.
//!
//! What `git fsck` does object by object is done here file by file: a pack whose checksum is right
//! holds the objects that its index lists. Connectivity is that of `git rev-list --objects`.

mod checksums;
mod found;
mod loose;

use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::alternates::object_dirs;
use super::connectivity::{Look, Needs};
use super::gix_error;
use super::objects::MissingIds;
use super::repo::Repo;
use super::walk::Tips;
use crate::error::{Error, Result};
use crate::mutex::lock;

/// The result of [`Repo::verify`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RepoCheck {
    /// Number of refs, `HEAD` not included.
    pub refs: u64,
    /// Number of commits that they reach.
    pub commits: u64,
    /// Number of files whose checksums were compared.
    pub files: u64,
    /// Missing and damaged parts; empty if the repository is whole.
    pub problems: Vec<String>,
}

impl RepoCheck {
    /// Returns a part that was read; `None` if it is missing or damaged, which is then a problem.
    ///
    /// # Errors
    ///
    /// Those that say nothing about the repository.
    fn keep<T>(&mut self, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(Error::Corrupt { what, source, .. }) => {
                let source = source.map(|source| format!(": {source}"));
                let problem = format!("{what}{}", source.unwrap_or_default());
                self.problems.push(problem);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Repo {
    /// Checks the repository: every ref points to an object that is stored; every commit, tree and
    /// blob that they need is stored; the checksums of packs, indices, commit-graphs and the index
    /// are right, and objects in files of their own have the content that their names say. Objects
    /// that a shallow or a partial clone leaves out may be missing. Alternates are checked too.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the machine cannot read a file, and [`Error::Cancelled`]. What is missing
    /// or damaged is in [`RepoCheck::problems`].
    pub fn verify(&self) -> Result<RepoCheck> {
        let mut check = RepoCheck::default();
        let tips = self.check_refs(&mut check)?;
        self.check_files(&mut check)?;
        self.check_connectivity(&tips, &mut check)?;
        Ok(check)
    }

    /// Looks at `HEAD` and the refs. Returns the objects that they point to.
    fn check_refs(&self, check: &mut RepoCheck) -> Result<Vec<ObjectId>> {
        let mut tips = Vec::new();
        let head = check.keep(self.head())?;
        tips.extend(head.and_then(|head| head.commit_id()).map(|id| id.0));
        let broken = check.keep(self.broken_refs())?;
        for broken in broken.unwrap_or_default() {
            let (name, reason) = (broken.name, broken.reason);
            check.problems.push(format!("{name} is broken: {reason}"));
        }
        let objects = self.object_source()?.objects();
        let refs = check.keep(self.refs())?;
        for found in refs.unwrap_or_default() {
            check.refs += 1;
            let (name, id) = (found.name, found.target_id);
            match check.keep(objects.size(id.0))? {
                Some(Some(_)) => tips.push(id.0),
                Some(None) => {
                    let problem = format!("{name} points to {id}, which is missing");
                    check.problems.push(problem);
                }
                None => {}
            }
        }
        Ok(tips)
    }

    /// Compares the checksums of files.
    fn check_files(&self, check: &mut RepoCheck) -> Result<()> {
        let common = self.common_dir()?;
        let objects = common.join("objects");
        let dirs = object_dirs(&objects).map_err(Error::storage("read", &objects))?;
        let hash = self.local().object_hash();
        let (workers, cancel) = (self.workers(), &self.context().cancel);
        let local = self.local();
        let mut found = checksums::check(&dirs, local.git_dir(), hash, workers, cancel)?;
        let loose = loose::check(&dirs, hash, workers, cancel)?;
        found.files += loose.files;
        found.problems.extend(loose.problems);
        check.files = found.files;
        check.problems.extend(found.problems);
        Ok(())
    }

    /// Looks for all objects that `tips` and the index need.
    fn check_connectivity(&self, tips: &[ObjectId], check: &mut RepoCheck) -> Result<()> {
        let missed = MissingIds::default();
        let source = self.recording(Arc::clone(&missed)).object_source()?;
        let needs = self.needs();
        let mut look = Look::thorough(self, &source, needs);
        look.look(tips, Tips::default(), &self.context().cancel)?;
        check.commits = look.commits;
        let mut found = RepoCheck::default();
        for error in look.damages.unwrap_or_default() {
            found.keep::<()>(Err(error))?;
        }
        if needs.blobs {
            let objects = source.objects();
            for id in self.staged()? {
                found.keep(objects.size(id))?;
            }
        }
        let mut missing: Vec<_> = lock(&missed).iter().copied().collect();
        missing.sort_unstable();
        let missing = missing.iter().map(ToString::to_string);
        // Most of those that are missing are named by an error.
        let is_named = |id: &String| found.problems.iter().any(|problem| problem.contains(id));
        let unnamed = missing.filter(|id| !is_named(id));
        let unnamed: Vec<_> = unnamed
            .map(|id| format!("object {id} is missing"))
            .collect();
        found.problems.extend(unnamed);
        found.problems.sort();
        found.problems.dedup();
        check.problems.extend(found.problems);
        Ok(())
    }

    /// The blobs of the index; none if there is no index, or if its checksum is wrong.
    fn staged(&self) -> Result<Vec<ObjectId>> {
        let local = self.local();
        let Some(index) = gix_error::optional(self.path(), local.try_index())?.flatten() else {
            return Ok(Vec::new());
        };
        let entries = index.entries().iter();
        let blobs = entries.filter(|entry| {
            entry.mode != gix::index::entry::Mode::COMMIT
                && entry.mode != gix::index::entry::Mode::DIR
                && !entry
                    .flags
                    .contains(gix::index::entry::Flags::INTENT_TO_ADD)
        });
        Ok(blobs.map(|entry| entry.id).collect())
    }

    /// The objects that the repository has to have, by the filters of its remotes.
    fn needs(&self) -> Needs {
        let local = self.local();
        let config = local.config_snapshot();
        let mut needs = Needs {
            trees: true,
            blobs: true,
        };
        let is_partial = config.string("extensions.partialClone").is_some();
        if is_partial {
            needs.blobs = false;
        }
        for name in local.remote_names() {
            let key = |key: &str| [b"remote.", name.as_bytes(), b".", key.as_bytes()].concat();
            let filter = config.string(key("partialclonefilter").as_bstr());
            let is_promisor = config.boolean(key("promisor").as_bstr()) == Some(true);
            if filter.is_some() || is_promisor {
                needs.blobs = false;
            }
            // As in git, a filter may combine several.
            if filter.is_some_and(|filter| filter.contains_str("tree:")) {
                needs.trees = false;
            }
        }
        needs
    }
}
