//! Clones of repositories on the same machine, without a git program.
//!
//! Refs are read before objects are copied. A concurrent writer can then only cause the clone to
//! contain more objects than its refs need. Object files never change, so they are hard-linked
//! where the file system allows it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::config::{self, OriginSection};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::refs::{Head, Reference};
use crate::git::repo::{OpenOptions, Repo};
use crate::git_string::GitString;
use crate::regular_file;
use crate::remote::copy_objects::copy_objects;
use crate::remote::options::{CloneOptions, Worktree};
use crate::remote::packed_refs::{self, PackedRef};
use crate::remote_url::{RemoteUrl, address_of};

/// Copies the repository at `url`, which is a path, into the empty directory `into`. Returns warnings
/// about refs that are left out.
pub(crate) fn copy(
    url: &RemoteUrl,
    into: &Path,
    options: &CloneOptions,
    context: &Context,
) -> Result<Vec<String>> {
    let path = url.local_path().unwrap_or(Path::new(""));
    let open = OpenOptions::exact(options.trust)?;
    let from = Repo::open(path, &open)?;
    let head = from.head()?;
    let (refs, warnings) = from.complete_refs()?;

    let kind = match options.worktree {
        Worktree::Bare | Worktree::Mirror => gix::create::Kind::Bare,
        Worktree::CheckedOut => gix::create::Kind::WithWorktree,
    };
    let create = gix::create::Options {
        object_hash: Some(from.local().object_hash()),
        ..Default::default()
    };
    let made =
        gix::ThreadSafeRepository::init_opts(into, kind, create, gix::open::Options::isolated())
            .map_err(gix_error::unreadable(into, "creating the clone"))?;
    let git_dir = made.git_dir();
    super::staging::remove_samples(git_dir)?;

    copy_objects(&from, git_dir, url, context)?;
    let common_dir = from.common_dir()?;
    copy_if_there(&common_dir.join("shallow"), &git_dir.join("shallow"))?;
    let absolute = std::path::absolute(path).map_err(Error::storage("find", path))?;
    let specs = match options.worktree {
        Worktree::CheckedOut => vec!["+refs/heads/*:refs/remotes/origin/*".to_owned()],
        Worktree::Bare => vec![
            "+refs/heads/*:refs/heads/*".to_owned(),
            "+refs/tags/*:refs/tags/*".to_owned(),
        ],
        Worktree::Mirror => vec!["+refs/*:refs/*".to_owned()],
    };
    let remote = OriginSection {
        url: &address_of(absolute.as_os_str()),
        specs: &specs,
        is_mirror: options.worktree == Worktree::Mirror,
        has_no_tags: false,
        filter: None,
        branch: match &head {
            Head::Branch { name, .. } if options.worktree == Worktree::CheckedOut => Some(name),
            _ => None,
        },
    };
    config::append(git_dir, &remote)?;
    if let (Worktree::CheckedOut, Head::Branch { name, .. }) = (options.worktree, &head) {
        packed_refs::write_origin_head(git_dir, name)?;
    }
    let refs = packed(&head, &refs, options.worktree);
    packed_refs::write(&made.to_thread_local(), &head, refs)?;
    Ok(warnings)
}

fn copy_if_there(from: &Path, to: &Path) -> Result<()> {
    match regular_file::read(from, u64::MAX) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        text => {
            let text = text.map_err(Error::storage("copy", from))?;
            fs::write(to, text).map_err(Error::storage("write", to))
        }
    }
}

/// Returns the refs of the clone, with the names that `git clone` gives them.
fn packed(head: &Head, refs: &[Reference], worktree: Worktree) -> Vec<PackedRef> {
    let mut packed: Vec<PackedRef> = Vec::new();
    for reference in refs {
        let mut add = |name: GitString| {
            let target = reference.target_id.0;
            packed.push(PackedRef { name, target });
        };
        let name = reference.name.as_bytes();
        let is_kept = match worktree {
            Worktree::Mirror => true,
            Worktree::Bare => name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/"),
            Worktree::CheckedOut => name.starts_with(b"refs/tags/"),
        };
        if is_kept {
            add(name.into());
        } else if worktree == Worktree::CheckedOut
            && let Some(branch) = name.strip_prefix(b"refs/heads/")
        {
            add([b"refs/remotes/origin/", branch].concat().into());
            if matches!(head, Head::Branch { name: current, .. } if current.as_bytes() == name) {
                add(name.into());
            }
        }
    }
    packed
}
