//! Prefetch: fetches the objects that a job is about to read and that a partial clone left out, in
//! few requests.
//!
//! git fetches these objects when it first reads them, often one at a time. Here the job is
//! analyzed first: history is walked without reading blobs, and all blobs that it names are fetched
//! together. For blame, the earlier names of a file are not known beforehand. Blame is therefore
//! run in advance, and the objects that it did not find are fetched. This is repeated until no
//! object is missing.

use std::collections::HashSet;
use std::sync::Arc;

use gix::ObjectId;
use gix::odb::store::RefreshMode;
use gix::prelude::FindExt as _;
use gix::protocol::fetch::{Shallow, Tags};

use super::fetch::{Connection, Counters, ReceiveOptions, Transfer};
use super::lock::lock_clone;
use super::options::{CloneOptions, Filter, PrefetchFor};
use super::origin_config::OriginConfig;
use super::transport::{Remote, TransferMonitor};
use crate::context::Context;
use crate::durable::sync_directory;
use crate::error::{Error, Result};
use crate::git::blame::BlameOptions;
use crate::git::diff::tree::{find_entry, tree_changes};
use crate::git::gix_error;
use crate::git::history::{DiffMerges, HistoryOptions};
use crate::git::objects::MissingIds;
use crate::git::repo::Repo;
use crate::git_string::GitString;
use crate::mutex::lock;
use crate::remote_url::{RemoteUrl, Scheme};

/// Fetches the objects that `job` will read and that a partial clone lacks, in few requests.
/// Returns the number of objects that were requested; 0 for a clone that is not partial.
///
/// Of `options`, only the network, credentials, limits and threads are used.
///
/// # Errors
///
/// Those of [`clone_repo`](super::clone_repo) about the remote, and those of the job about its
/// options. Objects that were fetched before an error are kept.
pub fn prefetch(
    repo: &Repo,
    job: &PrefetchFor,
    options: &CloneOptions,
    context: &Context,
) -> Result<u64> {
    if !is_partial(repo) {
        return Ok(0);
    }
    let origin = OriginConfig::read(repo)?;
    if origin.url.scheme() == Scheme::File {
        return Err(Error::unsupported(format!(
            "prefetching from the path {}: clone it again without a filter",
            origin.url
        )));
    }
    let fetcher = Fetcher {
        repo,
        origin,
        options,
        context,
    };
    fetcher.fetch(job)
}

/// Prefetches the files of `HEAD` for a clone that is being made from `url`.
pub(crate) fn fetch_files(
    repo: &Repo,
    url: &RemoteUrl,
    options: &CloneOptions,
    context: &Context,
) -> Result<()> {
    let mut origin = OriginConfig::read(repo)?;
    origin.url = url.clone(); // may have credentials, unlike the configuration
    let fetcher = Fetcher {
        repo,
        origin,
        options,
        context,
    };
    fetcher.fetch(&PrefetchFor::Files).map(|_| ())
}

/// Fetches those of `blobs` that are missing, before they are written to files. Does nothing for a
/// clone that is not partial.
pub(crate) fn fetch_blobs(
    repo: &Repo,
    blobs: HashSet<ObjectId>,
    options: &CloneOptions,
    context: &Context,
) -> Result<()> {
    if !is_partial(repo) {
        return Ok(());
    }
    let fetcher = Fetcher {
        repo,
        origin: OriginConfig::read(repo)?,
        options,
        context,
    };
    fetcher.fetch_absent(blobs).map(|_| ())
}

/// Returns true for a partial clone: its remote promises to have the missing objects.
pub(crate) fn is_partial(repo: &Repo) -> bool {
    let local = repo.local();
    let config = local.config_snapshot();
    let names = ["remote.origin.promisor", "remote.origin.partialclonefilter"];
    names.into_iter().any(|name| config.string(name).is_some())
}

/// Returns options for the history that blame will read, as far as its paths are known.
fn history_of(blame: &BlameOptions, revision: &str) -> HistoryOptions {
    let literal = |path: &GitString| GitString::from([b":(top,literal)", path.as_bytes()].concat());
    HistoryOptions {
        rev: vec![revision.to_owned()],
        paths: blame.paths.iter().flatten().map(literal).collect(),
        since: blame.since,
        first_parent: blame.first_parent,
        diff_merges: Some(DiffMerges::Separate),
        ..HistoryOptions::default()
    }
}

struct Fetcher<'a> {
    repo: &'a Repo,
    origin: OriginConfig,
    options: &'a CloneOptions,
    context: &'a Context,
}

