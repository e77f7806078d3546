//! Numbers with `-`, `/`, `.` or `:` between them, such as 2024-05-01, 5/1/24, 1.5.2024 and 12:00:01.

use super::fields::{Clock, DAY, Fields};

/// Reads the number that `text` starts with, and its length; too large ones are the largest.
pub(super) fn number(text: &[u8]) -> (i64, usize) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((0_i64, 0), |(value, len), digit| {
        let value = value.saturating_mul(10);
        (value.saturating_add(i64::from(digit - b'0')), len + 1)
    })
}

/// Reads numbers with signs between them into `fields`, and returns their length; `None` if the
/// text does not start with such a date or time.
pub(super) fn joined(text: &[u8], fields: &mut Fields, clock: &Clock) -> Option<usize> {
    let (first, mut len) = number(text);
    let sign = *text.get(len)?;
    if !matches!(sign, b':' | b'.' | b'/' | b'-') {
        return None;
    }
    let next = |len: &mut usize| {
        let is_there =
            text.get(*len) == Some(&sign) && text.get(*len + 1).is_some_and(u8::is_ascii_digit);
        is_there.then(|| {
            let (value, more) = number(&text[*len + 1..]);
            *len += 1 + more;
            value
        })
    };
    let second = next(&mut len)?;
    let third = next(&mut len);
    if sign == b':' {
        set_time(fields, first, second, third.unwrap_or(0))?;
        // Fractions of a second are dropped.
        if fields.has_date() && text.get(len) == Some(&b'.') {
            let (_, digits) = number(&text[len + 1..]);
            len += if digits > 0 { 1 + digits } else { 0 };
        }
        return Some(len);
    }
    let last = third.unwrap_or(-1);
    let is_set = (first > 70
        && (set_date(fields, first, second, last) || set_date(fields, first, last, second)))
        // Month first, as in the United States, but not with dots.
        || (sign != b'.' && guess_date(fields, third, first, second, clock))
        || guess_date(fields, third, second, first, clock)
        || (sign == b'.' && guess_date(fields, third, first, second, clock));
    is_set.then_some(len)
}

/// Sets the time; `None` if it is out of range. A leap second is not.
pub(super) fn set_time(fields: &mut Fields, hour: i64, minute: i64, second: i64) -> Option<()> {
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    fields.set_time(hour, minute, second);
    Some(())
}

/// Sets the date, and returns true if it is one. Years may have two digits. As in git, the month and
/// the day are set even if the year is out of range.
pub(super) fn set_date(fields: &mut Fields, year: i64, month: i64, day: i64) -> bool {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return false;
    }
    (fields.month, fields.day) = (Some(month - 1), Some(day));
    fields.year = Some(match year {
        1970..2100 => year,
        71..100 => year + 1900,
        0..38 => year + 2000,
        _ => return false,
    });
    true
}

/// Like [`set_date`], for numbers whose order is a guess: a date that is more than ten days in the
/// future is none. Without a year, that of today is checked, and none is set.
fn guess_date(fields: &mut Fields, year: Option<i64>, month: i64, day: i64, clock: &Clock) -> bool {
    let mut changed = fields.clone();
    let this_year = Clock::utc(clock.now).and_then(|fields| fields.year);
    let Some(checked_year) = year.or(this_year) else {
        return false;
    };
    if !set_date(&mut changed, checked_year, month, day) {
        return false;
    }
    let seconds = changed.seconds_as_utc();
    if seconds.is_some_and(|seconds| clock.now + 10 * DAY < seconds) {
        return false;
    }
    if year.is_none() {
        changed.year = fields.year;
    }
    *fields = changed;
    true
}
