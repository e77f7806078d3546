//! Dates in words: `2 weeks ago`, `last monday`, `yesterday noon`, `Jan 1 2024`.
//!
//! Words are read from left to right. A number waits for the unit that follows it; without one it is
//! the day, the month or the year, whichever is free.

use super::fields::{Clock, DAY, Fields};
use super::names::{
    FILLERS, MONTHS, NUMBERS, UNITS, WEEKDAYS, is_word, letters, matched, not_understood, position,
};
use super::numbers::{joined, number};

/// Largest number, and largest length in seconds.
const LARGEST: i64 = i32::MAX as i64;

/// Parses a date in words; an error names a part that would not count.
pub(super) fn parse(text: &[u8], clock: &Clock) -> Result<i64, String> {
    let out_of_range = || "is out of range".to_owned();
    let now = clock.local(clock.now).ok_or_else(out_of_range)?;
    let mut date = WordDate {
        fields: Fields {
            year: None,
            month: None,
            day: None,
            ..now.clone()
        },
        now,
        clock,
        number: None,
        is_yesterday: false,
        is_touched: false,
    };
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b'0'..=b'9' => date.add_number(rest)?,
            b'a'..=b'z' | b'A'..=b'Z' => {
                let len = letters(rest);
                let is_known = date.add_word(rest).ok_or_else(out_of_range)?;
                let word = &rest[..len];
                if !is_known && !FILLERS.iter().any(|filler| is_word(word, filler)) {
                    return Err(not_understood(word));
                }
                len
            }
            _ => 1,
        };
    }
    if !date.is_touched {
        return Err("is empty".to_owned());
    }
    date.place_number()?;
    let seconds = date.go_back(0).ok_or_else(out_of_range)?;
    if seconds < 0 {
        return Err("is before 1970".to_owned());
    }
    Ok(seconds)
}

struct WordDate<'a> {
    fields: Fields,
    now: Fields,
    clock: &'a Clock,
    /// A number whose unit has not been read yet.
    number: Option<i64>,
    /// True if the day is the one before today, unless a day is named later.
    is_yesterday: bool,
    is_touched: bool,
}

