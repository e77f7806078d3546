//! Verification: whether clones and datasets are whole.

mod dataset;
mod verified;

use std::path::{Path, PathBuf};

use super::clones::name_of;
use super::dataset::{HEAD_FILE, REPOS};
use super::input::Input;
use super::outcome::Report;
use super::run::{FleetOptions, run};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::{Discover, OpenOptions, Repo, Trust};
use crate::progress::EndStatus;
use crate::settings::settings;
use crate::workers::Workers;
use verified::named;

pub use verified::Verified;

settings! {
    /// The options of verification.
    pub struct VerifyOptions {
        /// The policy for a repository that belongs to another user.
        pub trust: Trust = Trust::default(),
        /// Repositories and datasets verified at once, at least 1.
        pub jobs: usize = 4,
        /// Total number of threads; 0 is one per core.
        pub threads: usize = 0,
    }
}

/// Verifies the repositories and datasets at `paths`; one failure does not stop the others.
///
/// A repository is verified as [`Repo::verify`] does. In a dataset, every finished repository has the
/// tables of the options, each with the rows, the size and the hash that `outcome.json` states.
/// Nothing is changed.
///
/// # Errors
///
/// [`Error::InvalidInput`](crate::Error::InvalidInput) for too many threads. Any other error is in the
/// outcome of its path: [`Error::RepositoryNotFound`](crate::Error::RepositoryNotFound) if there is neither a repository
/// nor a dataset, [`Error::Storage`](crate::Error::Storage) if the machine cannot read it. Missing and damaged parts are
/// no errors: [`Verified::problems`] lists them.
///
/// # Example
///
/// ```no_run
/// use gitfleet::Context;
/// use gitfleet::fleet::{VerifyOptions, verify};
///
/// # fn main() -> gitfleet::Result<()> {
/// let report = verify(["ripgrep.git", "dataset"], &VerifyOptions::new(), &Context::new())?;
/// for outcome in &report.outcomes {
///     match &outcome.result {
///         Ok(verified) => println!("{}: {:?}", outcome.input, verified.problems),
///         Err(error) => println!("{}: {}", outcome.input, error.report()),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub fn verify<P>(paths: P, options: &VerifyOptions, context: &Context) -> Result<Report<Verified>>
where
    P: IntoIterator<Item: AsRef<Path>>,
{
    let open = OpenOptions {
        trust: options.trust,
        discover: Discover::Exact,
        workers: Some(Workers::new(options.threads)?),
        ..OpenOptions::default()
    };
    let inputs = paths.into_iter().map(|path| Input {
        name: name_of(path.as_ref()),
        value: Ok(path.as_ref().to_owned()),
    });
    let fleet = FleetOptions {
        jobs: options.jobs,
        ..FleetOptions::default()
    };
    let work = |path: &PathBuf| verify_one(path, &open, context);
    let on_end = |_, name: &str, result: &Result<Verified>| {
        let ending = match result {
            Ok(verified) if verified.is_whole() => EndStatus::Done,
            Ok(verified) => EndStatus::Failed(verified.problems.join("; ")),
            Err(error) => EndStatus::Failed(error.report()),
        };
        context.progress.ended(name, &ending);
    };
    let host = |_: &PathBuf| String::new();
    Ok(run(
        inputs.collect(),
        host,
        &fleet,
        &context.cancel,
        work,
        on_end,
    ))
}

fn verify_one(path: &Path, open: &OpenOptions, context: &Context) -> Result<Verified> {
    // A file of that name may be in a working tree.
    let is_repository = path.join(".git").exists() || path.join("HEAD").exists();
    if !is_repository && (path.join(HEAD_FILE).exists() || path.join(REPOS).is_dir()) {
        let workers = open.workers.as_ref();
        let workers = workers.ok_or_else(|| Error::internal("no threads"))?;
        return dataset::verify(path, workers, context);
    }
    let repo = Repo::open(path, open)?.with_context(context);
    let check = repo.verify()?;
    let counts = [
        ("refs", check.refs),
        ("commits", check.commits),
        ("files", check.files),
    ];
    Ok(Verified {
        path: path.to_owned(),
        counts: named(&counts),
        problems: check.problems,
        warnings: Vec::new(),
    })
}
