//! Who may name what.

use std::fs;
use std::path::{Path, PathBuf};

/// An outside library, and the folders that may name it.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("gix", &["git"]),
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
    ("reqwest", &["net", "git/transport/http.rs"]),
    ("rayon", &["workers.rs"]),
];

/// A layer, and the layers that it may not import.
const LAYERS: &[(&str, &[&str])] = &[
    ("git", &["table", "fleet", "providers", "cli", "python"]),
    ("providers", &["git", "table", "fleet", "cli", "python"]),
    ("table", &["fleet", "providers", "cli", "python"]),
    ("fleet", &["providers", "cli", "python"]),
    ("cli", &["python"]),
    (
        "net",
        &["git", "table", "fleet", "providers", "cli", "python"],
    ),
    (
        "error.rs",
        &["git", "table", "fleet", "providers", "net", "cli", "python"],
    ),
    (
        "progress.rs",
        &["git", "table", "fleet", "providers", "net", "cli", "python"],
    ),
    (
        "remote_url.rs",
        &["git", "table", "fleet", "providers", "net", "cli", "python"],
    ),
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

#[test]
fn layers_import_downwards_only() {
    let mut strays = Vec::new();
    for (file, text) in code() {
        for (layer, above) in LAYERS.iter().filter(|(layer, _)| file.starts_with(layer)) {
            for name in above
                .iter()
                .filter(|name| text.contains(&format!("crate::{name}::")))
            {
                strays.push(format!("{} in {layer} imports {name}", file.display()));
            }
        }
    }
    assert!(strays.is_empty(), "wrong direction: {strays:#?}");
}

#[test]
fn the_library_is_quiet() {
    let mut strays = Vec::new();
    for (file, text) in code() {
        let is_edge = ["cli", "python", "bin"]
            .iter()
            .any(|edge| file.starts_with(edge));
        for word in [
            "println!",
            "eprintln!",
            "env::var",
            "process::Command",
            "Runtime::new",
        ] {
            if !is_edge && text.contains(word) {
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
