//! MANY repositories: one outcome per input, in input order, whatever happens to the others.

mod clone_all;
mod dataset;
mod manager;
mod mine;
mod outcome;
mod pool;
mod target;

pub use clone_all::{FleetOptions, clone_all};
pub use manager::{CloneState, CloneTask, RepoManager};
pub use mine::{MineOptions, Mined, Tables, mine};
pub use outcome::Report;
pub use target::Target;
