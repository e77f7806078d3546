//! The native module of the Python package. It converts arguments and results, and leaves all logic
//! to the library. No other folder uses `pyo3`.
//!
//! Every call that may block releases the GIL. All except `run_cli` and `RepoManager.cleanup` run
//! on another thread, and end within a second of Ctrl-C, or of the cancellation of the task that
//! awaits them.

#![expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 passes the values made from Python's arguments by value"
)]

mod blame_lines;
mod clones;
mod commit_dicts;
mod dict_stream;
mod error;
mod github;
mod keywords;
mod manager;
mod mine;
mod options;
mod progress;
mod records;
mod repository;
mod rows;
mod runtime;
mod secrets;
mod verify;

use pyo3::prelude::*;

/// The compiled part of the `gitfleet` package.
#[pymodule(gil_used = false, name = "_gitfleet")]
mod module {
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    #[pymodule_export]
    use crate::python::clones::Fleet;
    #[pymodule_export]
    use crate::python::dict_stream::DictStream;
    #[pymodule_export]
    use crate::python::github::{GitHubService, Listing, find_base_url, find_token};
    #[pymodule_export]
    use crate::python::manager::Manager;
    #[pymodule_export]
    use crate::python::mine::{mine, mine_async};
    #[pymodule_export]
    use crate::python::options::{library_options, option_names};
    #[pymodule_export]
    use crate::python::records::RecordStream;
    #[pymodule_export]
    use crate::python::repository::{Failures, Repository};
    #[pymodule_export]
    use crate::python::secrets::{key_of_password, seal, unseal};
    #[pymodule_export]
    use crate::python::verify::{verify, verify_async};
    #[pymodule_export]
    use crate::python::{error_kinds, run_cli};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        let stop = wrap_pyfunction!(crate::python::runtime::stop_all, module)?;
        let atexit = module.py().import("atexit")?;
        atexit.call_method1("register", (stop,))?;
        let os = module.py().import("os")?;
        if os.hasattr("register_at_fork")? {
            let after = wrap_pyfunction!(crate::python::runtime::after_fork, module)?;
            let when = PyDict::new(module.py());
            when.set_item("after_in_child", after)?;
            os.call_method("register_at_fork", (), Some(&when))?;
        }
        Ok(())
    }
}

/// Name and exception class of every error kind, for the tests.
#[pyfunction]
fn error_kinds() -> Vec<(String, &'static str)> {
    crate::ErrorKind::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), error::class_name(*kind)))
        .collect()
}

/// Runs the command line and returns its exit code.
#[pyfunction]
fn run_cli(py: Python<'_>, argv: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| crate::cli::run(argv, crate::cli::Streams::of_process()))
}
