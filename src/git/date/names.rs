//! The words of dates.

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] = [
    "Sundays",
    "Mondays",
    "Tuesdays",
    "Wednesdays",
    "Thursdays",
    "Fridays",
    "Saturdays",
];

pub(super) const NUMBERS: [&str; 10] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];

/// Units of time and their lengths in seconds.
pub(super) const UNITS: [(&str, i64); 5] = [
    ("seconds", 1),
    ("minutes", 60),
    ("hours", 60 * 60),
    ("days", 24 * 60 * 60),
    ("weeks", 7 * 24 * 60 * 60),
];

/// Words that change nothing.
pub(super) const FILLERS: [&str; 12] = [
    "ago", "and", "at", "in", "of", "on", "the", "st", "nd", "rd", "th", "clock",
];

/// The time zones that git knows, in its order, with their offsets in hours east of UTC.
pub(super) const ZONES: [(&str, i64); 44] = [
    ("IDLW", -12),
    ("NT", -11),
    ("CAT", -10),
    ("HST", -10),
    ("HDT", -9),
    ("YST", -9),
    ("YDT", -8),
    ("PST", -8),
    ("PDT", -7),
    ("MST", -7),
    ("MDT", -6),
    ("CST", -6),
    ("CDT", -5),
    ("EST", -5),
    ("EDT", -4),
    ("AST", -3),
    ("ADT", -2),
    ("WAT", -1),
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("WET", 0),
    ("BST", 1),
    ("CET", 1),
    ("MET", 1),
    ("MEWT", 1),
    ("MEST", 2),
    ("CEST", 2),
    ("MESZ", 2),
    ("FWT", 1),
    ("FST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("WAST", 7),
    ("WADT", 8),
    ("CCT", 8),
    ("JST", 9),
    ("EAST", 10),
    ("EADT", 11),
    ("GST", 10),
    ("NZT", 12),
    ("NZST", 12),
    ("NZDT", 13),
    ("IDLE", 12),
];

/// Returns the length of the word of letters and digits that `text` starts with, if `name` starts
/// with that word in any case; else 0.
pub(super) fn matched(text: &[u8], name: &str) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric();
    let len = text.iter().take_while(is_part).count();
    match name.as_bytes().get(..len) {
        Some(start) if start.eq_ignore_ascii_case(&text[..len]) => len,
        _ => 0,
    }
}

/// True if `text` starts with the whole word `name`.
pub(super) fn is_word(text: &[u8], name: &str) -> bool {
    matched(text, name) == name.len()
}

/// The index of the name that `text` abbreviates to three letters or more.
pub(super) fn position(text: &[u8], names: &[&str]) -> Option<usize> {
    names.iter().position(|name| matched(text, name) >= 3)
}

/// The length of the letters that `text` starts with.
pub(super) fn letters(text: &[u8]) -> usize {
    text.iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count()
}

/// The reason why a date with this part is refused.
pub(super) fn not_understood(part: &[u8]) -> String {
    format!("has `{}`, which is not understood", part.escape_ascii())
}
