//! Dates with a day and a time of day, in any order of their parts: ISO 8601, RFC 2822, git's own.

use super::fields::{Clock, Fields};
use super::names::{
    FILLERS, MONTHS, WEEKDAYS, ZONES, is_word, letters, matched, not_understood, position,
};
use super::numbers::{joined, number, set_date, set_time};

/// Least number that stands for seconds since the Unix epoch; smaller ones may be 20240501.
const LEAST_SECONDS: i64 = 100_000_000;

/// Parses an exact date; `None` if the text has no day or no time of day. An error names a part that
/// is not understood.
pub(super) fn parse(text: &[u8], clock: &Clock) -> Result<Option<i64>, String> {
    let mut date = ExactDate {
        fields: Fields::default(),
        offset: None,
        is_seconds: false,
        unknown: None,
    };
    let mut at = 0;
    // Comments in parentheses (RFC 2822) are skipped, unless they are known words such as `(PST)`.
    let mut depth = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b'a'..=b'z' | b'A'..=b'Z' => date.add_word(rest, depth > 0),
            b'0'..=b'9' => date.add_number(rest, clock),
            b'-' | b'+' if rest.get(1).is_some_and(u8::is_ascii_digit) => date.add_offset(rest),
            b'(' | b')' => {
                depth += if byte == b'(' { 1 } else { -1 };
                1
            }
            _ => 1,
        };
    }
    let fields = &date.fields;
    if fields.day.is_none() && fields.month.and(fields.year).and(fields.second).is_some() {
        // git would count back from the first of the month.
        return Err("has no day of the month".to_owned());
    }
    let is_in_range = fields.year.is_some_and(|year| (1970..2100).contains(&year));
    let Some(local) = fields.seconds_as_utc().filter(|_| is_in_range) else {
        return Ok(None);
    };
    if let Some(part) = date.unknown {
        return Err(not_understood(part));
    }
    if date.is_seconds {
        return Ok(Some(local));
    }
    let seconds = match date.offset {
        Some(minutes) => Some(local - minutes * 60),
        None => clock
            .seconds(&date.fields)
            .map(|time| local - (local - time) / 60 * 60),
    };
    Ok(seconds.filter(|seconds| *seconds >= 0))
}

struct ExactDate<'a> {
    fields: Fields,
    /// Minutes east of UTC.
    offset: Option<i64>,
    /// True if the fields come from seconds since the Unix epoch.
    is_seconds: bool,
    /// The first part that is not understood.
    unknown: Option<&'a [u8]>,
}

impl<'a> ExactDate<'a> {
    /// Adds the word that `text` starts with, and returns its length.
    fn add_word(&mut self, text: &'a [u8], is_comment: bool) -> usize {
        let whole = matched_len(text);
        if let Some(month) = position(text, &MONTHS) {
            self.fields.month = i64::try_from(month).ok();
            return whole;
        }
        if position(text, &WEEKDAYS).is_some() {
            return whole;
        }
        let is_zone = |name: &str| matched(text, name) >= 3 || is_word(text, name);
        if let Some((_, hours)) = ZONES.iter().find(|(name, _)| is_zone(name)) {
            self.offset.get_or_insert(hours * 60);
            return whole;
        }
        for (name, hours) in [("PM", 12), ("AM", 0)] {
            if is_word(text, name) {
                // As in git, an hour that is not known yet counts as -1.
                let hour = self.fields.hour.unwrap_or(-1);
                self.fields.hour = Some(hour % 12 + hours).filter(|hour| *hour >= 0);
                return whole;
            }
        }
        let is_time_next = text.get(1).is_some_and(u8::is_ascii_digit);
        if text[0] == b'T' && is_time_next && self.fields.hour.is_none() {
            (self.fields.minute, self.fields.second) = (Some(0), Some(0));
            return 1;
        }
        let len = letters(text);
        if !is_comment && !FILLERS.iter().any(|filler| is_word(&text[..len], filler)) {
            self.unknown.get_or_insert(&text[..len]);
        }
        len
    }

    /// Adds the number that `text` starts with, and returns its length.
    fn add_number(&mut self, text: &[u8], clock: &Clock) -> usize {
        let (value, len) = number(text);
        let fields = &mut self.fields;
        if value >= LEAST_SECONDS
            && fields.is_empty()
            && let Some(found) = Clock::utc(value)
        {
            *fields = found;
            self.is_seconds = true;
            return len;
        }
        if let Some(len) = joined(text, fields, clock) {
            return len;
        }
        let (high, middle, low) = (value / 10_000, value / 100 % 100, value % 100);
        match len {
            8 => {
                set_date(fields, high, middle, low);
                return len;
            }
            6 => {
                let fraction = number(text.get(7..).unwrap_or_default()).1;
                let is_time = set_time(fields, high, middle, low).is_some();
                let has_fraction = is_time && text.get(6) == Some(&b'.') && fraction > 0;
                return len + if has_fraction { 1 + fraction } else { 0 };
            }
            _ => {}
        }
        // The hour, or hour and minute, after a `T`.
        if fields.hour.is_none() && fields.minute == Some(0) && fields.second == Some(0) {
            let (hour, minute) = if len == 4 { (middle, low) } else { (value, 0) };
            if (len == 4 || len == 2) && set_time(fields, hour, minute, 0).is_some() {
                return len;
            }
            (fields.minute, fields.second) = (None, None);
        }
        if len == 4 {
            if value <= 1400 && self.offset.is_none() {
                self.offset = Some(middle * 60 + low);
            } else if value > 1900 && value < 2100 {
                fields.year = Some(value);
            }
        } else if len <= 2 {
            add_short(fields, value, len);
        }
        len
    }

    /// Adds the offset from UTC that `text` starts with, and returns its length.
    fn add_offset(&mut self, text: &[u8]) -> usize {
        let (value, digits) = number(&text[1..]);
        let mut len = 1 + digits;
        let (hours, minutes) = match digits {
            4 => (value / 100, value % 100),
            2 if text.get(3) == Some(&b':') => {
                let (minutes, digits) = number(text.get(4..).unwrap_or_default());
                len += 1 + digits;
                (value, if digits == 2 { minutes } else { 99 })
            }
            2 => (value, 0),
            _ => (value, 99),
        };
        if minutes < 60 && hours < 24 {
            let offset = hours * 60 + minutes;
            self.offset = Some(if text[0] == b'-' { -offset } else { offset });
        }
        len
    }
}

/// Adds a number of one or two digits: the day, then the year, then the month.
fn add_short(fields: &mut Fields, value: i64, len: usize) {
    if (1..32).contains(&value) && fields.day.is_none() {
        fields.day = Some(value);
        return;
    }
    if len == 2 && fields.year.is_none() {
        if value < 10 && fields.day.is_some() {
            fields.year = Some(2000 + value);
            return;
        }
        if value >= 70 {
            fields.year = Some(1900 + value);
            return;
        }
    }
    if (1..13).contains(&value) && fields.month.is_none() {
        fields.month = Some(value - 1);
    }
}

/// The length of the letters and digits that `text` starts with.
fn matched_len(text: &[u8]) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric();
    text.iter().take_while(is_part).count()
}
