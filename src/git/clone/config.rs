//! What a clone's configuration says of where it came from.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::Filter;
use crate::error::{Error, Result};

/// The remote `origin`.
pub(super) struct Remote<'a> {
    /// Without credentials.
    pub(super) url: &'a str,
    pub(super) specs: &'a [String],
    pub(super) is_mirror: bool,
    pub(super) has_no_tags: bool,
    pub(super) filter: Option<Filter>,
    /// The branch that follows the remote's.
    pub(super) branch: Option<&'a Vec<u8>>,
}

/// Appends to the configuration of a repository just made.
pub(super) fn append(git_dir: &Path, remote: &Remote<'_>) -> Result<()> {
    let mut text = String::new();
    if remote.filter.is_some() {
        text.push_str(
            "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n",
        );
    }
    text.push_str(&format!(
        "[remote \"origin\"]\n\turl = \"{}\"\n",
        escaped(remote.url)
    ));
    for spec in remote.specs {
        text.push_str(&format!("\tfetch = \"{}\"\n", escaped(spec)));
    }
    if remote.is_mirror {
        text.push_str("\tmirror = true\n");
    }
    if remote.has_no_tags {
        text.push_str("\ttagOpt = --no-tags\n");
    }
    if let Some(filter) = remote.filter {
        text.push_str(&format!(
            "\tpromisor = true\n\tpartialclonefilter = {}\n",
            filter.spec()
        ));
    }
    if let Some(name) = remote.branch {
        let name = String::from_utf8_lossy(name);
        let short = name.strip_prefix("refs/heads/").unwrap_or(&name);
        text.push_str(&format!(
            "[branch \"{}\"]\n\tremote = origin\n\tmerge = \"{}\"\n",
            escaped(short),
            escaped(&name)
        ));
    }
    let path = git_dir.join("config");
    let write = || {
        let mut file = OpenOptions::new().append(true).open(&path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(Error::storage("write", &path))
}

/// For use between quotation marks (git-config, "Syntax").
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
