//! Services that host repositories.

pub mod github;
