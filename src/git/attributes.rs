//! Attributes of files, by the rules of gitattributes(5).
//!
//! Of the files that apply to a path, `info/attributes` has the last word; then comes the
//! `.gitattributes` nearest to the path. In one file, the last line that matches wins. Macros are
//! defined in `info/attributes` and in the topmost `.gitattributes`, and may be redefined there.
//!
//! As `git log` does, files are read from the working tree, whichever commit is shown, and never
//! from the index; or from the tree that the setting `attr.tree` names. A bare repository without
//! that setting has `info/attributes` only (as of git 2.46). The user's own file is not read.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::attrs::StateRef;
use gix::attrs::parse::Kind;
use gix::bstr::ByteSlice;
use gix::glob::Pattern;
use gix::glob::pattern::Case;
use gix::glob::wildmatch::Mode;

use super::gix_error;
use super::index_file;
use super::objects::{find_header, find_object};
use super::refs::object_of;
use crate::error::{Error, Result};
use crate::regular_file;

/// As in git, lines of this length and files of this size are ignored.
const TOO_LONG_LINE: usize = 2048;
const TOO_LARGE_FILE: u64 = 100 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Longest path, in bytes, that a file system has; deeper directories have no file of attributes.
const LONGEST_PATH: usize = 4096;

/// The state of an attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum AttributeState {
    Set,
    Unset,
    Unspecified,
    Value(Vec<u8>),
}

/// Looks up attributes in one repository, for one thread. Each file is read once.
pub(crate) struct AttributeFiles {
    source: Source,
    /// Files that are missing in the working tree are read from here, if given.
    index: Option<gix::index::File>,
    case: Case,
    info: Rules,
    macros: HashMap<Vec<u8>, Arc<[Assignment]>>,
    /// The rules of each directory that was needed so far.
    directories: HashMap<Vec<u8>, Option<Arc<Rules>>>,
}

enum Source {
    /// The working tree with this root.
    Files(PathBuf),
    Tree(ObjectId),
    Nothing,
}

type Rules = Vec<Rule>;
type Assignment = (Vec<u8>, AttributeState);

struct Rule {
    subject: Subject,
    assignments: Arc<[Assignment]>,
}

enum Subject {
    Paths(Pattern),
    Macro(Vec<u8>),
}

impl AttributeFiles {
    pub(crate) fn open(repo: &gix::Repository) -> Result<Self> {
        Self::new(repo, None)
    }

    /// Like [`AttributeFiles::open`], with files from the index that are missing in the working
    /// tree, as commands that add files have them.
    pub(super) fn open_with_index(repo: &gix::Repository) -> Result<Self> {
        Self::new(repo, index_file::read_index(repo)?)
    }

    fn new(repo: &gix::Repository, index: Option<gix::index::File>) -> Result<Self> {
        let config = repo.config_snapshot();
        // As in git, a setting that names no object counts as absent.
        let tree = config.string("attr.tree");
        let tree = match tree {
            Some(revision) => tree_of(repo, &revision)?,
            None => None,
        };
        let source = match (tree, repo.workdir()) {
            (Some(source), _) => source,
            (None, Some(root)) => Source::Files(root.to_owned()),
            (None, None) => Source::Nothing,
        };
        let case = if config.boolean("core.ignoreCase") == Some(true) {
            Case::Fold
        } else {
            Case::Sensitive
        };
        let path = repo.common_dir().join("info/attributes");
        let info = read(&path, fs::metadata(&path))?.unwrap_or_default();
        let mut files = Self {
            source,
            index,
            case,
            info,
            macros: HashMap::new(),
            directories: HashMap::new(),
        };
        let built_in = parse(b"[attr]binary -diff -merge -text");
        let top = files.directory(repo, b"")?;
        let top = top.as_deref().map(Vec::as_slice).unwrap_or_default();
        for rule in built_in.iter().chain(top).chain(&files.info) {
            if let Subject::Macro(name) = &rule.subject {
                let assignments = Arc::clone(&rule.assignments);
                files.macros.insert(name.clone(), assignments);
            }
        }
        Ok(files)
    }

    /// True if no file has any attribute, as far as is known without a path.
    pub(crate) fn are_empty(&self) -> bool {
        matches!(self.source, Source::Nothing) && self.info.is_empty()
    }

