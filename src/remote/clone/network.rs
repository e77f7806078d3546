//! Clones over the network.

use std::collections::HashSet;
use std::path::Path;

use gix::protocol::fetch::{Shallow, Tags};
use gix::protocol::handshake::Ref;

use super::config::{self, OriginSection};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::Trust;
use crate::git::gix_error;
use crate::git::id::ObjectId;
use crate::git::refs::Head;
use crate::git::repo::{OpenOptions, Repo};
use crate::git_string::GitString;
use crate::remote::fetch::{
    Connection, Counters, Deadline, ReceiveOptions, Transfer, check_connected, into_packed,
    on_another_thread, parse, ref_targets,
};
use crate::remote::options::{CloneOptions, FetchTags, Worktree};
use crate::remote::outcome::Received;
use crate::remote::packed_refs::{self, PackedRef};
use crate::remote::prefetch::fetch_files;
use crate::remote::transport::{Remote, TransferMonitor};
use crate::remote_url::RemoteUrl;

/// Fetches the refs and objects that `options` select into the empty directory `into`.
pub(crate) fn fetch(
    url: &RemoteUrl,
    into: &Path,
    options: &CloneOptions,
    context: &Context,
) -> Result<Received> {
    for spec in &options.refspecs {
        if !spec.contains(':') && !spec.starts_with('^') {
            let reason = "has no destination: write +refs/heads/x:refs/heads/x";
            return Err(Error::invalid(format!("refspec `{spec}`"), reason));
        }
    }
    let work = {
        let remote = Remote::new(url, options)?;
        let (into, options) = (into.to_owned(), options.clone());
        move |monitor: &TransferMonitor, counters: &Counters| {
            let made = make(&remote, &into, &options, monitor, counters);
            // If the caller stopped waiting, it may have removed the directory, so the clone must
            // not be used.
            made.and_then(|()| {
                if monitor.must_stop() {
                    Err(Error::Cancelled)
                } else {
                    Ok(())
                }
            })
        }
    };
    let transfer = Transfer {
        subject: url.as_str(),
        into,
        options,
        context,
    };
    let ((), monitor) = transfer.run(work)?;
    if options.worktree == Worktree::CheckedOut && options.filter.is_some() {
        let repo = Repo::open(into, &OpenOptions::exact(Trust::Anyone)?)?;
        fetch_files(&repo, url, options, context)?;
    }
    Ok(Received {
        bytes: monitor.bytes(),
        final_url: monitor.final_url(),
    })
}

fn make(
    remote: &Remote,
    into: &Path,
    options: &CloneOptions,
    monitor: &TransferMonitor,
    counters: &Counters,
) -> Result<()> {
    let mut connection = Connection::open(remote, monitor)?;
    let refs = connection.list(&parse(&listed_specs(options))?)?.to_vec();
    let head = head_of(remote.url(), &refs, options.branch.as_deref())?;
    let plan = FetchPlan::new(options, &head);

    let specs = parse(&plan.specs)?;
    let mut wanted_specs = specs.clone();
    if refs.iter().any(|found| found.unpack().0 == "HEAD") && plan.wants_head {
        wanted_specs.extend(parse(&["HEAD"])?);
    }
    let map = connection.map(&wanted_specs, plan.tags)?;
    let repo = create(into, options.worktree, map.object_hash)?;
    let receive_options = ReceiveOptions {
        shallow: plan.shallow.clone(),
        tags: plan.tags,
        filter: options.filter,
        threads: options.threads,
        most_objects: options.limits.max_objects,
        most_object_bytes: options.limits.max_object_bytes,
    };
    connection.receive(&repo, &map, &HashSet::new(), &receive_options, counters)?;
    let wanted = ref_targets(&map, &repo)?;
    check_connected(
        &repo,
        remote.url().as_str(),
        &wanted,
        &[],
        options.filter,
        monitor,
    )?;
    let mut refs = into_packed(wanted);
    if options.worktree == Worktree::CheckedOut {
        refuse_absent_head(remote.url(), &repo, &head)?;
        add_local_branch(repo.git_dir(), &head, &mut refs)?;
    }
    let remote = OriginSection {
        url: &remote.url().address(),
        specs: &plan.specs,
        is_mirror: options.worktree == Worktree::Mirror,
        has_no_tags: plan.tags == Tags::None && options.tags == FetchTags::None,
        filter: options.filter,
        branch: match &head {
            Head::Branch { name, .. } | Head::Unborn { name }
                if options.worktree == Worktree::CheckedOut =>
            {
                Some(name)
            }
            _ => None,
        },
    };
    config::append(repo.git_dir(), &remote)?;
    packed_refs::write(&repo, &head, refs)
}

