//! Code shared by the command and the Python package: the environment, credentials, inputs, output
//! files.
//!
//! Unlike the library, this code may read the environment, and run `gh` and the programs that the
//! user named.

pub(crate) mod blocking;
pub(crate) mod credentials;
pub(crate) mod environment;
mod helper_program;
pub(crate) mod hosted;
pub(crate) mod inputs;
pub(crate) mod network;
pub(crate) mod new_file;
pub(crate) mod variables;