    /// Returns the states of the attributes `names` of the file `path`.
    pub(crate) fn states<const N: usize>(
        &mut self,
        repo: &gix::Repository,
        path: &[u8],
        names: [&str; N],
    ) -> Result<[AttributeState; N]> {
        let mut ends: Vec<usize> = memchr::memchr_iter(b'/', path).collect();
        let mut directories = Vec::with_capacity(ends.len() + 1);
        while let Some(end) = ends.pop() {
            directories.push((end + 1, self.directory(repo, &path[..end])?));
        }
        directories.push((0, self.directory(repo, b"")?));
        let mut found = FoundStates {
            macros: &self.macros,
            wanted: names.map(str::as_bytes),
            missing: N,
            decided: HashMap::new(),
        };
        found.add(&self.info, path, self.case);
        for (start, rules) in &directories {
            if let Some(rules) = rules {
                found.add(rules, &path[*start..], self.case);
            }
        }
        Ok(names.map(|name| {
            let state = found.decided.get(name.as_bytes()).copied();
            state.cloned().unwrap_or(AttributeState::Unspecified)
        }))
    }

    /// The rules of the `.gitattributes` in a directory, if it has one.
    fn directory(&mut self, repo: &gix::Repository, path: &[u8]) -> Result<Option<Arc<Rules>>> {
        if path.len() > LONGEST_PATH {
            return Ok(None);
        }
        if let Some(known) = self.directories.get(path) {
            return Ok(known.clone());
        }
        let rules = match &self.source {
            Source::Nothing => None,
            Source::Files(root) => {
                let file = root.join(gix_error::path(path.as_bstr())?);
                let file = file.join(".gitattributes");
                // As in git, a symbolic link is not followed.
                match (read(&file, fs::symlink_metadata(&file))?, &self.index) {
                    (None, Some(index)) => read_index(repo, index, path)?,
                    (rules, _) => rules,
                }
            }
            Source::Tree(tree) => read_blob(repo, *tree, path)?,
        };
        let rules = rules.map(Arc::new);
        self.directories.insert(path.to_owned(), rules.clone());
        Ok(rules)
    }
}

/// The states that are decided so far, from the file with the last word on.
struct FoundStates<'a, const N: usize> {
    macros: &'a HashMap<Vec<u8>, Arc<[Assignment]>>,
    wanted: [&'a [u8]; N],
    /// The number of wanted attributes that are not decided.
    missing: usize,
    /// States of the wanted attributes and of macros; no others matter.
    decided: HashMap<&'a [u8], &'a AttributeState>,
}

impl<'a, const N: usize> FoundStates<'a, N> {
    /// Adds the rules of one file that match `path`, which is relative to the file's directory.
    fn add(&mut self, rules: &'a [Rule], path: &[u8], case: Case) {
        let name = path.rfind_byte(b'/').map(|slash| slash + 1);
        for rule in rules.iter().rev() {
            if self.missing == 0 {
                break;
            }
            let Subject::Paths(pattern) = &rule.subject else {
                continue;
            };
            let mode = Mode::NO_MATCH_SLASH_LITERAL;
            if pattern.matches_repo_relative_path(path.as_bstr(), name, Some(false), case, mode) {
                self.assign(&rule.assignments);
            }
        }
    }

    /// Decides the attributes of one line, from the last to the first. A macro that is set is
    /// expanded where it stands; each at most once, however they name each other.
    fn assign(&mut self, assignments: &'a [Assignment]) {
        let mut open = vec![assignments.iter().rev()];
        while let Some(assignments) = open.last_mut() {
            let Some((name, state)) = assignments.next() else {
                open.pop();
                continue;
            };
            let expansion = self.macros.get(name);
            let is_wanted = self.wanted.contains(&name.as_slice());
            if (expansion.is_none() && !is_wanted) || self.decided.contains_key(name.as_slice()) {
                continue;
            }
            self.decided.insert(name, state);
            self.missing -= usize::from(is_wanted);
            if let (AttributeState::Set, Some(more)) = (state, expansion) {
                open.push(more.iter().rev());
            }
        }
    }
}

