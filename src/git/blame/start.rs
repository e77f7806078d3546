//! Sets up a walk from options.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::commits::{CommitIndex, Commits, WalkLimits};
use super::lookahead::BlameRules;
use super::options::BlameOptions;
use super::origins::{CommitContext, Files, Parent};
use super::passage::blob;
use super::ranges;
use super::report::{Reporter, RequestedFile, add_file_name, concerns_one_file};
use super::rows::FileBlame;
use super::runs::{FileIndex, Run};
use super::stream::BlameStream;
use super::targets::{PathFilter, choose, files_in};
use super::walk::BlameWalk;
use crate::cancel::CancelToken;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::diff::line_counts::line_count;
use crate::git::diff::lines::Whitespace;
use crate::git::diff::tree::{Side, TreeChange, find_path};
use crate::git::gix_error;
use crate::git::history::MissingBlobs;
use crate::git::mailmap::Mailmap;
use crate::git::objects::Objects;
use crate::git::repo::Repo;
use crate::git::walk::Tips;
use crate::git::worktree::{FileEntry, WorkingTree, zero};
use crate::regular_file;

/// Size of the cache for decoded objects if few files are blamed, in bytes; the cache is larger if
/// these files are large. A small cache soon drops objects, and their memory is reused for new ones.
/// This is faster than getting new memory from the system.
const FEW_FILES_CACHE: usize = 16 << 20;
/// Number of versions of the largest file that always fit in the cache.
const VERSIONS_KEPT: usize = 16;

/// Opens the files to blame, and gives all their lines to the commit where the walk starts.
pub(super) fn start(repo: &Repo, options: &BlameOptions) -> Result<BlameStream> {
    let cancel = &repo.context().cancel;
    if options.missing == MissingBlobs::AllowAny {
        let reason = "is not possible for blame, which reads the content; use `error` or `fetch`";
        return Err(Error::invalid("missing `allow-any`", reason));
    }
    let rules = BlameRules {
        whitespace: if options.ignore_whitespace {
            Whitespace::Ignored
        } else {
            Whitespace::Matters
        },
        ignored: ignored(repo, options)?,
    };
    let mut working_tree = if options.working_tree {
        Some(working_tree(repo, options, cancel)?)
    } else {
        None
    };
    let blobs = working_tree
        .as_mut()
        .map(|tree| std::mem::take(&mut tree.blobs));
    let source = repo.object_source_with(blobs.unwrap_or_default())?;
    let objects = source.objects();
    let (revision, tips) = tips(repo, options)?;
    let limits = WalkLimits {
        first_parent: options.first_parent,
        since: options.since,
    };
    let mut commits = Commits::new(&source, &tips, limits, cancel)?;
    let tip = commits.index(tips.included[0]);
    let tree = commits.load(tip)?.tree;
    let (top, files) = match working_tree {
        None => (
            StartCommit::Commit(tip),
            files_in(&objects, tree, options.paths.as_deref())?,
        ),
        Some(tree) => uncommitted(repo, tree, &mut commits, options.first_parent)?,
    };
    let whose = match top {
        StartCommit::Commit(_) => revision.as_str(),
        StartCommit::Uncommitted(..) => "the index",
    };
    let targets = choose(files, options.paths.as_deref(), whose);
    if !options.line_ranges.is_empty() && targets.len() != 1 {
        let reason = format!("needs one file, and there are {}", targets.len());
        return Err(Error::invalid("line range", reason));
    }
    let stop = cancel.child();
    let walk = BlameWalk::new(commits, &source, repo.workers(), rules, &stop)?;
    let mut stream = new_stream(repo, options, walk, stop)?;
    let are_few = options.paths.is_some() && stream.walk.set_file_count(targets.len());
    let mut largest = 0;
    for FileEntry { path, side } in targets {
        cancel.check()?;
        let added =
            side.and_then(|side| stream.add(&objects, &top, &path, side, &options.line_ranges));
        match added {
            Err(error) if concerns_one_file(&error) => stream.failed.push_back(FileBlame {
                rows: Err(add_file_name(&path, error)),
                path: path.into(),
                content: None,
            }),
            added => largest = largest.max(added?),
        }
    }
    if are_few {
        source.shrink_cache(FEW_FILES_CACHE.max(largest * VERSIONS_KEPT));
    }
    Ok(stream)
}

