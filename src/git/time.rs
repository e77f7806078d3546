//! Timestamps as git stores them, and dates as users type them.

use crate::error::{Error, Result};

/// A point in time, with the UTC offset of the clock that recorded it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Timestamp {
    /// Seconds since the Unix epoch, negative before 1970.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i32,
}

/// Parses a date as git's `--since` takes it: `2024-05-01`, `2024-05-01 12:00 +0200`, RFC 2822,
/// `@1714557600`, `2 weeks ago`.
///
/// Returns seconds since the Unix epoch. Relative dates count from `now`, in the same unit. A date
/// without a time is midnight UTC.
///
/// # Errors
///
/// [`Error::InvalidInput`] if the text is not a date.
pub fn parse_date(text: &str, now: i64) -> Result<i64> {
    let trimmed = text.trim();
    if let Some(seconds) = trimmed
        .strip_prefix('@')
        .and_then(|digits| digits.parse().ok())
    {
        return Ok(seconds);
    }
    let now = gix::date::Time::new(now, 0).to_zoned().ok();
    gix::date::parse(trimmed, now)
        .map(|time| time.seconds)
        .map_err(|_| {
            Error::invalid(
                format!("date `{text}`"),
                "is not understood; write 2024-05-01, 2024-05-01T12:00:00Z or `2 weeks ago`",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_git_reads_them() {
        for (text, seconds) in [
            ("@86400", 86_400),
            ("1970-01-02", 86_400),
            ("1970-01-02T00:00:00Z", 86_400),
            ("1970-01-02 01:00:00 +0100", 86_400),
            ("1 day ago", 1_000_000 - 86_400),
        ] {
            assert_eq!(parse_date(text, 1_000_000).unwrap(), seconds, "{text}");
        }
        assert!(parse_date("yesteryear", 0).is_err());
    }
}
