//! The main function of a child process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::children::{Served, ServedJob, WorkKind};
use super::clone_children::{CloneChild, UpdateChild};
use super::mine::MineChild;
use crate::error::{Error, Result};

/// Works as a child of another process that runs [`mine`](super::mine) or a
/// [`Fleet`](super::Fleet), until that process ends: it reads jobs from standard input and writes
/// their results to standard output. Call it from the program that
/// [`IsolationOptions::program`](super::IsolationOptions::program) names, before it prints anything.
///
/// # Errors
///
/// [`Error::InvalidInput`] if standard input is not such a process with the same version of
/// GitFleet.
pub fn serve_child() -> Result<()> {
    let (served, setup) = Served::connect()?;
    let work: Box<dyn Fn(ServedJob) -> Result<Value>> = match setup.kind {
        WorkKind::Mine => {
            let child = MineChild::new(setup, &served)?;
            Box::new(move |job| child.run(job))
        }
        WorkKind::Clone => {
            let child = CloneChild::new(setup, &served)?;
            Box::new(move |job| child.run(job))
        }
        WorkKind::Update => {
            let child = UpdateChild::new(setup, &served)?;
            Box::new(move |job| child.run(job))
        }
    };
    while let Some(job) = served.next_job() {
        let result = catch_unwind(AssertUnwindSafe(|| work(job)));
        let result = result.unwrap_or_else(|payload| Err(Error::from_panic(&*payload)));
        served.ended(result);
    }
    Ok(())
}
