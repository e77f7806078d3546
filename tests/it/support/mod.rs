//! Real repositories made by scripts, and git as the reference.

pub(crate) mod blame;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use gitfleet::git::{OpenOptions, Repo};

/// A repository in a temporary directory, which is removed when the fixture is dropped.
pub(crate) struct Fixture {
    dir: tempfile::TempDir,
}

impl Fixture {
    /// Runs `tests/fixtures/make_<name>.sh` in an empty directory.
    pub(crate) fn make(name: &str, args: &[&OsStr]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/make_{name}.sh"));
        let output = hermetic("sh")
            .arg(script)
            .args(args)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "make_{name}.sh: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self { dir }
    }

    /// An empty directory, for a repository that the test makes.
    pub(crate) fn directory() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// An empty repository.
    pub(crate) fn empty() -> Self {
        let fixture = Self::directory();
        fixture.git(["init", "-q", "-b", "main", "."]);
        fixture
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn open(&self) -> Repo {
        open(self.path())
    }

    /// Returns the output of git, run in this repository.
    pub(crate) fn git<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Vec<u8> {
        git(self.path(), args)
    }
}

pub(crate) fn open(path: &Path) -> Repo {
    Repo::open(path, &OpenOptions::default()).unwrap()
}

/// Returns the output of git, run in `path`. Panics if git fails.
pub(crate) fn git<I: AsRef<OsStr>>(path: &Path, args: impl IntoIterator<Item = I>) -> Vec<u8> {
    let output = hermetic("git")
        .arg("-C")
        .arg(path)
        .args(args)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

pub(crate) fn git_text<I: AsRef<OsStr>>(path: &Path, args: impl IntoIterator<Item = I>) -> String {
    String::from_utf8_lossy(&git(path, args))
        .trim_end()
        .to_owned()
}

/// A command that sees only the configuration and the identity of the tests.
pub(crate) fn hermetic(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CONFIG_COUNT", "2")
        .env("GIT_CONFIG_KEY_0", "protocol.file.allow")
        .env("GIT_CONFIG_VALUE_0", "always")
        .env("GIT_CONFIG_KEY_1", "core.quotePath")
        .env("GIT_CONFIG_VALUE_1", "false")
        .env("GIT_AUTHOR_NAME", "A Ü Thor")
        .env("GIT_AUTHOR_EMAIL", "author@example.org")
        .env("GIT_COMMITTER_NAME", "C O Mitter")
        .env("GIT_COMMITTER_EMAIL", "committer@example.org")
        .env("TZ", "UTC")
        .env("LC_ALL", "C");
    command
}

/// The command under test, without the developer's own settings.
#[cfg(feature = "cli")]
pub(crate) fn gitfleet() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitfleet"));
    for name in [
        "SSL_CERT_FILE",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "GITHUB_TOKEN",
        "GH_TOKEN",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs a command. Returns exit code, standard output and standard error.
#[cfg(feature = "cli")]
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The first pack of the repository with this working tree.
pub(crate) fn first_pack(worktree: &Path) -> PathBuf {
    let packs = std::fs::read_dir(worktree.join(".git/objects/pack")).unwrap();
    let mut packs = packs.map(|file| file.unwrap().path());
    packs
        .find(|file| file.extension() == Some(OsStr::new("pack")))
        .unwrap()
}

/// All files and directories below `root`, as sorted relative paths.
pub(crate) fn tree(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(root).unwrap().to_owned());
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}
