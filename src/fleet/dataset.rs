//! The directory of results. The file system records the progress: the directory of a repository is
//! renamed into place when its tables, or the error of its failure, are complete. Whether it is
//! still up to date is decided by `mine/job.rs`.
//!
//! ```text
//! DATASET/
//!   dataset.json                        versions of the format, and the options of the run
//!   tables.json                         the meaning of every column (Table Schema)
//!   repos/<host>/<owner>/<name>/        one directory per repository, renamed into place when done
//!   .staging/                           work in progress; leftovers are removed at the next open
//! ```

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file_sum::hex;
use crate::durable::{sync, uninterrupted};
use crate::error::{Error, Result};
use crate::no_follow;
use crate::regular_file;
use crate::repo_key::RepoKey;

/// Version of the directory's layout.
pub(super) const FORMAT: u32 = 1;
pub(super) const HEAD_FILE: &str = "dataset.json";
/// The file that says what each column of the tables means.
pub(super) const SCHEMA_FILE: &str = "tables.json";
/// The file in a repository's directory that describes its outcome.
pub(super) const OUTCOME_FILE: &str = "outcome.json";
/// The directory of the repositories' directories.
pub(super) const REPOS: &str = "repos";

/// `dataset.json`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct HeadFile {
    pub(super) format: u32,
    pub(super) schema_version: u32,
    tool_version: String,
    pub(super) options: serde_json::Value,
    pub(super) options_hash: String,
}

/// An open dataset.
pub(super) struct Dataset {
    root: PathBuf,
    pub(super) options_hash: String,
}

