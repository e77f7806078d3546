//! Opening one repository, and sharing it between threads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::objects::{MissingIds, Object, ObjectSource};
use super::{gix_error, regular_file};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git_string::GitString;
use crate::settings::settings;
use crate::workers::Workers;

/// Default memory for decoded objects during one call, in bytes. More memory was no faster on
/// histories of 80,000 commits.
pub const CACHE_BYTES: usize = 128 << 20;

/// The policy for a repository that belongs to another user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// Refuse it, as git does: its configuration could point outside of the repository.
    #[default]
    Owner,
    /// Read it. No program named in its configuration is ever run.
    Anyone,
}

/// The directories in which a repository is looked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Discover {
    /// At the path, then in the directories above it, nearest first, as git commands do.
    #[default]
    Upwards,
    /// At the path only, as `git clone` does.
    Exact,
}

settings! {
    /// Options for opening a repository.
    pub struct OpenOptions {
        /// The policy for a repository that belongs to another user.
        pub trust: Trust = Trust::default(),
        /// The directories in which the repository is looked for.
        pub discover: Discover = Discover::default(),
        /// The threads that its calls use; `None` starts one per core when the repository is
        /// opened.
        pub workers: Option<Workers> = None,
        /// The value of the `repo` column; `None` is the directory's name without `.git`.
        pub name: Option<String> = None,
        /// Memory for decoded objects during one call, in bytes, shared by all threads; `None` is
        /// [`CACHE_BYTES`]. A larger object is still read.
        pub cache_bytes: Option<usize> = None,
    }
}

impl OpenOptions {
    /// Returns options that open the repository at exactly the given path, with one thread of its
    /// own.
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
    /// Progress and cancellation of its calls.
    context: Context,
    /// Records the ids of objects that were looked up and are missing, if requested.
    missed: Option<MissingIds>,
}

/// Opening.
impl Repo {
    /// Opens the repository at `path`, or the nearest one above it: see [`Discover`].
    ///
    /// `path` may be a working tree, a directory in it, a `.git` directory or a bare repository.
    /// Only the repository's own files are considered: the environment and the configuration of the
    /// user and the system are ignored.
    ///
    /// # Errors
    ///
    /// - [`Error::RepositoryNotFound`] if the directory does not exist or there is no repository.
    /// - [`Error::Storage`] if the directory cannot be read.
    /// - [`Error::InvalidInput`] if it belongs to another user and the policy is [`Trust::Owner`].
    /// - [`Error::Unsupported`] for extensions that GitFleet does not know.
    /// - [`Error::Corrupt`] if its configuration cannot be read.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use gitfleet::git::{OpenOptions, Repo};
    ///
    /// # fn main() -> gitfleet::Result<()> {
    /// let repo = Repo::open("ripgrep", &OpenOptions::new())?;
    /// let files = repo.files("HEAD", &["*.rs".into()])?;
    /// println!("{} Rust files at {}", files.len(), repo.rev_parse("HEAD")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        let (git_dir, worktree) = discover(path, options.discover)?;
        regular_file::check(&git_dir)?;
        // A multi-pack-index may name packs that were removed since it was written; git does not rely
        // on it. `objects::packs` looks into the packs themselves.
        let mut overrides = vec!["core.multiPackIndex=false"];
        let mut open = gix::open::Options::isolated().open_path_as_is(true);
        if options.trust == Trust::Anyone {
            // With reduced trust, gix would drop the repository's configuration and refuse objects
            // above 16 MiB.
            open = open
                .with(gix::sec::Trust::Full)
                .filter_config_section(|_| true);
            overrides.push("gitoxide.objects.allocLimitIfReducedTrust=0");
        }
        let mut repo = gix::open_opts(&git_dir, open.config_overrides(overrides))
            .map_err(gix_error::unreadable(&git_dir, "cannot be opened"))?;
        let is_bare = repo.config_snapshot().boolean("core.bare") == Some(true);
        if let Some(worktree) = worktree.filter(|_| repo.workdir().is_none() && !is_bare) {
            // The git directory is elsewhere and does not record this working tree.
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
            context: Context::new(),
            missed: None,
        })
    }
}

/// Access.
impl Repo {
    /// Returns the path of the working tree, or of the git directory of a bare repository.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the value of the `repo` column.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the threads that its calls use.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Returns true if it has no working tree.
    pub fn is_bare(&self) -> bool {
        self.shared.work_dir().is_none()
    }

    /// Returns true if its history is cut off at a shallow boundary.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the list of shallow commits cannot be read.
    pub fn is_shallow(&self) -> Result<bool> {
        self.local().is_shallow().map_err(gix_error::unreadable(
            &self.path,
            "its list of shallow commits",
        ))
    }

    /// Returns gix's handle for this thread.
    pub(crate) fn local(&self) -> gix::Repository {
        self.shared.to_thread_local()
    }

    /// Converts `path` to bytes relative to the working tree's root, in the form used in trees:
    /// with `/`, without `./`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if `path` is absolute and outside the repository, or leaves it
    /// through `..`.
    pub fn path_in_repo(&self, path: &Path) -> Result<GitString> {
        let refuse = || {
            Error::invalid(
                format!("path {}", path.display()),
                "is outside the repository",
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
    /// Makes an absolute path relative to the working tree's root. The paths are compared as text
    /// first, then with symlinks resolved.
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

/// Finds the git directory at or above `path`, and its working tree. Missing and unreadable
/// directories have errors of their own, distinct from "no repository".
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
        regular_file::check(&candidate)?;
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
        .filter(|storage| !matches!(storage.as_slice(), b"files" | b"reftable"))
    {
        return Err(Error::unsupported(format!(
            "ref storage `{storage}` ({place})"
        )));
    }
    if version == 0 {
        return Ok(()); // git then ignores all extensions except those above
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
    /// Returns a source of readers for its objects, with a cache of its own.
    pub(crate) fn object_source(&self) -> Result<ObjectSource> {
        self.object_source_with(HashMap::new())
    }

    /// Like [`Repo::object_source`], with `extra` objects in addition to the repository's.
    pub(crate) fn object_source_with(
        &self,
        extra: HashMap<gix::ObjectId, Object>,
    ) -> Result<ObjectSource> {
        let missed = self.missed.clone();
        ObjectSource::new(&self.shared, &self.path, self.cache_bytes, extra, missed)
    }

    /// Returns the same repository, whose calls report their progress to `context` and are
    /// cancelled by it. The repository is not opened again.
    #[must_use]
    pub fn with_context(&self, context: &Context) -> Self {
        Self {
            context: context.clone(),
            ..self.clone()
        }
    }

    /// The context of its calls.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the same repository, whose calls record missing objects in `missed`.
    #[cfg(feature = "http")]
    pub(crate) fn recording(&self, missed: MissingIds) -> Self {
        Self {
            missed: Some(missed),
            ..self.clone()
        }
    }
}
