//! An origin with a working tree, clones of it, and changes in the origin and in the clones.

use std::path::{Path, PathBuf};

use gitfleet::remote::{CloneOptions, Filter, UpdateFiles, UpdateOutcome, Worktree};

use super::server::Server;
use super::{clone, update};
use crate::support::{git, git_text, hermetic};

/// The second commit of the origin: every kind of change to a file.
const SECOND: &str = "
    git rm -q gone deep/only/file
    echo more >> changed
    chmod +x runs
    git rm -q becomes-directory && mkdir becomes-directory && echo in > becomes-directory/file
    git rm -rq becomes-file && echo now > becomes-file
    ln -sf changed link
    mkdir -p new/deep && echo new > new/deep/file
    git add -A
    git commit -qm second
";

const FIRST: &str = "
    git init -q -b main .
    mkdir -p deep/only becomes-file
    for name in gone changed stays runs becomes-directory deep/only/file; do
        echo $name > $name
    done
    echo inside > becomes-file/inside
    ln -s stays link
    git add .
    git commit -qm first
";

/// Runs a script with the tests' configuration. Panics if it fails.
pub(super) fn sh(directory: &Path, script: &str) {
    let output = hermetic("sh")
        .args(["-ec", script])
        .current_dir(directory)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

/// An origin with one commit, and a server of it.
pub(super) struct Origin {
    pub(super) root: tempfile::TempDir,
    server: Server,
}

impl Origin {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("origin")).unwrap();
        sh(&root.path().join("origin"), FIRST);
        let server = Server::of(root.path());
        Self { root, server }
    }

    /// Its working tree.
    pub(super) fn work(&self) -> PathBuf {
        self.root.path().join("origin")
    }

    pub(super) fn url(&self) -> String {
        self.server.url("origin")
    }

    /// Makes the second commit.
    pub(super) fn commit_second(&self) {
        sh(&self.work(), SECOND);
    }

    /// The commit of its branch.
    pub(super) fn head(&self) -> String {
        git_text(&self.work(), ["rev-parse", "main"])
    }

    /// A new clone, named `name`.
    pub(super) fn clone(&self, name: &str, options: &CloneOptions) -> PathBuf {
        let into = self.root.path().join(name);
        clone(&self.url(), &into, options).unwrap();
        into
    }

    pub(super) fn bare_clone(&self) -> PathBuf {
        self.clone("bare", &CloneOptions::new().worktree(Worktree::Bare))
    }

    /// A clone with files that lacks the origin's second commit.
    pub(super) fn clone_behind(&self) -> PathBuf {
        let path = self.clone("files", &CloneOptions::new());
        self.commit_second();
        path
    }

    /// A partial clone that has only the blobs of its checked-out files.
    pub(super) fn partial_clone(&self, worktree: Worktree) -> PathBuf {
        let options = CloneOptions::new().filter(Filter::Blobs);
        self.clone("partial", &options.worktree(worktree))
    }
}

/// Updates the clone at `path` with default options.
pub(super) fn updated(path: &Path) -> UpdateOutcome {
    update(path, &CloneOptions::new()).unwrap()
}

/// Updates the clone at `path` with the option `files`.
pub(super) fn updated_files(path: &Path, files: UpdateFiles) -> UpdateOutcome {
    update(path, &CloneOptions::new().update_files(files)).unwrap()
}

pub(super) fn status(path: &Path) -> String {
    git_text(path, ["status", "--porcelain"])
}

pub(super) fn head(path: &Path) -> String {
    git_text(path, ["rev-parse", "HEAD"])
}

/// Commits everything in the working tree of `path`.
pub(super) fn commit_all(path: &Path, message: &str) {
    git(path, ["add", "-A"]);
    git(path, ["commit", "-qm", message]);
}
