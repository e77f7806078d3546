//! Opening one repository, and sharing it between threads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use super::gix_error;
use super::objects::{MissingIds, Object, ObjectSource};
use crate::error::{Error, Result};
use crate::git_string::GitString;
use crate::workers::Workers;

/// Decoded objects a call keeps unless told otherwise. More gained nothing on histories of 80,000 commits.
pub const CACHE_BYTES: usize = 128 << 20;

/// Whether a repository that belongs to another user is read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// Refuse it, as git does: its configuration could point outside of it.
    #[default]
    Owner,
    /// Read it. No program named in its configuration is ever run.
    Anyone,
}

/// Where a repository is looked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Discover {
    /// At the path, else in the nearest directory above, as git commands do.
    #[default]
    Upwards,
    /// At the path only, as `git clone` does.
    Exact,
}

/// How to open a repository.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Whether a repository of another user is read.
    pub trust: Trust,
    /// Where it is looked for.
    pub discover: Discover,
    /// The threads its work may use; `None` starts one per core at opening.
    pub workers: Option<Workers>,
    /// What the `repo` column says; `None` takes the directory's name, without `.git`.
    pub name: Option<String>,
    /// Bytes that decoded objects may take during one call, for all threads together; `None` is [`CACHE_BYTES`]. An
    /// object larger than that is read all the same.
    pub cache_bytes: Option<usize>,
}

impl OpenOptions {
    /// Opens the repository at exactly this path, with one thread of its own.
    pub(crate) fn exact(trust: Trust) -> Result<Self> {
        Ok(Self {
            trust,
            discover: Discover::Exact,
            workers: Some(Workers::new(1)?),
            ..Self::default()
        })
    }
}

/// One repository on disk. Cheap to share and to clone: all methods take `&self`.
#[derive(Clone, Debug)]
pub struct Repo {
    shared: gix::ThreadSafeRepository,
    path: PathBuf,
    name: String,
    workers: Workers,
    cache_bytes: usize,
    /// Where ids are noted that were looked for and are not there, if anybody wants to know.
    missed: Option<MissingIds>,
}

/// Opening.
impl Repo {
    /// Opens the repository at `path`, or the nearest one above it: see [`Discover`].
    ///
    /// `path` may be a working tree, a directory in it, a `.git` directory or a bare repository. Nothing but the
    /// repository's own files decides what is read: not the environment, not the user's or the system's configuration.
    ///
    /// # Errors
    ///
    /// - [`Error::RepositoryNotFound`] if there is no such directory or no repository there.
    /// - [`Error::Storage`] if the directory cannot be read.
    /// - [`Error::InvalidInput`] if it belongs to another user and [`Trust::Owner`] is asked for.
    /// - [`Error::Unsupported`] for reftable and for extensions GitFleet does not know.
    /// - [`Error::Corrupt`] if its configuration cannot be read.
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        let (git_dir, worktree) = discover(path, options.discover)?;
        let mut open = gix::open::Options::isolated().open_path_as_is(true);
        if options.trust == Trust::Anyone {
            // Reduced trust would drop the repository's configuration and refuse objects above 16 MiB.
            open = open
                .with(gix::sec::Trust::Full)
                .filter_config_section(|_| true)
                .config_overrides(["gitoxide.objects.allocLimitIfReducedTrust=0"]);
        }
        let mut repo = gix::open_opts(&git_dir, open)
            .map_err(gix_error::unreadable(&git_dir, "opening it"))?;
        let is_bare = repo.config_snapshot().boolean("core.bare") == Some(true);
        if let Some(worktree) = worktree.filter(|_| repo.workdir().is_none() && !is_bare) {
            // Its git directory lies elsewhere, and does not know of it.
            let found = repo.set_workdir(worktree);
            found.map_err(gix_error::unreadable(&git_dir, "its working tree"))?;
        }
        if options.trust == Trust::Owner && repo.git_dir_trust() != gix::sec::Trust::Full {
            return Err(Error::invalid(
                format!("repository {}", path.display()),
                "belongs to another user; pass the trust option (--trust) to read it anyway",
            ));
        }
        refuse_unknown_formats(&repo)?;
        let workers = options
            .workers
            .clone()
            .map_or_else(|| Workers::new(0), Ok)?;
        let name = options
            .name
            .clone()
            .unwrap_or_else(|| directory_name(&repo));
        let path = repo.workdir().unwrap_or(repo.git_dir()).to_owned();
        Ok(Self {
            shared: repo.into_sync(),
            path,
            name,
            workers,
            cache_bytes: options.cache_bytes.unwrap_or(CACHE_BYTES),
            missed: None,
        })
    }
}

/// Access.
impl Repo {
    /// The working tree, or the git directory of a bare repository.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the `repo` column says.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The threads its work uses.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Whether it has no working tree.
    pub fn is_bare(&self) -> bool {
        self.shared.work_dir().is_none()
    }

    /// Whether its history was cut off by a shallow clone.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the list of cut-off commits cannot be read.
    pub fn is_shallow(&self) -> Result<bool> {
        self.local().is_shallow().map_err(gix_error::unreadable(
            &self.path,
            "its list of shallow commits",
        ))
    }