impl Fetcher<'_> {
    fn fetch(&self, job: &PrefetchFor) -> Result<u64> {
        let mut fetched = self.fetch_absent(self.absent_trees()?)?;
        let mut likely = match job {
            PrefetchFor::Trees => return Ok(fetched),
            PrefetchFor::Files => self.files("HEAD", None)?,
            PrefetchFor::Commits(history) => self.blobs_of(history)?,
            PrefetchFor::Blame(blame) => {
                let revision = blame.rev.as_deref().unwrap_or("HEAD");
                let mut likely = self.files(revision, blame.paths.as_deref())?;
                likely.extend(self.blobs_of(&history_of(blame, revision))?);
                likely
            }
        };
        // A bare repository reads its mailmap from a blob.
        likely.extend(self.files("HEAD", Some(&[".mailmap".into()]))?);
        fetched += self.fetch_absent(likely)?;
        if let PrefetchFor::Blame(blame) = job {
            loop {
                match self.fetch_absent(self.dry_run(blame)?)? {
                    0 => break,
                    more => fetched += more,
                }
            }
        }
        Ok(fetched)
    }

    /// Returns the trees of all commits that a ref or `HEAD` reaches, if the clone left out trees.
    /// The server sends all subtrees with each tree.
    fn absent_trees(&self) -> Result<HashSet<ObjectId>> {
        let mut absent = HashSet::new();
        if self.origin.filter != Some(Filter::Trees) {
            return Ok(absent);
        }
        let local = self.repo.local();
        let unreadable = || gix_error::unreadable(self.repo.path(), "its history");
        let mut tips: Vec<ObjectId> = Vec::new();
        tips.extend(self.repo.refs()?.iter().map(|found| found.peeled_id.0));
        tips.extend(self.repo.head()?.commit_id().map(|id| id.0));
        tips.retain(|id| {
            local
                .find_header(*id)
                .is_ok_and(|header| header.kind().is_commit())
        });
        for commit in local.rev_walk(tips).all().map_err(unreadable())? {
            self.context.cancel.check()?;
            let commit = commit.map_err(unreadable())?;
            let mut bytes = Vec::new();
            let tree = local
                .objects
                .find_commit(&commit.id, &mut bytes)
                .map_err(unreadable())?
                .tree();
            absent.insert(tree);
        }
        Ok(absent)
    }

    /// Returns the blobs of a revision's files; with `paths`, only those of these files and
    /// directories.
    fn files(&self, revision: &str, paths: Option<&[GitString]>) -> Result<HashSet<ObjectId>> {
        if self.repo.is_empty()? {
            return Ok(HashSet::new());
        }
        let commit = self.repo.rev_parse(revision)?;
        let source = self.repo.object_source()?;
        let objects = source.objects();
        let tree = self.repo.tree_of(commit)?;
        let mut blobs = HashSet::new();
        let mut add = |tree| -> Result<()> {
            let files = tree_changes(&objects, None, Some(tree))?.into_iter();
            let sides = files.filter_map(|file| file.new);
            blobs.extend(
                sides
                    .filter(|side| !side.is_submodule())
                    .map(|side| side.id),
            );
            Ok(())
        };
        match paths {
            None => add(tree)?,
            Some(paths) => {
                let mut single = HashSet::new();
                for path in paths {
                    match find_entry(&objects, tree, path)? {
                        Some(side) if side.mode == gix::objs::tree::EntryKind::Tree => {
                            add(side.id)?;
                        }
                        Some(side) if !side.is_submodule() => {
                            single.insert(side.id);
                        }
                        _ => {}
                    }
                }
                blobs.extend(single);
            }
        }
        Ok(blobs)
    }

    /// Returns the old and the new blob of every change.
    fn blobs_of(&self, history: &HistoryOptions) -> Result<HashSet<ObjectId>> {
        let mut blobs = HashSet::new();
        if self.repo.is_empty()? && history.rev.is_empty() {
            return Ok(blobs);
        }
        for commit in self
            .repo
            .with_context(self.context)
            .commits_without_counts(history)?
        {
            for change in commit?.changes {
                let old = change.old_blob_id.zip(change.old_mode);
                let new = change.new_blob_id.zip(change.new_mode);
                let sides = [old, new].into_iter().flatten();
                let files = sides.filter(|(_, mode)| *mode != SUBMODULE);
                blobs.extend(files.map(|(id, _)| id.0));
            }
        }
        Ok(blobs)
    }

    /// Runs blame and returns the objects that it did not find.
    fn dry_run(&self, blame: &BlameOptions) -> Result<HashSet<ObjectId>> {
        let missed = MissingIds::default();
        let quiet = Context::new().cancelled_by(&self.context.cancel);
        let repo = self
            .repo
            .recording(Arc::clone(&missed))
            .with_context(&quiet);
        for file in repo.blame(blame)? {
            file?;
        }
        let mut missed = lock(&missed);
        Ok(std::mem::take(&mut *missed))
    }

    /// Fetches those of `ids` that are missing; returns their number.
    fn fetch_absent(&self, ids: HashSet<ObjectId>) -> Result<u64> {
        let mut local = self.repo.local();
        local.objects.refresh = RefreshMode::Never; // most ids are missing: do not rescan
        let mut absent: Vec<ObjectId> = ids
            .into_iter()
            .filter(|id| !local.has_object(*id))
            .collect();
        if absent.is_empty() {
            return Ok(0);
        }
        absent.sort_unstable(); // makes requests reproducible
        let count = absent.len() as u64;
        let receive_options = ReceiveOptions {
            shallow: Shallow::NoChange,
            tags: Tags::None,
            filter: Some(Filter::Blobs),
            threads: self.options.threads,
            most_objects: self.options.limits.max_objects,
            most_object_bytes: self.options.limits.max_object_bytes,
        };
        let remote = Remote::new(&self.origin.url, self.options)?;
        let git_dir = local.common_dir().to_owned();
        let shared = local.into_sync();
        let work = move |monitor: &TransferMonitor, counters: &Counters| {
            let repo = shared.to_thread_local();
            let _lock = lock_clone(&repo, monitor)?;
            let mut connection = Connection::open(&remote, monitor)?;
            connection.receive_ids(&repo, &absent, &receive_options, counters)?;
            sync_directory(&git_dir.join("objects/pack"))
        };
        let transfer = Transfer {
            subject: self.origin.url.as_str(),
            into: self.repo.path(),
            options: self.options,
            context: self.context,
        };
        transfer.run(work)?;
        Ok(count)
    }
}

const SUBMODULE: &str = "160000";
