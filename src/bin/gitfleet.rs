//! The `gitfleet` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(gitfleet::cli::run(
        std::env::args_os(),
        gitfleet::cli::Streams::of_process(),
    ))
}