impl Dataset {
    /// Opens the dataset at `root`, or creates one if the directory is missing or empty.
    pub(super) fn open(root: &Path, options: &serde_json::Value) -> Result<Self> {
        let dataset = Self {
            root: root.to_owned(),
            options_hash: hash(options),
        };
        if root.exists() && !root.is_dir() {
            let reason = "it is a file".to_owned();
            return Err(Error::DestinationExists {
                path: root.to_owned(),
                reason,
            });
        }
        fs::create_dir_all(root).map_err(Error::storage("create", root))?;
        dataset.refuse_foreign()?;
        let staging = root.join(STAGING);
        let made = no_follow::create_dirs(root, Path::new(STAGING));
        made.map_err(Error::storage("create", &staging))?;
        // Another process may be creating the same dataset: only one creates it, the other checks
        // it.
        let _alone = dataset.gate(File::lock)?;
        match regular_file::read(&root.join(HEAD_FILE), regular_file::LARGEST) {
            Ok(text) => {
                dataset.check(&text)?;
                dataset.write_schemas()?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => dataset.create(options)?,
            Err(source) => {
                let path = root.join(HEAD_FILE);
                return Err(Error::Storage {
                    action: "read",
                    path,
                    source,
                });
            }
        }
        dataset.remove_leftovers()?;
        Ok(dataset)
    }

    /// Refuses a directory that contains something but is not a dataset.
    fn refuse_foreign(&self) -> Result<()> {
        let root = &self.root;
        let mut entries = fs::read_dir(root).map_err(Error::storage("read", root))?;
        let is_foreign = entries.any(|entry| {
            entry
                .is_ok_and(|entry| entry.file_name() != STAGING && entry.file_name() != SCHEMA_FILE)
        });
        if is_foreign && !root.join(HEAD_FILE).exists() {
            let reason = "it contains files but is not a dataset; name a new or empty directory";
            return Err(Error::DestinationExists {
                path: root.clone(),
                reason: reason.to_owned(),
            });
        }
        Ok(())
    }

    fn create(&self, options: &serde_json::Value) -> Result<()> {
        let head = HeadFile {
            format: FORMAT,
            schema_version: crate::table::schema::VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            options: options.clone(),
            options_hash: self.options_hash.clone(),
        };
        let (made, path) = (
            self.root.join(STAGING).join(HEAD_FILE),
            self.root.join(HEAD_FILE),
        );
        // The schemas are written first, and `dataset.json` last: a directory with `dataset.json`
        // is a complete dataset.
        self.write_schemas()?;
        write_synced(&made, &json(&head))?;
        fs::rename(&made, &path).map_err(Error::storage("write", &path))?;
        sync(&self.root)
    }

    /// Writes the schemas of the tables, unless they are there already.
    fn write_schemas(&self) -> Result<()> {
        let path = self.root.join(SCHEMA_FILE);
        let schemas = json(&crate::table::schema::table_schemas());
        if regular_file::read(&path, regular_file::LARGEST).is_ok_and(|found| found == schemas) {
            return Ok(());
        }
        let made = self.root.join(STAGING).join(SCHEMA_FILE);
        write_synced(&made, &schemas)?;
        fs::rename(&made, &path).map_err(Error::storage("write", &path))?;
        sync(&self.root)
    }

    fn check(&self, text: &[u8]) -> Result<()> {
        let path = self.root.join(HEAD_FILE);
        let occupied = |reason: String| {
            Err(Error::DestinationExists {
                path: self.root.clone(),
                reason,
            })
        };
        let Ok(head) = serde_json::from_slice::<HeadFile>(text) else {
            return occupied(format!("{} does not describe a dataset", path.display()));
        };
        if head.format != FORMAT || head.schema_version != crate::table::schema::VERSION {
            let made_by = head.tool_version;
            return occupied(format!(
                "GitFleet {made_by} wrote it in another format; name another directory"
            ));
        }
        if head.options_hash != self.options_hash {
            let options = head.options;
            return occupied(format!(
                "it was made with other options, {options}; use those or name another directory"
            ));
        }
        Ok(())
    }

    /// The path of a repository's finished directory.
    pub(super) fn place(&self, key: &RepoKey) -> PathBuf {
        self.root.join(REPOS).join(key.path())
    }

    /// A directory to work in, on the same file system as the results.
    pub(super) fn staging(&self) -> Result<Staging> {
        let parent = self.root.join(STAGING);
        let _creating = self.gate(File::lock_shared)?;
        let (lock, lock_path) = tempfile::Builder::new()
            .suffix(".lock")
            .tempfile_in(&parent)
            .and_then(|file| file.keep().map_err(|error| error.error))
            .map_err(Error::storage("create a file in", &parent))?;
        uninterrupted(|| lock.lock()).map_err(Error::storage("lock", &lock_path))?;
        let path = lock_path.with_extension("");
        let staging = Staging {
            path,
            lock_path,
            _lock: lock,
        };
        fs::create_dir(&staging.path).map_err(Error::storage("create", &staging.path))?;
        Ok(staging)
    }

    /// Renames the directory `name` of `staging` to `place`, if `may_replace` returns true for
    /// `place`. An existing directory at `place` is removed. Only one process publishes at a time,
    /// so the directory cannot change after `may_replace` has checked it.
    pub(super) fn publish(
        &self,
        staging: &Staging,
        name: &str,
        place: &Path,
        may_replace: impl FnOnce(&Path) -> bool,
    ) -> Result<()> {
        let made = staging.join(name);
        sync(&made)?;
        let parent = place.parent().unwrap_or(Path::new("."));
        let relative = parent.strip_prefix(&self.root).unwrap_or(parent);
        no_follow::create_dirs(&self.root, relative).map_err(Error::storage("create", parent))?;
        let _alone = self.gate(File::lock)?;
        if !may_replace(place) {
            return Ok(());
        }
        match fs::rename(place, staging.join("before")) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::Storage {
                    action: "replace",
                    path: place.to_owned(),
                    source: error,
                });
            }
            _ => {}
        }
        fs::rename(&made, place).map_err(Error::storage("rename the result to", place))?;
        sync(parent)
    }

    /// Removes the staging directories of processes that have ended: those whose lock files are not
    /// locked. The caller must hold `gate.lock` exclusively.
    fn remove_leftovers(&self) -> Result<()> {
        let parent = self.root.join(STAGING);
        let entries = fs::read_dir(&parent).map_err(Error::storage("read", &parent))?;
        for entry in entries.filter_map(std::result::Result::ok) {
            let lock_path = entry.path();
            if lock_path
                .extension()
                .is_none_or(|extension| extension != "lock")
                || entry.file_name() == GATE
            {
                continue;
            }
            let Ok(lock) = no_follow::open(&lock_path) else {
                continue;
            };
            if lock.try_lock().is_ok() {
                drop(Staging {
                    path: lock_path.with_extension(""),
                    lock_path,
                    _lock: lock,
                });
            }
        }
        Ok(())
    }

    /// Locks the file `gate.lock`: shared to create a staging directory, exclusively to create the
    /// dataset, to publish a result, and to remove leftovers. Leftovers are therefore never removed
    /// between the moments at which another process creates its lock file and locks it.
    fn gate(&self, take: impl Fn(&File) -> std::io::Result<()>) -> Result<File> {
        let path = self.root.join(STAGING).join(GATE);
        let open = || -> std::io::Result<File> {
            let file = no_follow::open_or_create(&path)?;
            uninterrupted(|| take(&file))?;
            Ok(file)
        };
        open().map_err(Error::storage("lock", &path))
    }
}

const GATE: &str = "gate.lock";
const STAGING: &str = ".staging";

/// A directory that only this process works in; removed when dropped.
pub(super) struct Staging {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Staging {
    /// Returns the path of a file or directory in the staging directory.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // A directory that cannot be removed now is found by its lock file at the next open.
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {}
            _ => {
                let _ = fs::remove_file(&self.lock_path);
            }
        }
    }
}

/// Writes a file and syncs it to disk.
pub(super) fn write_synced(path: &Path, data: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let _ = fs::remove_file(path); // an attempt that was killed may have left it, or a link
        let mut file = File::create_new(path)?;
        file.write_all(data)?;
        file.sync_all()
    };
    write().map_err(Error::storage("write", path))
}

/// Indented JSON with a final newline.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default(); // never fails for structs
    text.push(b'\n');
    text
}

/// The hash of the options of a run.
pub(super) fn hash(options: &serde_json::Value) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(options.to_string()))
}
