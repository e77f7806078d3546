//! Parsers of named values, sizes and times on the command line.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValue, StringValueParser, TypedValueParser};

use crate::choice::{Choice, unsupported};
use crate::remote_url::address_of;

/// Returns a parser of addresses, which takes paths that are not UTF-8.
pub(super) fn address() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|text| address_of(&text))
}

/// Returns a parser of the names of `C`, which the help text lists.
pub(super) fn choice<C: Choice + Send + Sync>() -> impl TypedValueParser<Value = C> {
    ChoiceParser { accepted: C::ALL }
}

/// Returns a parser of the names of `accepted`, which the help text lists with their other names.
pub(super) fn choice_of<C: Choice + Send + Sync>(
    accepted: &'static [C],
) -> impl TypedValueParser<Value = C> {
    ChoiceParser { accepted }
}

/// Parses names as [`Choice::parse`] does, so that the command reports a wrong name as Python does.
#[derive(Clone)]
struct ChoiceParser<C: 'static> {
    accepted: &'static [C],
}

impl<C: Choice + Send + Sync> TypedValueParser for ChoiceParser<C> {
    type Value = C;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<C, clap::Error> {
        let accepted = self.accepted;
        let parser = StringValueParser::new().try_map(move |name| {
            let known = C::parse(&name).ok().filter(|one| accepted.contains(one));
            known.ok_or_else(|| unsupported(accepted))
        });
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.accepted.iter().map(|value| {
            let shown = PossibleValue::new(value.name()).aliases(value.aliases());
            let also = match value.aliases() {
                [] => String::new(),
                names => format!(" (also {})", names.join(", ")),
            };
            match value.help().trim().trim_end_matches('.') {
                "" => shown,
                help => shown.help(format!("{help}{also}")),
            }
        })))
    }
}

/// Parses a number of repositories that are worked on at once.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "write a whole number, 1 or more".to_owned())
}

/// A duration, given in seconds such as `1.5`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds(pub(super) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds: f64 = text
            .parse()
            .map_err(|_| "write seconds, such as 1.5".to_owned())?;
        let time = Duration::try_from_secs_f64(seconds);
        time.map(Self)
            .map_err(|_| "is not a time; write seconds, 0 or more".to_owned())
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_secs_f64().fmt(f)
    }
}

/// A number of bytes, given in mebibytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mebibytes(pub(super) u64);

impl FromStr for Mebibytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count: u64 = text
            .parse()
            .map_err(|_| "write mebibytes, such as 100".to_owned())?;
        Ok(Self(count.saturating_mul(1 << 20)))
    }
}

impl fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0 >> 20).fmt(f)
    }
}
