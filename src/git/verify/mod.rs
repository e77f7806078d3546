//! Checks that a repository is whole: its refs, all that they need, and the checksums of its files.
//!
//! What `git fsck` does object by object is done here file by file: a pack whose checksum is right
//! holds the objects that its index lists. Connectivity is that of `git rev-list --objects`.

mod checksums;
mod found;
mod loose;

use std::path::PathBuf;

use gix::ObjectId;
use gix::index::entry::{Flags, Mode};
use gix::objs::Kind;

use super::alternates::object_dirs;
use super::connectivity::{Look, Needs};
use super::index_file::read_index;
use super::promised::Promised;
use super::refs::{Found, RefStore};
use super::repo::Repo;
use super::walk::Tips;
use super::{gix_error, special_files};
use crate::error::{Error, Result};

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
    /// that a shallow clone leaves out, and those that a promisor remote provides, may be missing.
    /// Alternates and linked working trees are checked too. Replacements are not applied.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the machine cannot read a file, and [`Error::Cancelled`]. Missing and
    /// damaged parts are no errors: [`RepoCheck::problems`] lists them.
    pub fn verify(&self) -> Result<RepoCheck> {
        let mut check = RepoCheck::default();
        let repo = self.as_stored();
        let worktrees = repo.worktrees(&mut check)?;
        let mut tips = repo.check_refs(&mut check)?;
        let mut blobs = Vec::new();
        for worktree in &worktrees {
            if let Found::Broken(reason) = RefStore::of(worktree).read(b"HEAD")? {
                let of = worktree.git_dir().display();
                check
                    .problems
                    .push(format!("HEAD of {of} is broken: {reason}"));
            }
            tips.extend(
                RefStore::of(worktree)
                    .resolve(b"HEAD")?
                    .map(|found| found.1),
            );
            blobs.extend(check.keep(staged(worktree))?.unwrap_or_default());
        }
        repo.check_files(&worktrees, &mut check)?;
        repo.check_connectivity(&tips, &blobs, &mut check)?;
        Ok(check)
    }

    /// The repository itself, and its linked working trees.
    fn worktrees(&self, check: &mut RepoCheck) -> Result<Vec<gix::Repository>> {
        let local = self.local();
        let unreadable = gix_error::unreadable(self.path(), "its working trees");
        let linked = check.keep(local.worktrees().map_err(unreadable))?;
        let mut found = vec![self.local()];
        for linked in linked.unwrap_or_default() {
            let git_dir = linked.git_dir().to_owned();
            // A pipe in the place of one of its files must not be opened.
            if check.keep(special_files::check(&git_dir))?.is_some() {
                let opened = linked.into_repo_with_possibly_inaccessible_worktree();
                let unreadable = gix_error::unreadable(&git_dir, "its linked working tree");
                found.extend(check.keep(opened.map_err(unreadable))?);
            }
        }
        Ok(found)
    }

    /// Looks at `HEAD` and the refs. Returns the objects that the refs point to.
    fn check_refs(&self, check: &mut RepoCheck) -> Result<Vec<ObjectId>> {
        let mut tips = Vec::new();
        check.keep(self.head())?;
        let broken = check.keep(self.broken_refs())?;
        for broken in broken.unwrap_or_default() {
            let (name, reason) = (broken.name, broken.reason);
            check.problems.push(format!("{name} is broken: {reason}"));
        }
        let dangling = check.keep(self.dangling_refs())?;
        for name in dangling.unwrap_or_default() {
            let problem = format!("{name} is a symbolic ref that leads to no object");
            check.problems.push(problem);
        }
        let objects = self.object_source()?.objects();
        let refs = check.keep(self.refs())?;
        for found in refs.unwrap_or_default() {
            check.refs += 1;
            let (name, id) = (found.name, found.target_id);
            let problem = match check.keep(objects.header(id.0))? {
                None => continue,
                Some(None) => format!("{name} points to {id}, which is missing"),
                Some(Some((kind, _))) => {
                    tips.push(id.0);
                    if kind == Kind::Commit || !name.starts_with(b"refs/heads/") {
                        continue;
                    }
                    format!("{name} points to {id}, which is a {kind}")
                }
            };
            check.problems.push(problem);
        }
        Ok(tips)
    }

    /// Compares the checksums of files.
    fn check_files(&self, worktrees: &[gix::Repository], check: &mut RepoCheck) -> Result<()> {
        let dirs = self.object_dirs()?;
        let hash = self.local().object_hash();
        let (workers, cancel) = (self.workers(), &self.context().cancel);
        let git_dirs: Vec<_> = worktrees.iter().map(gix::Repository::git_dir).collect();
        for found in [
            checksums::check(&dirs, &git_dirs, hash, workers, cancel)?,
            loose::check(&dirs, hash, workers, cancel)?,
        ] {
            check.files += found.files;
            check.problems.extend(found.problems);
        }
        Ok(())
    }

    /// Looks for all objects that `tips` need, and for the `blobs` of the indices.
    fn check_connectivity(
        &self,
        tips: &[ObjectId],
        blobs: &[ObjectId],
        check: &mut RepoCheck,
    ) -> Result<()> {
        let all = Needs {
            trees: true,
            blobs: true,
        };
        let promised = Promised::open(&self.object_dirs()?, self.local().object_hash())?;
        let is_partial = promised.is_some();
        let cancel = &self.context().cancel;
        let look = Look::new(self.object_source()?, all, promised, cancel);
        let mut found = look.look(tips, Tips::default(), Some(self.workers()))?;
        check.commits = found.commits;
        // A checkout of a part of the tree lists blobs that were never sent.
        if !is_partial {
            let staged = look.look_for_blobs(blobs)?;
            found.missing.extend(staged.missing);
            found.damages.extend(staged.damages);
        }
        let mut damages = RepoCheck::default();
        for error in found.damages {
            damages.keep::<()>(Err(error))?;
        }
        damages.problems.sort();
        damages.problems.dedup();
        check.problems.extend(damages.problems);
        let missing = found.missing.iter();
        let missing = missing.map(|id| format!("object {id} is missing"));
        check.problems.extend(missing);
        Ok(())
    }

    fn object_dirs(&self) -> Result<Vec<PathBuf>> {
        let objects = self.common_dir()?.join("objects");
        object_dirs(&objects).map_err(Error::storage("read", &objects))
    }
}

/// Returns the blobs of a working tree's index; an empty list if it has no index.
fn staged(worktree: &gix::Repository) -> Result<Vec<ObjectId>> {
    let Some(index) = read_index(worktree)? else {
        return Ok(Vec::new());
    };
    let entries = index.entries().iter();
    let blobs = entries.filter(|entry| {
        !matches!(entry.mode, Mode::COMMIT | Mode::DIR)
            && !entry.flags.contains(Flags::INTENT_TO_ADD)
    });
    Ok(blobs.map(|entry| entry.id).collect())
}