/// A stream without files.
fn new_stream(
    repo: &Repo,
    options: &BlameOptions,
    walk: BlameWalk,
    stop: CancelToken,
) -> Result<BlameStream> {
    let context = repo.context();
    Ok(BlameStream {
        walk,
        asked: Vec::new(),
        failed: VecDeque::new(),
        reporter: Reporter {
            mailmap: if options.mailmap {
                Mailmap::open(repo)?
            } else {
                Mailmap::none()
            },
            with_content: options.lines,
            authors: HashMap::new(),
        },
        subject: repo.name().to_owned(),
        progress: Arc::clone(&context.progress),
        steps: 0,
        cancel: context.cancel.clone(),
        stop,
        has_ended: false,
    })
}

/// Reads the requested files of the working tree.
fn working_tree(repo: &Repo, options: &BlameOptions, cancel: &CancelToken) -> Result<WorkingTree> {
    if options.rev.is_some() {
        let reason = "is always `HEAD`; leave out the revision or the working tree option";
        return Err(Error::invalid("revision of the working tree", reason));
    }
    let mut wanted = options.paths.as_deref().map(PathFilter::new);
    WorkingTree::read(repo, cancel, |path| {
        wanted.as_mut().is_none_or(|wanted| wanted.has(path))
    })
}

/// Adds the working tree as a commit on top of its parents.
fn uncommitted(
    repo: &Repo,
    tree: WorkingTree,
    commits: &mut Commits,
    first_parent: bool,
) -> Result<(StartCommit, Vec<FileEntry>)> {
    let mut parents = Vec::new();
    let followed = if first_parent { 1 } else { tree.parents.len() };
    for &id in tree.parents.iter().take(followed) {
        let commit = commits.index(id);
        parents.push(Parent {
            commit,
            tree: commits.load(commit)?.tree,
        });
    }
    let above = parents.iter().map(|parent| parent.commit).collect();
    let commit = commits.add_uncommitted(zero(repo).0, above);
    let family = CommitContext {
        files: Files::Listed(tree.files.iter().map(|file| file.path.clone()).collect()),
        parents,
        changes: None,
        is_ignored: false,
    };
    Ok((StartCommit::Uncommitted(commit, family), tree.files))
}

/// The commit where the walk starts.
enum StartCommit {
    Commit(CommitIndex),
    /// The working tree, and its parents.
    Uncommitted(CommitIndex, CommitContext),
}

impl BlameStream {
    /// Adds a file; returns its size in bytes.
    fn add(
        &mut self,
        objects: &Objects,
        top: &StartCommit,
        path: &[u8],
        side: Side,
        line_ranges: &[String],
    ) -> Result<usize> {
        let content = blob(objects, side.id)?;
        let file = FileIndex::try_from(self.asked.len())
            .map_err(|_| Error::internal("more than four billion files"))?;
        let run = |line, len| Run {
            file,
            final_line: line,
            line,
            len,
        };
        let runs = if line_ranges.is_empty() {
            vec![run(
                0,
                u32::try_from(line_count(&content)).unwrap_or(u32::MAX),
            )]
        } else {
            let ranges = ranges::resolve(line_ranges, &content)?.into_iter();
            ranges
                .map(|range| run(range.start, range.end - range.start))
                .collect()
        };
        self.asked.push(RequestedFile {
            path: path.to_owned(),
            side,
            lines: runs.iter().map(|run| u64::from(run.len)).sum(),
        });
        match top {
            StartCommit::Commit(tip) => self.walk.add_file(*tip, path, side, runs)?,
            StartCommit::Uncommitted(commit, family) => {
                let old = find_path(objects, family.parents[0].tree, path)?;
                let is_same = old
                    .is_some_and(|old| old.id == side.id && old.is_regular() == side.is_regular());
                if is_same {
                    self.walk
                        .add_file(family.parents[0].commit, path, side, runs)?;
                } else {
                    let change = TreeChange {
                        path: path.to_owned(),
                        old,
                        new: Some(side),
                    };
                    self.walk
                        .add_changed_file(*commit, family, &change, &runs)?;
                }
            }
        }
        Ok(content.len())
    }
}