/// Returns the refspecs of the refs to list: those that the clone may need.
fn listed_specs(options: &CloneOptions) -> Vec<String> {
    let usual: &[&str] = match (options.refspecs.is_empty(), options.worktree) {
        (false, _) => &["HEAD"],
        (true, Worktree::Mirror) => &["refs/*:refs/*", "HEAD"],
        (true, _) => &[
            "HEAD",
            "refs/heads/*:refs/heads/*",
            "refs/tags/*:refs/tags/*",
        ],
    };
    let usual = usual.iter().map(|&spec| spec.to_owned());
    usual.chain(options.refspecs.iter().cloned()).collect()
}

/// The refs to fetch, and how much of their history.
struct FetchPlan {
    specs: Vec<String>,
    tags: Tags,
    shallow: Shallow,
    wants_head: bool,
}

impl FetchPlan {
    fn new(options: &CloneOptions, head: &Head) -> Self {
        let shallow = match (options.depth, options.shallow_since) {
            (Some(depth), _) => Shallow::DepthAtRemote(depth),
            (None, Some(seconds)) => Shallow::Since {
                cutoff: gix::date::Time::new(seconds, 0),
            },
            (None, None) => Shallow::NoChange,
        };
        let is_single = options.single_branch || shallow != Shallow::NoChange;
        let to = match options.worktree {
            Worktree::CheckedOut => "refs/remotes/origin/",
            Worktree::Bare | Worktree::Mirror => "refs/heads/",
        };
        // A detached HEAD may be on no branch: only a request for HEAD fetches its objects.
        let mut wants_head = matches!(head, Head::Detached { .. }) && options.branch.is_none();
        let (specs, usual_tags) = if !options.refspecs.is_empty() {
            wants_head = false;
            (options.refspecs.clone(), Tags::Included)
        } else if options.worktree == Worktree::Mirror && !is_single {
            (vec!["+refs/*:refs/*".to_owned()], Tags::None)
        } else if is_single {
            let spec = match head {
                Head::Branch { name, .. } | Head::Unborn { name } => {
                    let name = String::from_utf8_lossy(name);
                    let short = name.strip_prefix("refs/heads/").unwrap_or(&name);
                    vec![format!("+refs/heads/{short}:{to}{short}")]
                }
                Head::Detached { .. } => {
                    let tag = options.branch.iter();
                    tag.map(|tag| format!("+refs/tags/{tag}:refs/tags/{tag}"))
                        .collect()
                }
            };
            (spec, Tags::Included)
        } else if options.worktree == Worktree::CheckedOut {
            (vec![format!("+refs/heads/*:{to}*")], Tags::All)
        } else {
            let mut specs = vec!["+refs/heads/*:refs/heads/*".to_owned()];
            if options.tags == FetchTags::Usual {
                specs.push("+refs/tags/*:refs/tags/*".to_owned());
            }
            (specs, Tags::None)
        };
        let tags = match options.tags {
            FetchTags::Usual => usual_tags,
            FetchTags::None => Tags::None,
        };
        Self {
            specs,
            tags,
            shallow,
            wants_head,
        }
    }
}

/// Returns the branch or commit of the clone's `HEAD`.
fn head_of(url: &RemoteUrl, refs: &[Ref], branch: Option<&str>) -> Result<Head> {
    let find = |name: &[u8]| refs.iter().find(|found| found.unpack().0 == name);
    let id_of = |found: &Ref| {
        let (_, target, peeled) = found.unpack();
        peeled.or(target).map(|id| ObjectId(id.to_owned()))
    };
    if let Some(branch) = branch {
        let full = format!("refs/heads/{branch}").into_bytes();
        if let Some(commit_id) = find(&full).and_then(id_of) {
            return Ok(Head::Branch {
                name: full.into(),
                commit_id,
            });
        }
        let tag = format!("refs/tags/{branch}").into_bytes();
        if let Some(commit_id) = find(&tag).and_then(id_of) {
            return Ok(Head::Detached { commit_id });
        }
        return Err(Error::RevisionNotFound {
            repo: url.to_string(),
            revision: branch.to_owned(),
            reason: "it has no branch or tag of that name".to_owned(),
        });
    }
    Ok(match find(b"HEAD") {
        Some(Ref::Symbolic { target, object, .. }) if target.starts_with(b"refs/heads/") => {
            Head::Branch {
                name: target.to_vec().into(),
                commit_id: ObjectId(*object),
            }
        }
        Some(Ref::Unborn { target, .. }) if target.starts_with(b"refs/heads/") => Head::Unborn {
            name: target.to_vec().into(),
        },
        Some(found) => match id_of(found) {
            Some(commit_id) => match branch_at(refs, commit_id) {
                Some(name) => Head::Branch { name, commit_id },
                None => Head::Detached { commit_id },
            },
            None => unborn(),
        },
        None => unborn(),
    })
}

