//! What to walk, and how far back.

use super::select::Select;
use super::simplify::Simplify;

/// What to walk.
#[derive(Default)]
pub(crate) struct WalkOptions {
    pub(crate) first_parent: bool,
    /// Children before all their parents, and lines of history not mixed.
    pub(crate) topo_order: bool,
    /// Oldest committer time that is shown and walked through, in seconds since the epoch.
    pub(crate) since: Option<i64>,
    /// Only commits that change these paths.
    pub(crate) paths: Option<Simplify>,
    /// Which of the commits that were found are shown.
    pub(crate) select: Select,
    pub(crate) skip: u64,
    pub(crate) max_count: Option<u64>,
}

/// git's dates have no sign: a committer date before 1970 is one far in the future.
pub(crate) fn is_too_old(seconds: u64, since: Option<i64>) -> bool {
    since.is_some_and(|since| u64::try_from(since).is_ok_and(|since| seconds < since))
}
