//! Work on repositories in child processes, so that no repository harms another: one that takes too
//! much memory, never ends or ends its process fails alone.
//!
//! ```text
//! supervisor (this process)                            child (one per job that runs at once)
//!   schedule, limits per host, retries                   setup once: what the jobs have in common
//!   memory budget, turns, deadline     -- stdin -->      one job at a time
//!   credentials, progress, outcomes    <-- stdout --     progress, questions, the result
//! ```
//!
//! A child gets its next repository when it has ended the last one, so that the repository of a
//! child that dies is known. The death of a child that had worked on others before may be their
//! doing: its repository is tried again in a new child, and fails when it has ended two new ones.
//! Secrets are sent through the pipe only.

mod budget;
mod child;
mod machine;
mod messages;
mod options;
mod served;
mod spawner;
mod supervisor;

pub(in crate::fleet) use messages::{JobMessage, Setup, WorkKind, from_message, to_message};
pub use options::{ChildProgram, IsolationOptions};
pub(in crate::fleet) use served::{Served, ServedJob};
pub(in crate::fleet) use supervisor::{SupervisedJob, Supervisor};
