//! Operations on many repositories: one outcome per input, in the order of the inputs. The failure
//! of one input does not affect the other inputs.

mod children;
mod clone_children;
mod clones;
mod dataset;
mod existing;
mod file_sum;
mod input;
mod manager;
mod mine;
mod outcome;
mod place_lock;
mod repeats;
mod run;
mod schedule;
mod serve_child;
mod supervised_clones;
mod table_file;
mod target;
mod turns;
mod verify;

pub use children::{ChildProgram, IsolationOptions};
pub use clones::{Cloned, Fleet};
pub use existing::IfExists;
pub use input::Input;
pub use manager::{CloneState, CloneTask, RepoManager};
pub use mine::{MineOptions, Mined, Table, mine};
pub use outcome::{Outcome, Report};
pub use run::FleetOptions;
pub use schedule::RetryOptions;
pub use serve_child::serve_child;
pub use target::Target;
pub use verify::{Verified, VerifyOptions, verify};
