//! One integration binary, so that the library links once.
#![allow(missing_docs)]

mod architecture;
mod blame;
#[cfg(feature = "cli")]
mod cli;
mod clone;
#[cfg(feature = "cli")]
mod faults;
mod history;
mod mine;
mod open;
mod purity;
#[cfg(feature = "cli")]
mod static_binary;
mod support;
mod tables;