impl WordDate<'_> {
    /// Adds the number or the date in numbers that `text` starts with, and returns its length.
    fn add_number(&mut self, text: &[u8]) -> Result<usize, String> {
        self.place_number()?;
        self.is_touched = true;
        if let Some(len) = joined(text, &mut self.fields, self.clock) {
            return Ok(len);
        }
        let (value, len) = number(text);
        // Only small numbers may start with 0, as in `Dec 02`.
        if value > LARGEST || (text[0] == b'0' && len > 2) {
            return Err(not_understood(&text[..len]));
        }
        self.number = Some(value);
        Ok(len)
    }

    /// Adds the word that `text` starts with, and returns true if it is known; `None` if the date
    /// leaves the range of dates.
    fn add_word(&mut self, text: &[u8]) -> Option<bool> {
        let is_known = self.add_month_or_time(text)? || self.add_unit(text)?;
        self.is_touched |= is_known;
        Some(is_known)
    }

    fn add_month_or_time(&mut self, text: &[u8]) -> Option<bool> {
        if let Some(month) = position(text, &MONTHS) {
            self.fields.month = i64::try_from(month).ok();
            return Some(true);
        }
        let is = |name: &str| is_word(text, name);
        if is("yesterday") {
            self.number = None;
            self.set_day(None);
            self.go_back(DAY)?;
        } else if is("noon") || is("midnight") || is("tea") {
            self.place_number().ok()?;
            let hours = [("midnight", 0), ("noon", 12), ("tea", 17)];
            let hour = hours.iter().find(|(name, _)| is(name))?.1;
            self.set_latest(hour);
        } else if is("PM") || is("AM") {
            if let Some(hour) = self.number.take().filter(|hour| *hour != 0) {
                self.fields.set_time(hour, 0, 0);
            }
            let half = if is("PM") { 12 } else { 0 };
            self.fields.hour = Some(self.fields.hour? % 12 + half);
        } else if is("never") {
            self.number = None;
            self.fields = self.clock.local(0)?;
        } else if is("now") {
            self.number = None;
            self.go_back(0)?;
        } else if is("today") {
            let time = |fields: &Fields| (fields.hour, fields.minute, fields.second);
            if time(&self.fields) == time(&self.now) {
                self.set_latest(0);
            }
            self.number = None;
            self.set_day(None);
            self.go_back(0)?;
        } else {
            return Some(false);
        }
        Some(true)
    }

    fn add_unit(&mut self, text: &[u8]) -> Option<bool> {
        let Some(number) = self.number else {
            let number = NUMBERS.iter().zip(1..);
            let mut number = number.filter(|(name, _)| is_word(text, name));
            self.number = match number.next() {
                Some((_, number)) => Some(number),
                None => is_word(text, "last").then_some(1),
            };
            return Some(self.number.is_some());
        };
        let is_unit = |name: &str| matched(text, name) + 1 >= name.len();
        if number == 0 {
            let mut units = UNITS
                .iter()
                .map(|(name, _)| *name)
                .chain(["months", "years"]);
            return Some(units.any(is_unit));
        }
        if let Some((_, seconds)) = UNITS.iter().find(|(name, _)| is_unit(name)) {
            self.go_back(seconds.checked_mul(number)?)?;
        } else if let Some(weekday) = position(text, &WEEKDAYS) {
            let days = self.fields.weekday - i64::try_from(weekday).ok()?;
            let weeks = if days <= 0 { number } else { number - 1 };
            self.go_back((days + 7 * weeks) * DAY)?;
        } else if is_unit("months") {
            self.go_back(0)?;
            let month = self.fields.month? - number;
            self.fields.year = Some(self.fields.year? + month.div_euclid(12));
            self.fields.month = Some(month.rem_euclid(12));
        } else if is_unit("years") {
            self.go_back(0)?;
            self.fields.year = Some(self.fields.year? - number);
        } else {
            return Some(false);
        }
        self.number = None;
        Some(true)
    }

    fn set_day(&mut self, day: Option<i64>) {
        self.fields.day = day;
        self.is_yesterday = false;
    }

    /// Sets the time to the latest such hour until now, unless a day is named.
    fn set_latest(&mut self, hour: i64) {
        if self.fields.day.is_none() && self.fields.hour < Some(hour) {
            self.is_yesterday = true;
        }
        self.fields.set_time(hour, 0, 0);
    }

    /// Stores a number without a unit as the day, the month or the year.
    fn place_number(&mut self) -> Result<(), String> {
        let Some(number) = self.number.take().filter(|number| *number != 0) else {
            return Ok(());
        };
        let fields = &mut self.fields;
        if fields.day.is_none() && number < 32 {
            self.set_day(Some(number));
        } else if fields.month.is_none() && number < 13 {
            fields.month = Some(number - 1);
        } else if fields.year.is_none() {
            fields.year = match number {
                1970..2100 => Some(number),
                70..100 => Some(number + 1900),
                ..38 => Some(number + 2000),
                _ => return Err(not_understood(number.to_string().as_bytes())),
            };
        } else {
            return Err(not_understood(number.to_string().as_bytes()));
        }
        Ok(())
    }

    /// Goes back by `seconds`, after filling the fields that are missing from the present time.
    fn go_back(&mut self, mut seconds: i64) -> Option<i64> {
        if seconds > LARGEST {
            return None; // git computes in 32 bits, and would wrap around
        }
        let (fields, now) = (&mut self.fields, &self.now);
        if fields.day.is_none() {
            if seconds == 0 && self.is_yesterday {
                seconds = DAY;
            }
            fields.day = now.day;
        }
        self.is_yesterday = false;
        fields.month = fields.month.or(now.month);
        if fields.year.is_none() {
            // A month that is still to come is that of last year.
            fields.year = now
                .year
                .map(|year| year - i64::from(fields.month > now.month));
        }
        let time = self.clock.seconds(fields)?.checked_sub(seconds)?;
        *fields = self.clock.local(time)?;
        Some(time)
    }
}
