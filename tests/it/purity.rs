//! No C: a user's build reaches no crate that compiles C or wraps a C library.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates that compile C, find C libraries, or are C libraries.
const MARKERS: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "bindgen",
    "boring-sys",
    "bzip2-sys",
    "cc",
    "cmake",
    "curl-sys",
    "libgit2-sys",
    "libmimalloc-sys",
    "libsqlite3-sys",
    "libssh2-sys",
    "libz-ng-sys",
    "libz-sys",
    "lz4-sys",
    "native-tls",
    "openssl-sys",
    "pkg-config",
    "ring",
    "tikv-jemalloc-sys",
    "vcpkg",
    "zstd-sys",
];

/// The targets that wheels are built for.
const TARGETS: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn dependencies_have_no_c() {
    for target in TARGETS {
        let tree = cargo(&[
            "tree",
            "-p",
            "gitfleet",
            "-e",
            "normal,build",
            "--all-features",
            "--target",
            target,
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--locked",
        ]);
        let crates: BTreeSet<&str> = tree
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert!(
            crates.len() > 100 && crates.contains("gix"),
            "the tree for {target} was not read"
        );
        let found: Vec<_> = MARKERS
            .iter()
            .filter(|marker| crates.contains(*marker))
            .collect();
        assert!(
            found.is_empty(),
            "{target} reaches {found:?}; `cargo tree -i <name> --all-features` shows the path"
        );
    }
}

/// `deny.toml` has the same rules for cargo-deny. This test needs only cargo.
#[test]
fn licences_and_sources_are_accepted() {
    const LICENCES: &[&str] = &[
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CDLA-Permissive-2.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "Unicode-3.0",
        "Unlicense",
        "Zlib",
    ];
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--all-features",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let mut refused = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("");
        // At least one of the alternatives must consist of accepted licences.
        let is_accepted = licence.replace('/', " OR ").split(" OR ").any(|choice| {
            let words = choice.trim_matches(['(', ')', ' ']).split(" AND ");
            words
                .map(|word| word.trim_matches(['(', ')', ' ']))
                .all(|word| LICENCES.contains(&word.split(" WITH ").next().unwrap_or(word)))
        });
        if !is_accepted {
            refused.push(format!("{name}: licence {licence:?}"));
        }
        let source = package["source"].as_str();
        if source.is_some_and(|source| !source.starts_with("registry+")) {
            refused.push(format!("{name}: from {source:?}"));
        }
    }
    assert!(packages.len() > 100, "no packages were read");
    assert!(refused.is_empty(), "{refused:#?}");
}