    /// A handle for this thread.
    pub(crate) fn local(&self) -> gix::Repository {
        self.shared.to_thread_local()
    }

    /// `path` as bytes relative to the working tree's root, as it stands in trees: with `/`, without `./`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for an absolute path outside the repository and for one that climbs out of it.
    pub fn path_in_repo(&self, path: &Path) -> Result<GitString> {
        let refuse = || {
            Error::invalid(
                format!("path {}", path.display()),
                "lies outside the repository",
            )
        };
        let resolved;
        let relative = if path.is_absolute() {
            resolved = self.below_worktree(path).ok_or_else(refuse)?;
            &resolved
        } else {
            path
        };
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in relative.components() {
            match part {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir => {
                    parts.pop().ok_or_else(refuse)?;
                }
                std::path::Component::Normal(part) => {
                    parts.push(part.as_encoded_bytes());
                }
                std::path::Component::Prefix(_) | std::path::Component::RootDir => {
                    return Err(refuse());
                }
            }
        }
        Ok(parts.join(&b'/').into())
    }
}

impl Repo {
    /// An absolute path relative to the working tree's root, by text or, failing that, with links resolved.
    fn below_worktree(&self, path: &Path) -> Option<PathBuf> {
        let root = std::path::absolute(&self.path).ok()?;
        if let Ok(relative) = path.strip_prefix(&root) {
            return Some(relative.to_owned());
        }
        let (parent, name) = (path.parent()?, path.file_name()?);
        let path = std::fs::canonicalize(parent).ok()?.join(name);
        let root = std::fs::canonicalize(&root).ok()?;
        path.strip_prefix(&root).ok().map(Path::to_owned)
    }
}

/// The git directory at or above `path`, and its working tree; a missing and an unreadable directory are told apart from "no repository".
fn discover(path: &Path, rule: Discover) -> Result<(PathBuf, Option<PathBuf>)> {
    let subject = || path.display().to_string();
    let not_found = |reason: &str| Error::RepositoryNotFound {
        subject: subject(),
        reason: reason.to_owned(),
    };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => not_found("no such directory"),
        _ => Error::Storage {
            action: "read",
            path: path.to_owned(),
            source: error,
        },
    })?;
    if !metadata.is_dir() {
        return Err(not_found("is a file, not a directory"));
    }
    std::fs::read_dir(path).map_err(Error::storage("read", path))?;
    if rule == Discover::Exact {
        let dot_git = path.join(".git");
        let candidate = if dot_git.exists() {
            dot_git
        } else {
            path.to_owned()
        };
        if gix::discover::is_git(&candidate).is_err() {
            return Err(not_found("not a git repository"));
        }
    }
    match gix::discover::upwards(path) {
        Ok((found, _trust)) => Ok(found.into_repository_and_work_tree_directories()),
        Err(_) => Err(not_found("not a git repository, and none above it")),
    }
}

fn refuse_unknown_formats(repo: &gix::Repository) -> Result<()> {
    const KNOWN: &[&str] = &[
        "noop",
        "noop-v1",
        "objectformat",
        "partialclone",
        "preciousobjects",
        "refstorage",
        "relativeworktrees",
        "worktreeconfig",
    ];
    let config = repo.config_snapshot();
    let version = config.integer("core.repositoryFormatVersion").unwrap_or(0);
    let place = repo.git_dir().display();
    if !(0..=1).contains(&version) {
        return Err(Error::unsupported(format!(
            "repository format version {version} ({place})"
        )));
    }
    if let Some(storage) = config
        .string("extensions.refStorage")
        .filter(|storage| storage.as_bstr() != "files")
    {
        return Err(Error::unsupported(format!(
            "ref storage `{storage}` ({place}); `git refs migrate --ref-format=files` converts it"
        )));
    }
    if version == 0 {
        return Ok(()); // git ignores extensions then, except those above
    }
    for section in config
        .plumbing()
        .sections_by_name("extensions")
        .into_iter()
        .flatten()
    {
        for name in section.value_names() {
            let name = name.to_ascii_lowercase();
            if !KNOWN.contains(&name.as_str()) {
                return Err(Error::unsupported(format!(
                    "repository extension `{name}` ({place})"
                )));
            }
        }
    }
    Ok(())
}

fn directory_name(repo: &gix::Repository) -> String {
    let directory = repo.workdir().unwrap_or(repo.common_dir());
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    crate::remote_url::RepoKey::of_path(&absolute).name
}

impl Repo {
    /// Makes readers of its objects, with a cache of their own.
    pub(crate) fn object_source(&self) -> Result<ObjectSource> {
        self.object_source_with(HashMap::new())
    }

    /// The same with objects beside its own.
    pub(crate) fn object_source_with(
        &self,
        extra: HashMap<gix::ObjectId, Object>,
    ) -> Result<ObjectSource> {
        let missed = self.missed.clone();
        ObjectSource::new(&self.shared, &self.path, self.cache_bytes, extra, missed)
    }

    /// The same repository, whose calls note in `missed` what they do not find.
    #[cfg(feature = "http")]
    pub(crate) fn recording(&self, missed: MissingIds) -> Self {
        Self {
            missed: Some(missed),
            ..self.clone()
        }
    }
}
