//! Options of a walk.

use super::select::Select;
use super::simplify::Simplify;

/// Options of a walk.
#[derive(Default)]
pub(crate) struct WalkOptions {
    pub(crate) first_parent: bool,
    /// Show children before all their parents, and do not mix lines of history.
    pub(crate) topo_order: bool,
    /// Oldest committer time of the commits that are shown or followed, in seconds since the Unix
    /// epoch.
    pub(crate) since: Option<i64>,
    /// Only commits that change these paths.
    pub(crate) paths: Option<Simplify>,
    /// The filter for the commits to show.
    pub(crate) select: Select,
    pub(crate) skip: u64,
    pub(crate) max_count: Option<u64>,
}

/// Returns true if a commit is older than `since`. git's dates are unsigned: a committer date
/// before 1970 counts as far in the future.
pub(crate) fn is_too_old(seconds: u64, since: Option<i64>) -> bool {
    since.is_some_and(|since| u64::try_from(since).is_ok_and(|since| seconds < since))
}
