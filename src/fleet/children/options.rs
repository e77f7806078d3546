//! The options of child processes.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::programs;
use crate::settings::settings;

/// The program that is started as a child: it calls [`serve_child`](crate::fleet::serve_child).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildProgram {
    /// The path of the program.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

impl ChildProgram {
    /// A program and its arguments.
    pub fn new<A: Into<String>>(
        path: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            path: path.into(),
            args: args.into_iter().map(Into::into).collect(),
        }
    }

    /// A command that runs the program without the secrets that may be in the environment.
    pub(super) fn command(&self, passed_variables: &[String]) -> Command {
        let mut command = programs::command(self.path.as_os_str(), passed_variables);
        command.args(&self.args);
        command
    }
}

settings! {
    /// Child processes and the limits of each repository. The limits of memory hold on Linux only:
    /// other systems have no limit that a process cannot exceed.
    pub struct IsolationOptions {
        /// The program of the child processes. If `None`, the work is done in this process, and
        /// the other options are without effect.
        pub program: Option<ChildProgram> = None,
        /// Largest memory of the work on one repository, in bytes; `None` is all that `memory`
        /// leaves.
        pub memory_per_repository: Option<u64> = None,
        /// Memory of this process and all of its children together, in bytes; `None` is 70 % of
        /// what the machine or the control group has.
        pub memory: Option<u64> = None,
        /// Longest time of the work on one repository, all attempts together; `None` is no limit.
        pub deadline: Option<Duration> = Some(Duration::from_secs(6 * 60 * 60)),
        /// Work again on repositories that failed in an earlier run because of these limits, or
        /// because their process crashed.
        pub retry_failed: bool = false,
    }
}
