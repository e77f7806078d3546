//! ONE repository: opening, reading history, counting lines, blaming, getting a copy. Blocking throughout.
//!
//! This is the only folder that names `gix`, and none of its types leave it: ids are [`ObjectId`], names and paths are
//! bytes, errors are [`crate::Error`].
//!
//! Rules of this layer:
//!
//! - git is the oracle. Each rule of git's that decides a number stands in one place, with a comment that names it:
//!   line counts in `diff::line_counts`, pairing in `diff::renames`, origins of lines in [`blame`].
//! - Nothing outside the repository is read: no environment, no user or system configuration. No hook, filter or helper
//!   program is run.
//! - A long call takes a [`crate::CancelToken`] and looks at it at least once per commit or file.

pub mod blame;
pub mod clone;
mod commit;
mod diff;
mod encoding;
#[cfg(feature = "http")]
mod fetch;
mod files;
#[cfg(feature = "http")]
mod forward;
mod gix_error;
pub mod history;
mod id;
mod int_hash;
mod mailmap;
#[cfg(feature = "http")]
mod missing;
mod needed;
mod objects;
mod origin;
mod packed_refs;
mod pathspec;
mod pattern;
mod ref_update;
mod refs;
#[cfg(feature = "http")]
mod repack;
mod repo;
mod time;
#[cfg(feature = "http")]
mod transport;
#[cfg(feature = "http")]
mod update;
mod walk;
mod window;
mod worktree;

pub use blame::{BlameOptions, BlameRow, BlameStream, FileBlame};
#[cfg(feature = "http")]
pub use clone::remote_head;
pub use clone::{
    CloneOptions, CloneOutcome, Filter, Limits, TagsWanted, UpdateFiles, Worktree, clone_repo,
    remove_leftovers,
};
pub use history::{
    Change, ChangeKind, Commit, CommitStream, HistoryOptions, LineCounts, MergeCommits, Merges,
    MissingBlobs, Order, Renames, Signature,
};
pub use id::ObjectId;
pub use needed::{Needed, fetch_missing};
pub use origin::{CloneOrigin, origin};
pub use pattern::PatternSyntax;
pub use ref_update::{RefChange, RefUpdate, UpdateOutcome, update_repo};
pub use refs::{Head, Reference};
pub use repo::{CACHE_BYTES, Discover, OpenOptions, Repo, Trust};
pub use time::{Timestamp, parse_date};
