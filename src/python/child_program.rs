//! The program of child processes: this Python, which loads the native module alone.

use pyo3::prelude::*;

use crate::edge::child_program;
use crate::fleet::{ChildProgram, serve_child as serve};

/// Loads the native module from its file, and nothing else of the package.
const SCRIPT: &str = "\
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
name, path = 'gitfleet._gitfleet', sys.argv[1]
spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
module = module_from_spec(spec)
spec.loader.exec_module(module)
sys.exit(module.serve_child())
";

/// Makes this Python the program of child processes. A program that embeds Python has no
/// `sys.executable`: the work is then done in its process.
pub(super) fn set(py: Python<'_>) -> PyResult<()> {
    let executable = py.import("sys")?.getattr("executable")?;
    let executable: Option<std::path::PathBuf> = executable.extract()?;
    let module = py.import("gitfleet._gitfleet")?.getattr("__file__")?;
    let module: String = module.extract()?;
    let executable = executable.filter(|path| !path.as_os_str().is_empty());
    // -I and -S: neither the user's nor the directory's files are imported.
    child_program::set(
        executable.map(|path| ChildProgram::new(path, ["-I", "-S", "-c", SCRIPT, module.as_str()])),
    );
    Ok(())
}

/// Work as a child of another process, until that process ends. Returns the exit code.
#[pyfunction]
pub(super) fn serve_child(py: Python<'_>) -> u8 {
    py.detach(|| u8::from(serve().is_err()))
}
