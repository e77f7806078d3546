//! The repository of a target: the target itself, a temporary clone, or a kept one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::job::{MineJob, Source};
use super::outcome::Mined;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::fleet::dataset::Staging;
use crate::fleet::existing::is_clone_of;
use crate::fleet::place_lock::lock_place;
use crate::git::{Discover, ObjectId, OpenOptions, Repo};
use crate::remote::{
    CloneOptions, UpdateFiles, Worktree, clone_repo, remote_head, remove_leftovers, update_repo,
};

/// Interval at which a cancellation is noticed.
const POLL: Duration = Duration::from_millis(50);

impl MineJob<'_> {
    /// Returns the repository to read; `None` if the remote has not changed since the finished run.
    pub(super) fn source(
        &self,
        staging: &Staging,
        finished: Option<&Mined>,
    ) -> Result<Option<Source>> {
        if let Some(path) = self.target.local_path() {
            return self.whole(&path).map(Some);
        }
        if self.is_still_true(finished)? {
            return Ok(None);
        }
        if let Some(root) = &self.options.keep_clones {
            return self.kept(root).map(Some);
        }
        let clone = staging.join("clone.git");
        clone_repo(
            self.target.url(),
            &clone,
            &self.clone_options(),
            self.context,
        )?;
        self.whole(&clone).map(Some)
    }

    /// Opens a repository whose own `HEAD` and refs are those of the target.
    fn whole(&self, path: &Path) -> Result<Source> {
        let (path, open) = (path.to_owned(), self.open_options());
        let rev = self.options.rev.clone();
        let revision = self.options.revision().to_owned();
        // A file system that does not answer must not hold up a run that is to end.
        let (repo, head) = on_another_thread(&self.context.cancel, move || {
            let repo = Repo::open(&path, &open)?;
            let head = match rev {
                None if repo.is_empty()? => None,
                _ => Some(repo.rev_parse(&revision)?),
            };
            Ok((repo, head))
        })?;
        Ok(Source {
            repo,
            head,
            warnings: Vec::new(),
        })
    }

    /// Makes or updates the clone below `root`. Other processes that use it wait meanwhile.
    ///
    /// The user may have a working tree and commits in it, so that its own `HEAD` and branches do
    /// not count: those of the origin do.
    fn kept(&self, root: &Path) -> Result<Source> {
        let relative = self.target.key().path();
        let path = root.join(&relative);
        let _lock = lock_place(root, &relative, &self.context.cancel)?;
        if !is_clone_of(&path, self.target.url())? {
            if let Some(directory) = path.parent() {
                remove_leftovers(directory)?;
            }
            clone_repo(
                self.target.url(),
                &path,
                &self.clone_options(),
                self.context,
            )?;
            return self.whole(&path);
        }
        let options = CloneOptions {
            update_files: UpdateFiles::Keep,
            ..self.clone_options()
        };
        let updated = update_repo(&path, &options, self.context)?;
        let repo = Repo::open(&path, &self.open_options())?;
        let mut warnings = updated.warnings;
        let clone_options = &self.options.clone_options;
        let wants_all = clone_options.depth.is_none() && clone_options.shallow_since.is_none();
        if wants_all && repo.is_shallow()? {
            let path = path.display();
            warnings.push(format!(
                "older history is missing: {path} is a shallow clone"
            ));
        }
        if self.options.rev.is_some()
            && repo.is_bare()
            && let Some(reason) = warnings.first()
        {
            // A branch that was not moved would be mined at an old commit.
            return Err(Error::DestinationExists {
                path,
                reason: reason.clone(),
            });
        }
        let head = self.head_of_origin(&repo, &path, updated.origin_head)?;
        Ok(Source {
            repo,
            head,
            warnings,
        })
    }

    /// The commit to mine in a kept clone; `origin_head` is that of the origin's `HEAD`.
    fn head_of_origin(
        &self,
        repo: &Repo,
        path: &Path,
        origin_head: Option<ObjectId>,
    ) -> Result<Option<ObjectId>> {
        let revision = self.options.revision();
        let rest = revision
            .strip_prefix("HEAD")
            .or_else(|| revision.strip_prefix('@'));
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(['~', '^'])) {
            return match origin_head {
                Some(head) if rest.is_empty() => Ok(Some(head)),
                Some(head) => repo.rev_parse(&format!("{head}{rest}")).map(Some),
                None if repo.is_empty()? && self.options.rev.is_none() => Ok(None),
                None => Err(Error::RevisionNotFound {
                    repo: self.target.to_string(),
                    revision: revision.to_owned(),
                    reason: format!("{} does not have the origin's HEAD", path.display()),
                }),
            };
        }
        // In a clone with a working tree, a local branch of this name may be elsewhere. As always, a
        // tag counts before a branch.
        let branch = revision.strip_prefix("refs/heads/").unwrap_or(revision);
        let there = [
            format!("refs/tags/{revision}"),
            format!("refs/remotes/origin/{branch}"),
        ];
        for name in there.iter().filter(|_| !repo.is_bare()) {
            match repo.rev_parse(name) {
                Ok(found) => return Ok(Some(found)),
                Err(Error::RevisionNotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        repo.rev_parse(revision).map(Some)
    }

    fn is_still_true(&self, finished: Option<&Mined>) -> Result<bool> {
        let asks_for_head = self.options.rev.is_none();
        let Some(finished) = finished.filter(|_| asks_for_head) else {
            return Ok(false);
        };
        let head = remote_head(self.target.url(), &self.options.clone_options, self.context)?;
        Ok(finished.head == head.map(|id| id.to_string()))
    }

    fn open_options(&self) -> OpenOptions {
        OpenOptions {
            trust: self.options.clone_options.trust,
            discover: Discover::Exact,
            workers: Some(self.workers.clone()),
            name: Some(self.target.key().to_string()),
            cache_bytes: None,
        }
    }

    fn clone_options(&self) -> CloneOptions {
        CloneOptions {
            worktree: Worktree::Bare,
            threads: self.workers.threads(),
            ..self.options.clone_options.clone()
        }
    }
}

/// Runs `work` on a thread of its own, and waits for it until the run is cancelled.
fn on_another_thread<T: Send + 'static>(
    cancel: &CancelToken,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (send, receive) = mpsc::channel();
    let work = move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        let result = result.unwrap_or_else(|payload| Err(Error::from_panic(&*payload)));
        let _ = send.send(result); // fails if the caller no longer waits
    };
    let thread = thread::Builder::new().name("gitfleet-open".to_owned());
    thread
        .spawn(work)
        .map_err(Error::storage("start", "a thread"))?;
    loop {
        match receive.recv_timeout(POLL) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => cancel.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::internal(
                    "opening a repository ended without an answer",
                ));
            }
        }
    }
}
