//! Operations on many repositories: one outcome per input, in the order of the inputs. The failure
//! of one input does not affect the other inputs.

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
mod table_file;
mod target;
mod verify;

pub use clones::{Cloned, Fleet, IfExists};
pub use input::Input;
pub use manager::{CloneState, CloneTask, RepoManager};
pub use mine::{MineOptions, Mined, Table, mine};
pub use outcome::{Outcome, Report};
pub use run::FleetOptions;
pub use schedule::RetryOptions;
pub use target::Target;
pub use verify::{Verified, VerifyOptions, verify};
