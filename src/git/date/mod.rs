//! Dates as git's `--since` reads them.
//!
//! A date is first read as an exact one, with a day and a time of day ([`exact`]), and else as words
//! that move the present time ([`approximate`]). git skips words that it does not know, and so reads
//! `1 fortnight ago` as the first day of the month. A date with such a word is an error here. Every
//! other date has the value that git gives it.

mod approximate;
mod exact;
mod fields;
mod names;
mod numbers;

use jiff::tz::TimeZone;

use self::fields::Clock;
use crate::error::{Error, Result};

/// Parses a date as git's `--since` takes it: `2024-05-01 12:00 +0200`, RFC 2822, `2024-05-01`,
/// `Jan 1 2024`, `2 weeks ago`, `last monday`, `yesterday noon`, `@1714557600`.
///
/// Returns seconds since the Unix epoch. Relative dates count from `now`, in the same unit. As in
/// git, a date without a UTC offset is one of the local time zone, and a date without a time of day
/// has that of `now`.
///
/// # Errors
///
/// [`Error::InvalidInput`] if the text is not a date, or if part of it would not count.
pub fn parse_date(text: &str, now: i64) -> Result<i64> {
    let clock = Clock::new(TimeZone::system(), now);
    parse(text, &clock).map_err(|reason| {
        let expected = "write 2024-05-01, 2024-05-01T12:00:00Z or `2 weeks ago`";
        Error::invalid(format!("date `{text}`"), format!("{reason}; {expected}"))
    })
}

/// Parses a date; an error is the reason why it is none.
fn parse(text: &str, clock: &Clock) -> Result<i64, String> {
    let text = text.trim();
    let digits = text.strip_prefix('@');
    if let Some(seconds) = digits.and_then(|digits| digits.parse().ok()) {
        return Ok(seconds);
    }
    // git computes with such numbers as seconds after the year 9999, or with what is left of them in 32
    // bits.
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit());
    if let Some(large) = numbers.find(|digits| is_too_large(digits)) {
        return Err(format!("has `{large}`, which is too large"));
    }
    let is_time = |digits: &&str| digits.len() >= SHORTEST_TIME;
    if let Some(second) = text
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(is_time)
        .nth(1)
    {
        return Err(format!("has a second time in seconds, `{second}`"));
    }
    match exact::parse(text.as_bytes(), clock)? {
        Some(seconds) => Ok(seconds),
        None => approximate::parse(text.as_bytes(), clock),
    }
}

/// Digits of the shortest number that git takes for seconds since the Unix epoch.
const SHORTEST_TIME: usize = 9;

/// True for digits that stand for more seconds than there are until the year 10000.
fn is_too_large(digits: &str) -> bool {
    !digits.is_empty() && Clock::utc(numbers::number(digits.as_bytes()).0).is_none()
}

#[cfg(test)]
mod tests;
