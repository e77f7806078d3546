//! Dates beside git, at fixed times in zones with and without summer time.

use std::process::Command;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::fields::Clock;
use super::parse;

const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "America/St_Johns"];
/// In July and in November, at different hours, and on the last day of a month.
const NOWS: [i64; 3] = [1_720_000_000, 1_704_000_000, 1_717_200_001];

/// The seconds that git reads, at `now` in `zone`.
fn gits(texts: &[String], now: i64, zone: &str) -> Vec<i64> {
    let output = Command::new("git")
        .arg("rev-parse")
        .args(texts.iter().map(|text| format!("--since={text}")))
        .env("GIT_TEST_DATE_NOW", now.to_string())
        .env("TZ", zone)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let seconds = text
        .lines()
        .map(|line| line.strip_prefix("--max-age=").unwrap());
    // git prints times before 1970 as unsigned numbers.
    seconds
        .map(|seconds| seconds.parse::<u64>().unwrap().cast_signed())
        .collect()
}

fn ours(text: &str, now: i64, zone: &str) -> Result<i64, String> {
    parse(text, &Clock::new(TimeZone::get(zone).unwrap(), now))
}

/// Compares all texts that are not refused at these times, and returns their number.
fn compare(texts: &[String], nows: &[i64]) -> usize {
    let mut accepted = 0;
    let cases = ZONES
        .iter()
        .flat_map(|zone| nows.iter().map(move |now| (zone, *now)));
    for (zone, now) in cases {
        let gits = gits(texts, now, zone);
        assert_eq!(gits.len(), texts.len());
        for (text, git) in texts.iter().zip(gits) {
            if let Ok(seconds) = ours(text, now, zone) {
                accepted += 1;
                assert_eq!(seconds, git, "`{text}` at {now} in {zone}");
            }
        }
    }
    accepted / ZONES.len() / nows.len()
}

#[test]
fn dates_are_those_of_git() {
    let texts = "now;yesterday;midnight;noon;tea;never;\
        yesterday 12:00;3pm;3am;12am;12pm;\
        last monday;last sunday;2 mondays ago;three fridays ago;last week;last month;last year;\
        1 day ago;2 days ago;1.day;3.weeks.2.days.ago;2 weeks ago;90 minutes;1 second ago;\
        6 months ago;1 month ago;13 months;2 years ago;1 year 2 months ago;ten days ago;\
        Jan 1 2024;1 Jan 2024;January 1st;1 Jan;Dec 25;Jun 31;Feb 30 2023;dec 6, 1992;may 5;\
        2024/01/01;2024-05-01;5/1/2024;1/5/24;31/12/2023;1.5.2024;31.12.23;2024.05.01;12/31;5-1;\
        2024-05-01 12:00;2024-05-01 12:00:30;2024-05-01T12:00:00Z;2024-05-01T12:00:00+02:00;\
        2024-05-01T12:00:00.250Z;20240501T120000Z;20240501T12;20240501T1230;20240501 123000;\
        20240501T120000.5+0530;2024-05-01 12:00 CEST;2024-05-01 12:00 PST;12:00 May 1 2024;\
        Wed, 01 May 2024 12:00:00 +0200;Wed May 1 12:00:00 2024 -0330;May 1 2024 5:30 PM;\
        Wed May 01 2024 12:00:00 GMT+0200 (Central European Summer Time);2024-03-31 02:30;\
        2024-07-01 00:00;2024-12-24 24:00;1714557600;1714557600 +0200;\
        12:00;12:00:01;23:59 yesterday;00:00;70-01-02 00:00;99-12-31 10:00;24-02-29 10:00";
    let texts: Vec<String> = texts
        .split(';')
        .map(|text| text.trim().to_owned())
        .collect();
    for text in &texts {
        assert!(
            ours(text, NOWS[0], "UTC").is_ok(),
            "{text}: {:?}",
            ours(text, NOWS[0], "UTC")
        );
    }
    assert_eq!(compare(&texts, &NOWS), texts.len());
}

/// git drops the part that it does not understand from each of these.
#[test]
fn dates_that_git_half_reads_are_refused() {
    for (text, part) in [
        ("1 fortnight ago", "fortnight"),
        ("1 quarter ago", "quarter"),
        ("2 decades ago", "decades"),
        ("yesteryear", "yesteryear"),
        ("monday", "monday"),
        ("next monday", "next"),
        ("a week ago", "a"),
        ("yesterday noon UTC", "UTC"),
        ("letzten Montag", "letzten"),
        ("2100-01-01", "2100"),
        ("Jan 1 99999", "99999"),
        ("1700000000-03:30 1.2.231700000000, ", "231700000000"),
        ("2024-05-01 12:00 Uhr", "Uhr"),
    ] {
        let error = ours(text, NOWS[0], "UTC").unwrap_err();
        assert!(error.contains(&format!("`{part}`")), "{text}: {error}");
    }
    for text in ["", "  ", "-", "ago", "@", "\u{661}"] {
        assert!(ours(text, NOWS[0], "UTC").is_err(), "{text}");
    }
}

/// The rules of git 2.55: before, it dropped `today`, and took `noon yesterday` for a day earlier in
/// the morning.
#[test]
fn times_of_day_stay_on_the_day_that_is_named() {
    let midnight = 1_719_964_800; // of today; now is 08:26:40
    for (text, hours) in [
        ("today", 0),
        ("today 5pm", 17),
        ("noon today", 12),
        ("noon yesterday", -12),
        ("yesterday noon", -12),
        ("tea 2 days ago", -31),
        ("last monday midnight", -48),
        ("noon", -12),
        ("2 Jul noon", -12),
    ] {
        let expected = midnight + hours * 3600;
        assert_eq!(ours(text, NOWS[0], "UTC"), Ok(expected), "{text}");
    }
}

#[test]
fn seconds_are_any_number_after_an_at_sign() {
    for seconds in [-5, 0, 86_400, 1_714_557_600, 99_999_999_999] {
        assert_eq!(ours(&format!("@{seconds}"), NOWS[0], "UTC"), Ok(seconds));
    }
}

/// Words and numbers of dates in any order.
fn any_date() -> impl Strategy<Value = String> {
    let parts = "now pm am last one ten monday fri january jul \
        dec days weeks hour months year ago 1 2 12 31 0 05 07 2023 1999 1400 2024-02-30 3/4/2023 \
        1.2.23 10:30 23:59:60 T12 20231231 235959 1700000000 20231700000000 +0100 -03:30 Z EST 7 40 1:2";
    let parts: Vec<&str> = parts.split_whitespace().collect();
    let part = (
        prop::sample::select(parts),
        prop::sample::select(vec![" ", ".", "", ", "]),
    );
    prop::collection::vec(part, 1..6).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(part, gap)| [part, gap])
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(8)
    })]

    #[test]
    fn dates_of_random_parts_are_those_of_git_or_refused(
        texts in prop::collection::vec(any_date(), 200)
    ) {
        // git takes the present time for some of these, whatever it is told.
        prop_assert!(compare(&texts, &[crate::unix_time::now()]) > 20);
    }
}
