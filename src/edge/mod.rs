//! What the command and the Python package share: the environment, credentials, inputs, files that are written.
//!
//! As an edge it may do what the library does not: read the environment, and run the programs that the user named.

pub(crate) mod blocking;
pub(crate) mod credentials;
pub(crate) mod environment;
pub(crate) mod hosted;
pub(crate) mod inputs;
pub(crate) mod network;
pub(crate) mod new_file;
pub(crate) mod variables;
