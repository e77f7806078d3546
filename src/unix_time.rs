//! Seconds since the Unix epoch.

use std::time::{SystemTime, UNIX_EPOCH};

/// The present time in seconds since the Unix epoch; 0 if the clock is set to an earlier time.
pub(crate) fn now() -> i64 {
    seconds(SystemTime::now()).unwrap_or(0)
}

/// `time` in seconds since the Unix epoch; `None` if it is before the epoch.
pub(crate) fn seconds(time: SystemTime) -> Option<i64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
