//! The external libraries that each folder may use, and the files that each file may import.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{Module, circles, imports};

/// An outside library, and the folders that may name it.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("gix", &["git", "remote"]),
    ("octocrab", &["providers/github"]),
    ("arrow_array", &["table"]),
    ("arrow_schema", &["table"]),
    ("arrow_ipc", &["table"]),
    ("parquet", &["table"]),
    ("csv", &["table"]),
    ("pyo3", &["python"]),
    ("pyo3_async_runtimes", &["python"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("console", &["cli"]),
    ("ctrlc", &["cli"]),
    ("rustls", &["net"]),
    ("reqwest", &["net", "remote/transport/http"]),
    ("rayon", &["workers.rs"]),
];

/// The layers, lowest first. Each line lists modules of the same height. A file may import files of
/// its own module and of modules in lower layers, which are listed above, but not of other modules
/// on the same line.
const LAYERS: &[&[&str]] = &[
    &["error", "secret"],
    &["choice", "git_string", "repo_key"],
    &["settings"],
    &[
        "cancel",
        "causes",
        "jitter",
        "json",
        "mutex",
        "durable",
        "no_follow",
        "programs",
        "progress",
        "regular_file",
        "remote_url",
        "unix_time",
        "vault",
    ],
    &["workers"],
    &["context"],
    &["net"],
    &["git", "providers"],
    &["remote"],
    &["table"],
    &["fleet"],
    &["edge"],
    &["cli"],
    &["python"],
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of each file below `src`, without comments.
fn code() -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    let without_comments = |text: String| {
        text.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("source is UTF-8");
        (
            file.strip_prefix(&src).expect("found under src").to_owned(),
            without_comments(text),
        )
    };
    files.into_iter().map(read).collect()
}

/// Whether `text` names the path `name::`, as a whole word.
fn names(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    text.match_indices(&path).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
    })
}

#[test]
fn outside_libraries_stay_in_their_folder() {
    let mut strays = Vec::new();
    for (file, text) in code() {
        for (library, homes) in LIBRARIES {
            let is_home = homes.iter().any(|home| file.starts_with(home));
            if !is_home && names(&text, library) {
                strays.push(format!("{} names {library}", file.display()));
            }
        }
    }
    assert!(
        strays.is_empty(),
        "move these behind their folder: {strays:#?}"
    );
}

/// The files of the library as modules, without their unit tests.
fn modules() -> BTreeMap<Module, String> {
    let module = |file: &Path| {
        let path = file.with_extension("");
        let parts = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        let parts = parts.filter(|part| part != "mod" && part != "lib");
        parts.map(std::borrow::Cow::into_owned).collect()
    };
    code()
        .into_iter()
        .filter(|(file, _)| !file.starts_with("bin"))
        .map(|(file, text)| {
            let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
            (module(&file), text[..end].to_owned())
        })
        .collect()
}

#[test]
fn layers_import_downwards_only() {
    let layer_of = |module: &Module| {
        let name = module.first()?;
        let layer = LAYERS
            .iter()
            .position(|layer| layer.contains(&name.as_str()));
        Some((
            layer.unwrap_or_else(|| panic!("{name} is in no layer")),
            name.clone(),
        ))
    };
    let mut strays = Vec::new();
    for (module, targets) in imports(&modules()) {
        let Some((layer, name)) = layer_of(&module) else {
            continue;
        };
        for target in &targets {
            let is_right =
                layer_of(target).is_some_and(|(below, other)| below < layer || other == name);
            if !is_right {
                strays.push(format!(
                    "{} imports {}",
                    module.join("::"),
                    target.join("::")
                ));
            }
        }
    }
    assert!(strays.is_empty(), "wrong direction: {strays:#?}");
}

#[test]
fn no_file_imports_itself_through_others() {
    let imports = imports(&modules());
    assert!(
        imports.values().map(BTreeSet::len).sum::<usize>() > 500,
        "imports were not found"
    );
    assert_eq!(circles(&imports), Vec::<Vec<Module>>::new());
}

#[test]
fn folders_do_not_import_each_other() {
    let modules = modules();
    // A module with children has a folder of its own; a module without children is in the folder of
    // its parent.
    let folder = |module: &Module| {
        let has_children = modules
            .keys()
            .any(|other| other.len() > module.len() && other.starts_with(module));
        let end = if has_children {
            module.len()
        } else {
            module.len().saturating_sub(1)
        };
        module[..end].to_vec()
    };
    let mut folders: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, targets) in imports(&modules) {
        let from = folder(&module);
        let others = targets
            .iter()
            .map(folder)
            .filter(|to| !to.starts_with(&from) && !from.starts_with(to));
        folders.entry(from.clone()).or_default().extend(others);
    }
    assert_eq!(circles(&folders), Vec::<Vec<Module>>::new());
}

#[test]
fn the_library_is_quiet() {
    let mut strays = Vec::new();
    for (file, text) in code() {
        let is_edge = ["edge", "cli", "python", "bin"]
            .iter()
            .any(|edge| file.starts_with(edge));
        // RepoManager's clones are temporary; dates are compared with git's.
        let exceptions = [
            ("git/date/tests.rs", "Command::new"),
            ("programs.rs", "Command::new"),
            ("programs.rs", "env::var"),
            ("fleet/manager.rs", "temp_dir"),
        ];
        for word in [
            "print!",
            "println!",
            "eprint!",
            "eprintln!",
            "dbg!",
            "env::var",
            "temp_dir",
            "Command::new",
            "Runtime::new",
        ] {
            let is_exception = exceptions.contains(&(&file.to_string_lossy(), word));
            let may = is_exception || (is_edge && word != "Command::new");
            if !may && text.contains(word) {
                strays.push(format!("{} says {word}", file.display()));
            }
        }
    }
    assert!(strays.is_empty(), "only edges may: {strays:#?}");
}

#[test]
fn files_have_one_subject() {
    let long: Vec<_> = code()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 600)
        .map(|(file, _)| file)
        .collect();
    assert!(long.is_empty(), "over 600 lines: {long:?}");
}
