//! Checkout of files into a working tree.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::options::CloneOptions;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::index_file::is_inside;
use crate::git::special_files;
use crate::progress::{Phase, Progress, ProgressSink};
use crate::remote_url::RemoteUrl;

/// Writes the files of `HEAD`, then the index file.
pub(crate) fn head(
    worktree: &Path,
    url: &RemoteUrl,
    options: &CloneOptions,
    context: &Context,
) -> Result<()> {
    let corrupt = |what: &'static str| gix_error::unreadable(worktree, what);
    let repo = open_for_checkout(worktree)?;
    let mut head = repo.head().map_err(corrupt("HEAD"))?;
    if head.is_unborn() {
        return Ok(());
    }
    let tree = head
        .peel_to_commit()
        .and_then(|commit| commit.tree_id())
        .map_err(corrupt("the commit of HEAD"))?;
    let mut index = index_of(&repo, &tree, worktree)?;
    let files = CheckoutProgress::new(
        url.to_string(),
        index.entries().len() as u64,
        &context.progress,
    );
    write_files(
        &repo,
        &mut index,
        worktree,
        &files,
        options.threads,
        &context.cancel,
    )?;
    index
        .write(gix::index::write::Options::default())
        .map_err(corrupt("its index"))
}

/// Opens the repository with the working tree `worktree` for writing files. As in git, names that
/// some file system treats as `.git` or as a device are refused.
pub(crate) fn open_for_checkout(worktree: &Path) -> Result<gix::Repository> {
    let overrides = [
        "core.protectHFS=true",
        "core.protectNTFS=true",
        "core.multiPackIndex=false",
    ];
    let open = gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides(overrides);
    let repo = gix::open_opts(worktree, open);
    let repo = repo.map_err(gix_error::unreadable(worktree, "opening the clone"))?;
    // gix reads the attributes that the configuration names.
    if let Ok(Some(path)) = repo.config_snapshot().trusted_path("core.attributesFile") {
        special_files::refuse_special(&path, u64::MAX)?;
    }
    Ok(repo)
}

/// Returns an index of the files of a tree.
///
/// # Errors
///
/// [`Error::Corrupt`] if an object is missing or damaged, or if a path must not be written.
pub(crate) fn index_of(
    repo: &gix::Repository,
    tree: &gix::oid,
    worktree: &Path,
) -> Result<gix::index::File> {
    let what = "its files cannot be checked out";
    let index = repo.index_from_tree(tree);
    let index = index.map_err(gix_error::unreadable(worktree, what))?;
    let paths = || index.entries().iter().map(|entry| entry.path(&index));
    match paths().find(|path| !is_inside(path)) {
        None => Ok(index),
        Some(path) => Err(Error::Corrupt {
            path: worktree.to_owned(),
            what: format!(
                "{what}: the path `{path}` is invalid: it is outside of the working tree, or in .git"
            ),
            source: None,
        }),
    }
}

/// Writes the files of an index into an empty directory. No filter program is run.
pub(crate) fn write_files(
    repo: &gix::Repository,
    index: &mut gix::index::File,
    worktree: &Path,
    files: &CheckoutProgress,
    threads: usize,
    cancel: &CancelToken,
) -> Result<()> {
    let corrupt = |what: &'static str| gix_error::unreadable(worktree, what);
    let mut checkout = repo
        .checkout_options(gix::worktree::stack::state::attributes::Source::IdMapping)
        .map_err(corrupt("its checkout configuration"))?;
    // Filters are programs that the configuration of a clone names.
    checkout.filters.options_mut().drivers.clear();
    checkout.destination_is_initially_empty = true; // so colliding paths are reported
    checkout.thread_limit = (threads > 0).then_some(threads);
    let objects = repo
        .objects
        .clone()
        .into_arc()
        .map_err(|error| Error::internal(error.to_string()))?;
    let outcome = gix::worktree::state::checkout(
        index,
        worktree,
        objects,
        files,
        &gix::progress::Discard,
        cancel.flag(),
        checkout,
    )
    .map_err(corrupt("checking out"))?;
    cancel.check()?; // gix returns no error for an interrupted checkout
    if let Some(failed) = outcome.errors.first() {
        return Err(Error::Corrupt {
            path: worktree.to_owned(),
            what: format!("{} cannot be checked out: {}", failed.path, failed.error),
            source: None,
        });
    }
    if let Some(collision) = outcome.collisions.first() {
        return Err(Error::Corrupt {
            path: worktree.to_owned(),
            what: format!(
                "{} cannot be checked out: another path names the same file",
                collision.path
            ),
            source: None,
        });
    }
    Ok(())
}

/// Counts files and reports progress at intervals.
pub(crate) struct CheckoutProgress {
    done: Arc<AtomicUsize>,
    total: u64,
    subject: String,
    sink: Arc<dyn ProgressSink>,
}

impl CheckoutProgress {
    pub(crate) fn new(subject: String, total: u64, sink: &Arc<dyn ProgressSink>) -> Self {
        Self {
            done: Arc::default(),
            total,
            subject,
            sink: Arc::clone(sink),
        }
    }
}

impl gix::progress::Count for CheckoutProgress {
    fn set(&self, step: usize) {
        self.done.store(step, Ordering::Relaxed);
    }

    fn step(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: usize) {
        const EVERY: usize = 256;
        let before = self.done.fetch_add(step, Ordering::Relaxed);
        if before / EVERY != (before + step) / EVERY {
            self.sink.progress(Progress {
                subject: self.subject.clone(),
                phase: Phase::CheckingOut,
                done: (before + step) as u64,
                total: Some(self.total),
                bytes: 0,
            });
        }
    }

    fn counter(&self) -> gix::progress::StepShared {
        Arc::clone(&self.done)
    }
}
