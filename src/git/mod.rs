//! One repository on disk: opening it, reading history, counting lines, blaming. All calls block.
//!
//! Only this folder and `remote` use `gix`, and none of its types are exposed: ids are
//! [`ObjectId`], names and paths are bytes, errors are [`crate::Error`].
//!
//! Rules of this layer:
//!
//! - git is the reference. Each rule of git that affects a result is implemented in one place,
//!   with a comment that names the rule: line counts in `diff::line_counts`, pairing of renames in
//!   `diff::renames`, origins of lines in [`blame`].
//! - Nothing outside the repository is read: no environment, no user or system configuration. No
//!   hook, filter or helper program is run.
//! - A long call checks the token of the repository's context
//!   ([`Repo::with_context`]) at least once per commit or file.

mod alternates;
mod attributes;
pub mod blame;
mod commit;
pub(crate) mod connectivity;
mod date;
pub(crate) mod diff;
mod discover;
mod encoding;
pub(crate) mod files;
pub(crate) mod gix_error;
pub mod history;
pub(crate) mod id;
pub(crate) mod index_file;
mod int_hash;
mod mailmap;
pub(crate) mod objects;
mod open;
mod pathspec;
mod pattern;
pub(crate) mod peel;
mod posix;
mod promised;
mod reflog;
pub(crate) mod refs;
pub(crate) mod repo;
pub(crate) mod revision;
pub(crate) mod special_files;
mod submodules;
mod time;
mod to_git;
mod verify;
mod view;
pub(crate) mod walk;
mod window;
pub(crate) mod worktree;

pub use blame::{BlameOptions, BlameRow, BlameStream, FileBlame};
pub use date::parse_date;
pub use discover::Discover;
pub use encoding::encodings;
pub use history::{
    Change, ChangeKind, Commit, CommitStream, DiffMerges, HistoryOptions, LineCounts, MergeCommits,
    MissingBlobs, Order, Renames, Signature,
};
pub use id::ObjectId;
pub use open::Trust;
pub use pattern::PatternSyntax;
pub use refs::{BrokenRef, Head, Reference};
pub use repo::{CACHE_BYTES, OpenOptions, Repo};
pub use time::Timestamp;
pub use verify::RepoCheck;
