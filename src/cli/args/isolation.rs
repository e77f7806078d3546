//! Limits of the child processes that work on repositories.

use clap::Args as ClapArgs;

use super::choice::{Mebibytes, Seconds};
use crate::edge::child_program;
use crate::fleet::IsolationOptions;

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct IsolationArgs {
    /// Largest memory for one repository [default: what --memory leaves]
    #[arg(long, value_name = "MIB")]
    memory_per_repository: Option<Mebibytes>,
    /// Memory for all repositories together [default: 70 % of the machine's]
    #[arg(long, value_name = "MIB")]
    memory: Option<Mebibytes>,
    /// Longest time for one repository, all attempts together; 0 is no limit
    #[arg(long, value_name = "SECONDS", default_value_t = default_deadline())]
    deadline: Seconds,
}

fn default_deadline() -> Seconds {
    Seconds(IsolationOptions::new().deadline.unwrap_or_default())
}

impl IsolationArgs {
    pub(super) fn options(&self) -> IsolationOptions {
        let mut options = IsolationOptions::new();
        options.program = child_program::get();
        options.memory_per_repository = self.memory_per_repository.map(|size| size.0);
        options.memory = self.memory.map(|size| size.0);
        options.deadline = Some(self.deadline.0).filter(|limit| !limit.is_zero());
        options
    }
}