/// Returns the revision's name and its tips, with exactly one commit to start from.
fn tips(repo: &Repo, options: &BlameOptions) -> Result<(String, Tips)> {
    let name = options.rev.as_deref().unwrap_or("HEAD");
    let tips = Tips::resolve(repo, &[name.to_owned()], false)?;
    match tips.included.as_slice() {
        [_] => Ok((name.to_owned(), tips)),
        several => {
            let reason = format!(
                "names {} commits to start from; blame starts from one",
                several.len()
            );
            Err(Error::invalid(format!("revision `{name}`"), reason))
        }
    }
}

/// Returns the commits to ignore.
fn ignored(repo: &Repo, options: &BlameOptions) -> Result<HashSet<ObjectId>> {
    let mut ids = HashSet::new();
    for revision in &options.ignore_revs {
        ids.insert(repo.rev_parse(revision)?.0);
    }
    if options.configured_ignores {
        for file in configured_ignore_files(repo)? {
            // The repository names it: a pipe would never end.
            let text = regular_file::read(&file, LARGEST_LIST);
            let text = text.map_err(Error::storage("read", &file));
            let read = text.and_then(|text| read_ids(repo, &file, &text, &mut ids));
            read.map_err(|error| match error {
                Error::Storage { ref source, .. } if !is_absence(source.kind()) => error,
                error => Error::invalid("blame.ignoreRevsFile of the repository", error.report()),
            })?;
        }
    }
    for file in &options.ignore_revs_files {
        let text = std::fs::read(file).map_err(Error::storage("read", file))?;
        read_ids(repo, file, &text, &mut ids)?;
    }
    Ok(ids)
}

/// Largest list of commits that a repository may name, in bytes.
const LARGEST_LIST: u64 = 1 << 30;

/// Returns the files that `blame.ignoreRevsFile` names; relative paths start at the top of the
/// working tree.
fn configured_ignore_files(repo: &Repo) -> Result<Vec<PathBuf>> {
    let local = repo.local();
    let config = local.config_snapshot();
    let mut files = Vec::new();
    for value in config
        .plumbing()
        .strings("blame.ignoreRevsFile")
        .unwrap_or_default()
    {
        if value.is_empty() {
            files.clear(); // as in git, an empty value clears the list
        } else {
            files.push(repo.path().join(gix_error::path(value.as_bstr())?));
        }
    }
    Ok(files)
}

/// Reads full ids, one per line; `#` starts a comment. As in git, a tag stands for its commit, and
/// an id is skipped if its object is missing or is not a commit.
fn read_ids(repo: &Repo, file: &Path, text: &[u8], ids: &mut HashSet<ObjectId>) -> Result<()> {
    let local = repo.local();
    for (number, line) in text.lines().enumerate() {
        let line = line
            .split(|&byte| byte == b'#')
            .next()
            .unwrap_or_default()
            .trim();
        if line.is_empty() {
            continue;
        }
        let id = ObjectId::from_hex(line)
            .ok()
            .filter(|id| id.kind() == local.object_hash());
        let id = id.ok_or_else(|| {
            let what = format!("line {} of {}", number + 1, file.display());
            Error::invalid(what, "is not a full object id")
        })?;
        let commit = local.find_object(id).and_then(gix::Object::peel_to_commit);
        let commit = gix_error::optional(repo.path(), commit)?;
        ids.extend(commit.map(|commit| commit.id));
    }
    Ok(())
}
