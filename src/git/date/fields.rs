//! The fields of a date, and the local time zone that turns them into seconds.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// The fields of a date that are known so far. Months and weekdays count from 0, days from 1;
/// weekday 0 is Sunday.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) year: Option<i64>,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    pub(super) hour: Option<i64>,
    pub(super) minute: Option<i64>,
    pub(super) second: Option<i64>,
    pub(super) weekday: i64,
    /// True for summer time, false for standard time; `None` for the one of the date.
    pub(super) is_summer: Option<bool>,
}

impl Fields {
    /// Returns the seconds since the Unix epoch, as if the fields were UTC. Days beyond the end of
    /// the month are days of the next. `None` if a field is missing or out of range.
    pub(super) fn seconds_as_utc(&self) -> Option<i64> {
        let month = i8::try_from(self.month? + 1).ok()?;
        let first = civil::Date::new(i16::try_from(self.year?).ok()?, month, 1).ok()?;
        let first = first.to_zoned(TimeZone::UTC).ok()?;
        let days = first.timestamp().as_second() / DAY + self.day? - 1;
        Some(days * DAY + self.hour? * 3600 + self.minute? * 60 + self.second?)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_date_empty() && self.is_time_empty()
    }

    fn is_date_empty(&self) -> bool {
        self.year.is_none() && self.month.is_none() && self.day.is_none()
    }

    fn is_time_empty(&self) -> bool {
        self.hour.is_none() && self.minute.is_none() && self.second.is_none()
    }

    pub(super) fn has_date(&self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    pub(super) fn set_time(&mut self, hour: i64, minute: i64, second: i64) {
        (self.hour, self.minute, self.second) = (Some(hour), Some(minute), Some(second));
    }
}

/// Seconds of a day.
pub(super) const DAY: i64 = 24 * 60 * 60;

/// Distance of two probes, and the greatest one, in seconds, by which the C library finds the last
/// or next summer time.
const PROBE: i64 = 601_200;
const FARTHEST_PROBE: i64 = 536_454_000;

/// The local time zone and the present time.
pub(super) struct Clock {
    zone: TimeZone,
    pub(super) now: i64,
}

impl Clock {
    pub(super) fn new(zone: TimeZone, now: i64) -> Self {
        Self { zone, now }
    }

    /// The local fields of a time; `None` if it is out of range.
    pub(super) fn local(&self, seconds: i64) -> Option<Fields> {
        let time = Timestamp::from_second(seconds).ok()?;
        let is_summer = self.zone.to_offset_info(time).dst().is_dst();
        Some(Fields {
            is_summer: Some(is_summer),
            ..fields(self.zone.to_datetime(time))
        })
    }

    pub(super) fn utc(seconds: i64) -> Option<Fields> {
        let time = Timestamp::from_second(seconds).ok()?;
        Some(fields(TimeZone::UTC.to_datetime(time)))
    }

    /// The time that local fields name, as `mktime` finds it: fields of summer time on a day
    /// without it are taken with the offset of the nearest summer time, and likewise for winter.
    pub(super) fn seconds(&self, fields: &Fields) -> Option<i64> {
        let local = fields.seconds_as_utc()?;
        let date = TimeZone::UTC.to_datetime(Timestamp::from_second(local).ok()?);
        let time = self.zone.to_ambiguous_timestamp(date).compatible().ok()?;
        let time = time.as_second();
        let info = |seconds: i64| {
            let time = Timestamp::from_second(seconds).ok()?;
            let info = self.zone.to_offset_info(time);
            Some((i64::from(info.offset().seconds()), info.dst().is_dst()))
        };
        let Some(is_summer) = fields.is_summer else {
            return Some(time);
        };
        // Local times that a change of the clock skips have no time with their own offset.
        if info(time) == Some((local - time, is_summer)) {
            return Some(time);
        }
        let distances = (1..FARTHEST_PROBE / PROBE).map(|number| number * PROBE);
        let mut near = distances
            .flat_map(|distance| [time - distance, time + distance])
            .filter_map(info);
        let near = near.find(|(_, is)| *is == is_summer);
        Some(near.map_or(time, |(offset, _)| local - offset))
    }
}

fn fields(date: civil::DateTime) -> Fields {
    Fields {
        year: Some(date.year().into()),
        month: Some(i64::from(date.month()) - 1),
        day: Some(date.day().into()),
        hour: Some(date.hour().into()),
        minute: Some(date.minute().into()),
        second: Some(date.second().into()),
        weekday: date.weekday().to_sunday_zero_offset().into(),
        is_summer: None,
    }
}
