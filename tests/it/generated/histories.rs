//! Random histories, and their import into git.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use proptest::prelude::*;

use crate::support::hermetic;

/// Names that repeat in several directories, names that are files in one commit and directories in
/// another, and bytes that are not UTF-8.
const PATHS: &[&[u8]] = &[
    b"a.txt",
    b"b.txt",
    b"Makefile",
    b"d/a.txt",
    b"d/b.txt",
    b"d/Makefile",
    b"e/a.txt",
    b"e/f/Makefile",
    b"e/f/g/a.txt",
    b"d",
    b"e/f",
    b"d.x",
    b"sp ace \"quoted\"",
    b"\xff\xfe.txt",
];
const DIRECTORIES: &[&[u8]] = &[b"d/", b"e/", b"e/f/", b"new/", b"new/d/"];

/// A mode as fast-import writes it, and the content.
type File = (&'static str, Vec<u8>);
type Tree = BTreeMap<Vec<u8>, File>;

#[derive(Clone, Debug)]
enum Edit {
    /// Write lines drawn from a small set, some of them frequent.
    Write {
        path: usize,
        seed: u32,
        lines: usize,
    },
    /// Replace, insert and delete lines.
    Lines {
        path: usize,
        seed: u32,
        edits: usize,
    },
    Rename {
        from: usize,
        to: usize,
        edits: usize,
    },
    Copy {
        from: usize,
        to: usize,
        edits: usize,
    },
    MoveDirectory {
        from: usize,
        to: usize,
    },
    Delete {
        path: usize,
    },
    Mode {
        path: usize,
        mode: usize,
    },
    Ending {
        path: usize,
        kind: u8,
    },
    /// Change mainly the white space at the start of lines.
    Indent {
        path: usize,
        seed: u32,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The distance to the first parent, in commits; `None` makes a root.
    parent: Option<usize>,
    merge: Option<usize>,
    edits: Vec<Edit>,
    /// Seconds since the previous commit; negative if the clock is skewed.
    seconds: i64,
}

fn edit() -> impl Strategy<Value = Edit> {
    let path = 0..PATHS.len();
    prop_oneof![
        3 => (path.clone(), any::<u32>(), 0usize..60).prop_map(|(path, seed, lines)| Edit::Write { path, seed, lines }),
        4 => (path.clone(), any::<u32>(), 1usize..12).prop_map(|(path, seed, edits)| Edit::Lines { path, seed, edits }),
        4 => (path.clone(), path.clone(), 0usize..25).prop_map(|(from, to, edits)| Edit::Rename { from, to, edits }),
        2 => (path.clone(), path.clone(), 0usize..25).prop_map(|(from, to, edits)| Edit::Copy { from, to, edits }),
        1 => (0..DIRECTORIES.len(), 0..DIRECTORIES.len()).prop_map(|(from, to)| Edit::MoveDirectory { from, to }),
        1 => path.clone().prop_map(|path| Edit::Delete { path }),
        1 => (path.clone(), 0usize..4).prop_map(|(path, mode)| Edit::Mode { path, mode }),
        1 => (path.clone(), any::<u8>()).prop_map(|(path, kind)| Edit::Ending { path, kind }),
        1 => (path, any::<u32>()).prop_map(|(path, seed)| Edit::Indent { path, seed }),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let back = || prop_oneof![6 => Just(0usize), 3 => 1usize..6];
    let seconds = prop_oneof![8 => 0i64..3, 1 => -50i64..50];
    let parent = prop_oneof![30 => back().prop_map(Some), 1 => Just(None)];
    let merge = prop::option::weighted(0.25, 1usize..6);
    (parent, merge, prop::collection::vec(edit(), 0..6), seconds).prop_map(
        |(parent, merge, edits, seconds)| Step {
            parent,
            merge,
            edits,
            seconds,
        },
    )
}

/// A generator of pseudo-random numbers; the same seed gives the same numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    fn line(&mut self) -> Vec<u8> {
        match self.next(6) {
            0 => b"\n".to_vec(),
            1 => b"}\n".to_vec(),
            2 => {
                let indent = ["", "  ", "\t", " \t", "        ", "\x0C"][self.next(6)];
                let (word, number) = (
                    ["alpha", "Beta", "gamma\u{e9}"][self.next(3)],
                    self.next(30),
                );
                format!("{indent}a longer {word} line with some text, number {number}\n")
                    .into_bytes()
            }
            _ => format!("line {}\n", self.next(200)).into_bytes(),
        }
    }
}

fn edited(content: &[u8], seed: u32, edits: usize) -> Vec<u8> {
    let mut numbers = Numbers(u64::from(seed));
    let mut lines: Vec<Vec<u8>> = content
        .split_inclusive(|&byte| byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for _ in 0..edits {
        let at = numbers.next(lines.len() + 1);
        match numbers.next(3) {
            0 => lines.insert(at, numbers.line()),
            1 if at < lines.len() => drop(lines.remove(at)),
            _ if at < lines.len() => lines[at] = numbers.line(),
            _ => {}
        }
    }
    lines.concat()
}

/// Puts a file into the tree. Removes conflicting files: a file in place of one of its parent
/// directories, and files below its path.
fn put(tree: &mut Tree, path: &[u8], file: File) {
    tree.retain(|other, _| {
        let is_below = |a: &[u8], b: &[u8]| {
            a.strip_prefix(b)
                .is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        !is_below(other, path) && !is_below(path, other)
    });
    tree.insert(path.to_vec(), file);
}

fn apply(tree: &mut Tree, edit: &Edit) {
    match edit {
        Edit::Write { path, seed, lines } => {
            let mut numbers = Numbers(u64::from(*seed));
            let content = (0..*lines).flat_map(|_| numbers.line()).collect();
            put(tree, PATHS[*path], ("100644", content));
        }
        Edit::Lines { path, seed, edits } => {
            if let Some((_, content)) = tree.get_mut(PATHS[*path]) {
                *content = edited(content, *seed, *edits);
            }
        }
        Edit::Rename { from, to, edits } => {
            if let Some((mode, content)) = tree.remove(PATHS[*from]) {
                put(tree, PATHS[*to], (mode, edited(&content, 7, *edits)));
            }
        }
        Edit::Copy { from, to, edits } => {
            if let Some((mode, content)) = tree.get_mut(PATHS[*from]) {
                let copy = (*mode, edited(content, 11, *edits));
                *content = edited(content, 13, 1);
                put(tree, PATHS[*to], copy);
            }
        }
        Edit::MoveDirectory { from, to } => {
            let from = DIRECTORIES[*from];
            let moved: Vec<Vec<u8>> = tree
                .keys()
                .filter(|path| path.starts_with(from))
                .cloned()
                .collect();
            for path in moved {
                if let Some(file) = tree.remove(&path) {
                    put(
                        tree,
                        &[DIRECTORIES[*to], &path[from.len()..]].concat(),
                        file,
                    );
                }
            }
        }
        Edit::Indent { path, seed } => {
            if let Some((_, content)) = tree.get_mut(PATHS[*path]) {
                let mut numbers = Numbers(u64::from(*seed));
                let lines = content.split_inclusive(|&byte| byte == b'\n');
                *content = lines
                    .flat_map(|line| {
                        let indent: &[u8] = [b"".as_slice(), b" ", b"\t"][numbers.next(3)];
                        let line = if numbers.next(9) == 0 {
                            b"changed\n"
                        } else {
                            line
                        };
                        [indent, line].concat()
                    })
                    .collect();
            }
        }
        Edit::Delete { path } => drop(tree.remove(PATHS[*path])),
        Edit::Mode { path, mode } => {
            if let Some((old, _)) = tree.get_mut(PATHS[*path]) {
                *old = ["100644", "100755", "120000", "160000"][*mode];
            }
        }
        Edit::Ending { path, kind } => {
            if let Some((_, content)) = tree.get_mut(PATHS[*path]) {
                match kind % 4 {
                    0 => drop(content.pop()),
                    1 => {
                        *content = content
                            .iter()
                            .flat_map(|&byte| {
                                if byte == b'\n' {
                                    vec![b'\r', b'\n']
                                } else {
                                    vec![byte]
                                }
                            })
                            .collect()
                    }
                    2 => content.push(0),
                    _ => content.extend_from_slice(b"\xe9 no newline"),
                }
            }
        }
    }
}

/// Returns the input for `git fast-import`.
pub(super) fn script(steps: &[Step]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut trees: Vec<Tree> = Vec::new();
    let mut seconds = 1_000_000_000i64;
    for (number, step) in steps.iter().enumerate() {
        let back = |distance: usize| (number > distance).then(|| number - 1 - distance);
        let parent = step.parent.and_then(back);
        let merge = step
            .merge
            .and_then(back)
            .filter(|merge| parent.is_some_and(|parent| parent != *merge));
        let mut tree = parent
            .map(|parent| trees[parent].clone())
            .unwrap_or_default();
        if let Some(merge) = merge {
            // Every second file is taken from the merged parent.
            for (at, (path, file)) in trees[merge].clone().into_iter().enumerate() {
                if at % 2 == 0 {
                    put(&mut tree, &path, file);
                }
            }
        }
        step.edits.iter().for_each(|edit| apply(&mut tree, edit));
        seconds += step.seconds;
        let message = format!("commit {number}\n");
        if parent.is_none() {
            out.extend_from_slice(b"reset refs/heads/main\n");
        }
        write!(
            out,
            "commit refs/heads/main\nmark :{}\ncommitter C <c@example.com> {seconds} +0000\n",
            number + 1
        )
        .unwrap();
        write!(out, "data {}\n{message}\n", message.len()).unwrap();
        for (word, commit) in [("from", parent), ("merge", merge)] {
            if let Some(commit) = commit {
                writeln!(out, "{word} :{}", commit + 1).unwrap();
            }
        }
        out.extend_from_slice(b"deleteall\n");
        for (path, (mode, content)) in &tree {
            let quoted: String = path.iter().map(|byte| format!("\\{byte:03o}")).collect();
            if *mode == "160000" {
                writeln!(out, "M 160000 {:040x} \"{quoted}\"", content.len() + 1).unwrap();
            } else {
                write!(
                    out,
                    "M {mode} inline \"{quoted}\"\ndata {}\n",
                    content.len()
                )
                .unwrap();
                out.extend_from_slice(content);
                out.push(b'\n');
            }
        }
        out.push(b'\n');
        trees.push(tree);
    }
    out
}

/// Imports the commits of `script` with git.
pub(crate) fn import(path: &Path, script: &[u8]) {
    let mut importer = hermetic("git")
        .arg("-C")
        .arg(path)
        .args(["fast-import", "--quiet", "--force"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    importer.stdin.take().unwrap().write_all(script).unwrap();
    assert!(importer.wait().unwrap().success());
}