/// The tree of a revision; `None` if it names no object.
fn tree_of(repo: &gix::Repository, revision: &[u8]) -> Result<Option<Source>> {
    let Some(id) = object_of(repo, revision)? else {
        return Ok(None);
    };
    let Some(object) = find_object(repo, id)? else {
        return Ok(None);
    };
    let tree = gix_error::optional(repo.git_dir(), object.peel_to_tree())?;
    Ok(Some(
        tree.map_or(Source::Nothing, |tree| Source::Tree(tree.id)),
    ))
}

/// Reads a file of attributes; `None` if it is missing, or is not a regular file.
fn read(path: &Path, metadata: std::io::Result<fs::Metadata>) -> Result<Option<Rules>> {
    match metadata {
        Ok(metadata) if metadata.is_file() && metadata.len() < TOO_LARGE_FILE => {}
        Ok(_) => return Ok(None),
        Err(error) => {
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
                    Ok(None)
                }
                _ => Err(Error::storage("read", path)(error)),
            };
        }
    }
    match regular_file::read(path, TOO_LARGE_FILE) {
        Ok(text) => Ok(Some(parse(&text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::storage("read", path)(error)),
    }
}

fn read_index(
    repo: &gix::Repository,
    index: &gix::index::State,
    directory: &[u8],
) -> Result<Option<Rules>> {
    let mut path = directory.to_owned();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(b".gitattributes");
    match index.entry_by_path(path.as_bstr()) {
        Some(entry) => read_object(repo, entry.id),
        None => Ok(None),
    }
}

fn read_blob(repo: &gix::Repository, tree: ObjectId, directory: &[u8]) -> Result<Option<Rules>> {
    let tree = match find_object(repo, tree)? {
        Some(object) if object.kind == gix::objs::Kind::Tree => object.into_tree(),
        _ => return Ok(None),
    };
    let parts = directory.split(|&byte| byte == b'/');
    let parts = parts.filter(|part| !part.is_empty());
    let entry = tree.lookup_entry(parts.chain([&b".gitattributes"[..]]));
    let entry = gix_error::optional(repo.git_dir(), entry)?.flatten();
    match entry.filter(|entry| entry.mode().is_blob()) {
        Some(entry) => read_object(repo, entry.object_id()),
        None => Ok(None),
    }
}

/// Reads the attributes of a blob. As git reads it, a NUL ends it.
fn read_object(repo: &gix::Repository, id: ObjectId) -> Result<Option<Rules>> {
    if find_header(repo, id)?.is_some_and(|(_, size)| size >= TOO_LARGE_FILE) {
        return Ok(None);
    }
    let blob = find_object(repo, id)?;
    Ok(blob.map(|blob| {
        let end = blob.data.find_byte(0).unwrap_or(blob.data.len());
        parse(&blob.data[..end])
    }))
}

fn parse(text: &[u8]) -> Rules {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut rules = Vec::new();
    for line in text.lines() {
        // A NUL ends a line. gix would take off a byte order mark here.
        let line = &line[..line.find_byte(0).unwrap_or(line.len())];
        if line.len() >= TOO_LONG_LINE || line.starts_with(BYTE_ORDER_MARK) {
            continue;
        }
        let Some(Ok((kind, assignments, _))) = gix::attrs::parse(line).next() else {
            continue;
        };
        let assignments: Result<Vec<Assignment>, _> = assignments
            .map(|one| {
                let one = one?;
                let name = one.name.as_str().as_bytes().to_owned();
                Ok::<_, gix::Error>((name, AttributeState::from(one.state)))
            })
            .collect();
        let Ok(assignments) = assignments else {
            continue; // as in git, an invalid name makes the line invalid
        };
        let subject = match kind {
            Kind::Pattern(pattern) => Subject::Paths(pattern),
            Kind::Macro(name) => Subject::Macro(name.as_str().as_bytes().to_owned()),
        };
        let assignments = assignments.into();
        rules.push(Rule {
            subject,
            assignments,
        });
    }
    rules
}

impl From<StateRef<'_>> for AttributeState {
    fn from(state: StateRef<'_>) -> Self {
        match state {
            StateRef::Set => Self::Set,
            StateRef::Unset => Self::Unset,
            StateRef::Unspecified => Self::Unspecified,
            StateRef::Value(value) => Self::Value(value.as_bstr().to_vec()),
        }
    }
}
