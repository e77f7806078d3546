//! A single integration test binary, so that the library is linked once.
#![allow(
    missing_docs,
    clippy::format_push_string,
    clippy::needless_pass_by_value,
    clippy::print_stderr,
    clippy::format_collect,
    clippy::redundant_closure_for_method_calls,
    clippy::semicolon_if_nothing_returned,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "tests panic at the first failure, and print why they are skipped"
)]

mod architecture;
mod attributes;
mod blame;
#[cfg(feature = "cli")]
mod cli;
mod encodings;
#[cfg(feature = "cli")]
mod faults;
mod generated;
#[cfg(feature = "http")]
mod github;
#[cfg(feature = "http")]
mod github_server;
mod history;
mod mine;
mod odd_commits;
#[cfg(all(unix, feature = "cli"))]
mod odd_places;
mod open;
mod patterns;
mod purity;
mod refs;
#[cfg(feature = "http")]
mod remote;
mod revisions;
#[cfg(feature = "cli")]
mod static_binary;
#[cfg(all(unix, feature = "cli"))]
mod strangers;
#[cfg(all(unix, feature = "cli"))]
mod strangers_update;
mod support;
mod tables;
mod tables_page;
#[cfg(all(unix, feature = "cli"))]
mod verify;
#[cfg(all(unix, feature = "cli"))]
mod verify_dataset;
mod walk;
mod working_tree;
