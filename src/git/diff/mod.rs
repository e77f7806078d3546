//! git's comparison rules, one file for each: trees, renames and lines.
//!
//! `tree` finds the paths that differ, `renames` pairs deleted files with added ones, `line_counts`
//! counts lines as `--numstat` does, and `lines` finds the differing lines for blame.

pub(crate) mod attributes;
pub(crate) mod bytes;
pub(crate) mod common_ends;
pub(crate) mod line_counts;
mod line_table;
pub(crate) mod lines;
pub(crate) mod renames;
pub(crate) mod similarity;
pub(crate) mod tree;
pub(crate) mod tree_lookup;
