//! The remote `origin` in the configuration of a new clone.

use std::io::Write;
use std::path::Path;

use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::git_string::GitString;
use crate::no_follow;
use crate::remote::options::Filter;

/// The section of the remote `origin`.
pub(crate) struct OriginSection<'a> {
    /// The URL, without credentials.
    pub(crate) url: &'a str,
    pub(crate) specs: &'a [String],
    pub(crate) is_mirror: bool,
    pub(crate) has_no_tags: bool,
    pub(crate) filter: Option<Filter>,
    /// The local branch that tracks the remote's branch of the same name.
    pub(crate) branch: Option<&'a GitString>,
}

/// Appends the section to the configuration of a new repository.
pub(crate) fn append(git_dir: &Path, remote: &OriginSection<'_>) -> Result<()> {
    let mut lines: Vec<String> = Vec::new();
    if remote.filter.is_some() {
        let known = [
            "[core]",
            "\trepositoryformatversion = 1",
            "[extensions]",
            "\tpartialClone = origin",
        ];
        lines.extend(known.map(str::to_owned));
    }
    lines.push("[remote \"origin\"]".to_owned());
    lines.push(format!("\turl = \"{}\"", escaped(remote.url)));
    for spec in remote.specs {
        lines.push(format!("\tfetch = \"{}\"", escaped(spec)));
    }
    if remote.is_mirror {
        lines.push("\tmirror = true".to_owned());
    }
    if remote.has_no_tags {
        lines.push("\ttagOpt = --no-tags".to_owned());
    }
    if let Some(filter) = remote.filter {
        lines.push("\tpromisor = true".to_owned());
        lines.push(format!("\tpartialclonefilter = {}", filter.name()));
    }
    lines.extend(remote.branch.map(branch_lines).into_iter().flatten());
    append_lines(git_dir, lines)
}

/// Appends the section of a local branch that tracks the remote's branch of the same name.
#[cfg(feature = "http")]
pub(crate) fn append_branch(git_dir: &Path, name: &GitString) -> Result<()> {
    append_lines(git_dir, branch_lines(name).to_vec())
}

fn branch_lines(name: &GitString) -> [String; 3] {
    let name = String::from_utf8_lossy(name);
    let short = name.strip_prefix("refs/heads/").unwrap_or(&name);
    [
        format!("[branch \"{}\"]", escaped(short)),
        "\tremote = origin".to_owned(),
        format!("\tmerge = \"{}\"", escaped(&name)),
    ]
}

fn append_lines(git_dir: &Path, mut lines: Vec<String>) -> Result<()> {
    lines.push(String::new()); // ends the last line
    let path = git_dir.join("config");
    let write = || {
        let mut file = no_follow::append(&path)?;
        file.write_all(lines.join("\n").as_bytes())
    };
    write().map_err(Error::storage("write", &path))
}

/// Escapes a value for use between quotation marks (git-config, "Syntax").
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
