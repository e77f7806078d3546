//! The program of child processes: this program itself.

use std::sync::OnceLock;

use crate::fleet::ChildProgram;

/// The hidden command that makes this program a child.
pub(crate) const COMMAND: &str = "serve-child";

static PROGRAM: OnceLock<Option<ChildProgram>> = OnceLock::new();

/// Sets the program, before the first use; `None` means that the work is done in this process.
#[cfg(feature = "python")]
pub(crate) fn set(program: Option<ChildProgram>) {
    let _ = PROGRAM.set(program); // a second import of the module sets the same
}

/// The program; that of the `gitfleet` command unless another was set.
pub(crate) fn get() -> Option<ChildProgram> {
    let program = PROGRAM.get_or_init(|| {
        // The link stays valid if the file is replaced by another version meanwhile.
        let path = if cfg!(target_os = "linux") {
            Ok("/proc/self/exe".into())
        } else {
            std::env::current_exe()
        };
        path.ok().map(|path| ChildProgram::new(path, [COMMAND]))
    });
    program.clone()
}
