//! Timestamps as git stores them.

/// A point in time, with the UTC offset of the clock that recorded it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Timestamp {
    /// Seconds since the Unix epoch, negative before 1970.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i32,
}
