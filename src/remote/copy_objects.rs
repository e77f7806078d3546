//! Hard-links or copies the objects of a repository on the same machine.
//!
//! Object files never change, so they are hard-linked where the file system allows it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use crate::context::Context;
use crate::durable::sync;
use crate::error::{Error, Result};
use crate::git::repo::Repo;
use crate::no_follow;
use crate::progress::{Phase, Progress};
use crate::regular_file;
use crate::remote_url::RemoteUrl;

/// Number of attempts. The copy starts again if a concurrent repack removes a pack.
const ATTEMPTS: usize = 3;

/// Links or copies the objects of `from` that the git directory `into` lacks.
pub(crate) fn copy_objects(
    from: &Repo,
    into: &Path,
    url: &RemoteUrl,
    context: &Context,
) -> Result<()> {
    let is_partial = {
        let local = from.local();
        let config = local.config_snapshot();
        let names = [
            "extensions.partialClone",
            "remote.origin.promisor",
            "remote.origin.partialclonefilter",
        ];
        names.into_iter().any(|name| config.string(name).is_some())
    };
    if is_partial {
        return Err(Error::unsupported(format!(
            "copying the partial clone {}: clone its origin instead",
            from.path().display()
        )));
    }
    let common_dir = from.common_dir()?;
    let mut copier = Copier {
        url,
        context,
        files: 0,
        part: into.join("objects/pack/.tmp-copy"),
        seen: HashSet::new(),
    };
    for attempt in 1.. {
        match copier.objects(&common_dir.join("objects"), &into.join("objects")) {
            Err(Error::Storage { source, .. })
                if source.kind() == ErrorKind::NotFound && attempt < ATTEMPTS =>
            {
                copier.seen.clear();
            }
            copied => {
                copied?;
                break;
            }
        }
    }
    Ok(())
}

struct Copier<'a> {
    url: &'a RemoteUrl,
    context: &'a Context,
    files: u64,
    /// The temporary file of a copy. The next update removes it, if this one is killed.
    part: PathBuf,
    /// Object directories that were copied; alternates may refer to each other.
    seen: HashSet<PathBuf>,
}

impl Copier<'_> {
    /// Copies an object directory and its alternates into `to`.
    fn objects(&mut self, from: &Path, to: &Path) -> Result<()> {
        let known = fs::canonicalize(from).map_err(Error::storage("read", from))?;
        if !self.seen.insert(known) {
            return Ok(());
        }
        refuse_link(from)?;
        for entry in list(from)? {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_fan_out = name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_fan_out {
                self.directory(&entry.path(), &to.join(name), |_| true)?;
            }
        }
        self.directory(&from.join("pack"), &to.join("pack"), is_pack_file)?;
        self.directory(&from.join("info"), &to.join("info"), |name| {
            name == "commit-graph"
        })?;
        let list = from.join("info/alternates");
        let alternates = match regular_file::read(&list, regular_file::LARGEST) {
            Ok(alternates) => alternates,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(Error::storage("read", &list)(source));
            }
        };
        for line in alternates
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        {
            let path = line.to_path().map_err(|_| {
                Error::unsupported("an alternate object directory whose name is not UTF-8")
            })?;
            let path = from.join(path); // an absolute path replaces `from`
            // The path itself may be a link: it was written on purpose.
            let path = fs::canonicalize(&path).unwrap_or(path);
            self.objects(&path, to)?;
        }
        Ok(())
    }

    fn directory(&mut self, from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let entries = match list(from) {
            Err(Error::Storage { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(());
            }
            entries => entries?,
        };
        refuse_link(from)?;
        let before = self.files;
        for entry in entries {
            let name = entry.file_name();
            if name
                .to_str()
                .is_some_and(|name| !name.starts_with("tmp_") && wanted(name))
            {
                refuse_link(&entry.path())?;
                fs::create_dir_all(to).map_err(Error::storage("create", to))?;
                self.file(&entry.path(), &to.join(name))?;
            }
        }
        if self.files > before {
            // On disk before refs use the objects.
            sync(to)?;
            sync(to.parent().unwrap_or(to))?;
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.context.cancel.check()?;
        let linked = if is_own(from) {
            fs::hard_link(from, to)
        } else {
            Err(ErrorKind::PermissionDenied.into()) // its owner could change it later
        };
        match linked {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(_) if to.exists() => return Ok(()),
            Err(_) => copy_whole(from, &self.part, to)?,
            Ok(()) => {}
        }
        self.files += 1;
        let subject = self.url.to_string();
        self.context.progress.progress(Progress {
            subject,
            phase: Phase::Receiving,
            done: self.files,
            total: None,
            bytes: 0,
        });
        Ok(())
    }
}

/// Refuses a link among the objects to copy, as git does (CVE-2022-39253): the file that it points
/// to may be private, and not be of this repository.
fn refuse_link(path: &Path) -> Result<()> {
    let found = fs::symlink_metadata(path).map_err(Error::storage("read", path))?;
    if found.is_file() || found.is_dir() {
        return Ok(());
    }
    let what = if found.is_symlink() {
        "a symbolic link among the objects"
    } else {
        "neither a file nor a directory"
    };
    Err(Error::unsupported(format!(
        "copying {}, {what}; fetch from a server instead, or remove it",
        path.display()
    )))
}

/// True if a file belongs to the user of this process.
#[cfg(unix)]
fn is_own(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = fs::symlink_metadata(path).map(|found| found.uid());
    owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_own(_path: &Path) -> bool {
    true
}

/// Copies to the file `part`, syncs it and renames it: readers never see an incomplete file, not even
/// after a loss of power.
fn copy_whole(from: &Path, part: &Path, to: &Path) -> Result<()> {
    let copy = || {
        match fs::remove_file(part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut copied = File::create_new(part)?;
        io::copy(&mut no_follow::open(from)?, &mut copied)?;
        copied.set_permissions(fs::metadata(from)?.permissions())?;
        copied.sync_all()
    };
    copy().map_err(Error::storage("copy", from))?;
    fs::rename(part, to).map_err(Error::storage("create", to))
}

/// Returns true for packs, their indices, and the files that mark packs of a partial clone. A
/// multi-pack index is not copied: it is optional, and it must match the set of packs exactly.
fn is_pack_file(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    name.starts_with("pack-")
        && matches!(
            extension,
            Some("pack" | "idx" | "rev" | "promisor" | "mtimes")
        )
}

fn list(directory: &Path) -> Result<Vec<fs::DirEntry>> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .and_then(Iterator::collect)
        .map_err(Error::storage("read", directory))?;
    // Indices come last: readers take a pack for complete once its index exists.
    entries.sort_by_key(|entry| entry.path().extension() == Some("idx".as_ref()));
    Ok(entries)
}