/// Returns the branch that a `HEAD` without a name probably is: servers of version 0 may not tell. As
/// in git, it is one at the same commit, and one of the usual names if there are several.
fn branch_at(refs: &[Ref], commit: ObjectId) -> Option<GitString> {
    let at_commit = refs.iter().filter_map(|found| {
        let (name, target, _) = found.unpack();
        let is_there = target.is_some_and(|target| target == commit.0);
        (is_there && name.starts_with(b"refs/heads/")).then_some(name)
    });
    let names: Vec<_> = at_commit.collect();
    let usual = ["refs/heads/master", "refs/heads/main"];
    let usual = usual
        .iter()
        .find(|usual| names.iter().any(|name| name == *usual));
    let name = usual.map(|name| name.as_bytes().to_vec());
    let name = name.or_else(|| names.first().map(|name| name.to_vec()));
    name.map(Into::into)
}

fn unborn() -> Head {
    Head::Unborn {
        name: "refs/heads/main".into(),
    }
}

/// Returns an error if the commit of `HEAD` was not fetched, so its files cannot be checked out.
fn refuse_absent_head(url: &RemoteUrl, repo: &gix::Repository, head: &Head) -> Result<()> {
    match head {
        Head::Branch { commit_id, .. } | Head::Detached { commit_id }
            if !repo.has_object(commit_id.0) =>
        {
            Err(Error::RevisionNotFound {
                repo: url.to_string(),
                revision: "HEAD".to_owned(),
                reason: "its commit is not among those fetched: choose a branch that is fetched"
                    .to_owned(),
            })
        }
        _ => Ok(()),
    }
}

fn create(into: &Path, worktree: Worktree, hash: gix::hash::Kind) -> Result<gix::Repository> {
    let kind = match worktree {
        Worktree::Bare | Worktree::Mirror => gix::create::Kind::Bare,
        Worktree::CheckedOut => gix::create::Kind::WithWorktree,
    };
    let create = gix::create::Options {
        object_hash: Some(hash),
        ..Default::default()
    };
    let made =
        gix::ThreadSafeRepository::init_opts(into, kind, create, gix::open::Options::isolated());
    let made = made.map_err(gix_error::unreadable(into, "creating the clone"))?;
    super::staging::remove_samples(made.git_dir())?;
    Ok(made.into())
}

/// Adds the branch of the working tree to `refs`, and writes `origin/HEAD`.
fn add_local_branch(git_dir: &Path, head: &Head, refs: &mut Vec<PackedRef>) -> Result<()> {
    let Head::Branch { name, commit_id } = head else {
        return Ok(());
    };
    refs.push(PackedRef {
        name: name.clone(),
        target: commit_id.0,
    });
    packed_refs::write_origin_head(git_dir, name)
}

/// Asks a server for the commit of its `HEAD`, without fetching objects; `None` if it has no commit
/// yet.
///
/// # Errors
///
/// Those of [`clone_repo`](super::clone_repo) about the remote.
pub fn remote_head(
    url: &RemoteUrl,
    options: &CloneOptions,
    context: &Context,
) -> Result<Option<ObjectId>> {
    let monitor = TransferMonitor::new(options.limits.max_bytes);
    let remote = Remote::new(url, options)?;
    let work = {
        let monitor = monitor.clone();
        move || {
            let mut connection = Connection::open(&remote, &monitor)?;
            let refs = connection.list(&parse(&["HEAD"])?)?;
            let head = refs.iter().find(|found| found.unpack().0 == "HEAD");
            let id = head.and_then(|head| head.unpack().1);
            Ok(id.map(|id| ObjectId(id.to_owned())))
        }
    };
    let deadline = Deadline::starting_now(url.as_str(), options.limits.max_time);
    on_another_thread(work, &monitor, &deadline, &context.cancel, || Ok(()))
}
