//! Opening one repository, and sharing it between threads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::discover::{Discover, discover};
use super::gix_error;
use super::objects::{MissingIds, Object, ObjectSource};
use super::open::{Trust, open_place};
use super::refs::replacements;
use super::view::View;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git_string::GitString;
use crate::settings::settings;
use crate::workers::Workers;

/// Default memory for decoded objects during one call, in bytes. More memory was no faster on
/// histories of 80,000 commits.
pub const CACHE_BYTES: usize = 128 << 20;

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
    git_dir: PathBuf,
    name: String,
    workers: Workers,
    cache_bytes: usize,
    /// Progress and cancellation of its calls.
    context: Context,
    /// Records the ids of objects that were looked up and are missing, if requested.
    missed: Option<MissingIds>,
    /// False if objects are read as they are stored, not their replacements.
    replaces: bool,
    /// The git directory that gix reads in place of the repository's, if there is one.
    view: Option<Arc<View>>,
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
        let place = discover(path, options.discover)?;
        let (repo, view) = open_place(path, &place, options.trust)?;
        let workers = options
            .workers
            .clone()
            .map_or_else(|| Workers::new(0), Ok)?;
        let path = repo.workdir().unwrap_or(&place.git_dir).to_owned();
        let name = options.name.clone().unwrap_or_else(|| match &view {
            None => directory_name(repo.workdir().unwrap_or(repo.common_dir())),
            Some(_) => directory_name(&path),
        });
        Ok(Self {
            shared: repo.into_sync(),
            path,
            git_dir: place.git_dir,
            name,
            workers,
            cache_bytes: options.cache_bytes.unwrap_or(CACHE_BYTES),
            context: Context::new(),
            missed: None,
            replaces: true,
            view: view.map(Arc::new),
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

    /// Returns the directory of the files that all its working trees share.
    pub(crate) fn common_dir(&self) -> Result<PathBuf> {
        match &self.view {
            None => Ok(self.local().common_dir().to_owned()),
            Some(_) => super::open::common_dir(&self.git_dir),
        }
    }

    /// Refuses a repository that is read through a [`View`].
    #[cfg(feature = "http")]
    pub(crate) fn refuse_view(&self, action: &str) -> Result<()> {
        if self.view.is_none() {
            return Ok(());
        }
        let place = self.path.display();
        Err(Error::unsupported(format!(
            "{action} {place}, whose HEAD is a symbolic link to a packed branch, or whose \
             alternates name each other; `git symbolic-ref HEAD BRANCH` makes HEAD a file, and \
             `git repack -a` makes alternates unnecessary"
        )))
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

fn directory_name(directory: &Path) -> String {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    crate::repo_key::RepoKey::of_path(&absolute).name
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
        let view = self.view.clone();
        let replaced = self.replaces.then(|| replacements(&self.local()));
        ObjectSource::new(
            &self.shared,
            &self.path,
            self.cache_bytes,
            extra,
            missed,
            view,
            replaced.transpose()?,
        )
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

    /// Returns the same repository, whose objects are read as they are stored, without replacements.
    pub(crate) fn as_stored(&self) -> Self {
        Self {
            replaces: false,
            ..self.clone()
        }
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
