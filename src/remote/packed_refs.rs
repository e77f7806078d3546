//! Writes the refs of a new repository to one file, as git packs them (gitformat-pack-refs: sorted
//! by name, peeled).

use std::io::Write;
use std::path::Path;

use gix::ObjectId;
use gix::objs::{Kind, TagRefIter};

use crate::error::{Error, Result};
use crate::git::objects::{find_header, find_object};
use crate::git::refs::Head;
use crate::git_string::GitString;

/// A ref of a new repository.
#[derive(Clone, Debug)]
pub(crate) struct PackedRef {
    /// Full name.
    pub(crate) name: GitString,
    pub(crate) target: ObjectId,
}

/// Writes the refs and `HEAD` of a new repository.
///
/// The object that a tag points to is read from the tag: every reader trusts the file, and what a
/// server or another repository says of the tag may be wrong.
pub(crate) fn write(repo: &gix::Repository, head: &Head, mut refs: Vec<PackedRef>) -> Result<()> {
    let git_dir = repo.git_dir();
    refs.sort_by(|a, b| a.name.cmp(&b.name));
    refs.dedup_by(|a, b| a.name == b.name);
    let mut text = b"# pack-refs with: peeled fully-peeled sorted \n".to_vec();
    for one in &refs {
        let _ = write!(text, "{} ", one.target); // cannot fail in memory
        text.extend_from_slice(&one.name);
        text.push(b'\n');
        if let Some(peeled) = peeled(repo, one.target)? {
            let _ = writeln!(text, "^{peeled}");
        }
    }
    write_file(&git_dir.join("packed-refs"), &text)?;
    let head = match head {
        Head::Branch { name, .. } | Head::Unborn { name } => symbolic(name),
        Head::Detached { commit_id } => format!("{commit_id}\n").into_bytes(),
    };
    write_file(&git_dir.join("HEAD"), &head)
}

/// Returns the object that a tag finally points to; `None` for an object of another kind.
fn peeled(repo: &gix::Repository, id: ObjectId) -> Result<Option<ObjectId>> {
    let mut peeled = None;
    let mut next = id;
    loop {
        let header = find_header(repo, next)?;
        if header.is_none_or(|(kind, _)| kind != Kind::Tag) {
            return Ok(peeled);
        }
        let tag = find_object(repo, next)?;
        let target = tag.and_then(|tag| {
            TagRefIter::from_bytes(&tag.data, id.kind())
                .target_id()
                .ok()
        });
        let Some(target) = target else {
            return Ok(None);
        };
        (peeled, next) = (Some(target), target);
    }
}

/// Returns the content of a symbolic ref's file.
fn symbolic(name: &[u8]) -> Vec<u8> {
    [b"ref: ", name, b"\n"].concat()
}

fn write_file(path: &Path, data: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(Error::storage("create", parent))?;
    }
    std::fs::write(path, data).map_err(Error::storage("write", path))
}

/// Writes `origin/HEAD`, which points to the remote's default branch.
pub(crate) fn write_origin_head(git_dir: &Path, branch: &[u8]) -> Result<()> {
    let short = branch.strip_prefix(b"refs/heads/").unwrap_or(branch);
    let there = [b"refs/remotes/origin/", short].concat();
    write_file(&git_dir.join("refs/remotes/origin/HEAD"), &symbolic(&there))
}
