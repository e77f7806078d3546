//! Which source file imports which: read from `use` declarations and from paths in the code.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Captures, Regex};

/// A module's path below the crate, such as `git::blame::walk`; empty for the crate itself.
pub(super) type Module = Vec<String>;

/// For each module, the modules that define the items it imports. A re-exported name (`pub use`)
/// counts as imported from the module that defines it.
pub(super) fn imports(sources: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let read: BTreeMap<&Module, Names> = sources
        .iter()
        .map(|(module, text)| (module, Names::read(module, text, sources)))
        .collect();
    let resolve = |path: &Module| {
        let mut path = path.clone();
        for _ in 0..MOST_HOPS {
            let home = (0..=path.len()).rev().map(|end| path[..end].to_vec());
            let home = home.into_iter().find(|home| sources.contains_key(home));
            let home = home.expect("the crate's root is a module");
            let passed_on = path
                .get(home.len())
                .and_then(|name| read[&home].passed_on.get(name));
            match passed_on {
                Some(target) if *target != path => path.clone_from(target),
                _ => return home,
            }
        }
        panic!("{path:?} is passed on in a circle");
    };
    let imports = |module: &Module| {
        let found = read[module].used.iter().map(resolve);
        found.filter(|target| target != module).collect()
    };
    sources
        .keys()
        .map(|module| (module.clone(), imports(module)))
        .collect()
}

/// Largest number of times that a name may be re-exported.
const MOST_HOPS: usize = 10;

/// The paths that the code of one file names, starting at the crate's root.
#[derive(Default)]
struct Names {
    used: Vec<Module>,
    /// Re-exported names (`pub use`), each with the path that it refers to.
    passed_on: BTreeMap<String, Module>,
}

impl Names {
    fn read(module: &Module, text: &str, sources: &BTreeMap<Module, String>) -> Self {
        let declaration = Regex::new(r"(?m)^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);").unwrap();
        let path = Regex::new(r"[A-Za-z_0-9]+(?:::[A-Za-z_0-9]+)+").unwrap();
        let visibility = Regex::new(r"pub\(in [^)]*\)").unwrap();
        let comment = Regex::new(r"(?m)^\s*//.*$").unwrap();
        let text = visibility.replace_all(text, "pub");
        let text = comment.replace_all(&text, "");
        let mut names = Self::default();
        let mut imported: BTreeMap<String, Module> = BTreeMap::new();
        let mut below: Vec<(String, Module)> = Vec::new();
        let rest = declaration.replace_all(&text, |found: &Captures<'_>| {
            for (path, name) in leaves(&found[2]) {
                let Some(path) = absolute(module, &path, sources) else {
                    continue;
                };
                imported.insert(name.clone(), path.clone());
                if found.get(1).is_some() {
                    names.passed_on.insert(name.clone(), path.clone());
                }
                if found.get(1).is_some() && path.starts_with(module) {
                    below.push((name, path));
                } else {
                    names.used.push(path);
                }
            }
            String::new()
        });
        // A module may re-export a name from below without using it.
        for (name, path) in below {
            let use_of_name = Regex::new(&format!(r"\b{name}\b")).unwrap();
            if use_of_name.is_match(&rest) {
                names.used.push(path);
            }
        }
        for found in path.find_iter(&rest) {
            let path: Vec<&str> = found.as_str().split("::").collect();
            let through = imported.get(path[0]).map(|start| {
                let inside = path[1..].iter().map(|part| (*part).to_owned());
                start.iter().cloned().chain(inside).collect()
            });
            names
                .used
                .extend(through.or_else(|| absolute(module, &path, sources)));
        }
        names
    }
}

/// The paths of a `use` declaration, each with the name it gets.
fn leaves(tree: &str) -> Vec<(Vec<&str>, String)> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, tree));
        let path: Vec<&str> = path
            .trim()
            .split("::")
            .filter(|part| *part != "self")
            .collect();
        let name = name.trim().rsplit("::").next().unwrap_or_default();
        return vec![(path, name.to_owned())];
    };
    let inner = rest.strip_suffix('}').expect("braces are balanced");
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(leaves)
        .map(|(path, name)| {
            let prefix = prefix.split("::").filter(|part| !part.is_empty());
            (prefix.chain(path).collect(), name)
        })
        .collect()
}

/// A path from the crate's root; `None` for other crates' and for types.
fn absolute(module: &Module, path: &[&str], sources: &BTreeMap<Module, String>) -> Option<Module> {
    let mut start = module.clone();
    let mut rest = path;
    match rest.first()? {
        &"crate" => {
            start.clear();
            rest = &rest[1..];
        }
        &"super" => {
            while rest.first() == Some(&"super") {
                start.pop();
                rest = &rest[1..];
            }
        }
        &"self" => rest = &rest[1..],
        name => {
            let child = [module.as_slice(), &[(*name).to_owned()]].concat();
            sources.get(&child)?;
        }
    }
    start.extend(rest.iter().map(|part| (*part).to_owned()));
    Some(start)
}

/// Groups of nodes that reach each other.
pub(super) fn circles<T: Clone + Ord>(edges: &BTreeMap<T, BTreeSet<T>>) -> Vec<Vec<T>> {
    let reaches = |from: &T| {
        let (mut seen, mut queue) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(node) = queue.pop() {
            for next in edges.get(&node).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    queue.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&T, BTreeSet<T>> =
        edges.keys().map(|node| (node, reaches(node))).collect();
    let mut found: Vec<Vec<T>> = Vec::new();
    for (node, there) in &reached {
        if there.contains(node) && !found.iter().any(|circle| circle.contains(node)) {
            let back = |other: &&T| reached.get(*other).is_some_and(|back| back.contains(*node));
            found.push(there.iter().filter(back).cloned().collect());
        }
    }
    found
}
