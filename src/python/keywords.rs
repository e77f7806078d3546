//! Reads and checks keyword arguments. An error for an unknown argument or a wrong type names the
//! argument.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDateTime, PyDict, PyFloat, PyInt, PyString};

use super::error::to_py;
use crate::choice::Choice;
use crate::edge::environment::{date as date_of, day_or_date};
use crate::edge::inputs::trust;
use crate::error::Error;
use crate::git::Trust;
use crate::git_string::GitString;
use crate::remote_url::address_of;

/// The keyword arguments of one call.
pub(super) struct Keywords<'py> {
    given: Bound<'py, PyDict>,
    known: Vec<&'static str>,
}

impl<'py> Keywords<'py> {
    pub(super) fn new(py: Python<'py>, given: Option<&Bound<'py, PyDict>>) -> Self {
        Self {
            given: given.map_or_else(|| PyDict::new(py), Clone::clone),
            known: Vec::new(),
        }
    }

    /// Reads the argument `name`; `None` if it was not given.
    pub(super) fn take<T: Keyword<'py>>(&mut self, name: &'static str) -> PyResult<Option<T>> {
        self.known.push(name);
        let value = self.given.get_item(name)?;
        value.map(|value| T::read(name, &value)).transpose()
    }

    /// Sets `option` to the argument `name`, if it was given.
    pub(super) fn set<T: Keyword<'py>>(
        &mut self,
        name: &'static str,
        option: &mut T,
    ) -> PyResult<()> {
        if let Some(value) = self.take(name)? {
            *option = value;
        }
        Ok(())
    }

    /// All names that were read, including those of arguments that were not given.
    pub(super) fn names(mut self) -> Vec<&'static str> {
        self.known.sort_unstable();
        self.known
    }

    /// Returns an error if an argument was given but not read, as Python does for unknown
    /// arguments.
    pub(super) fn finish(mut self) -> PyResult<()> {
        self.known.sort_unstable();
        for name in self.given.keys() {
            let name: String = name.extract()?;
            if !self.known.contains(&name.as_str()) {
                let known = self.known.join(", ");
                let message = format!("unexpected keyword argument '{name}'; valid are {known}");
                return Err(PyTypeError::new_err(message));
            }
        }
        Ok(())
    }
}

/// A type that can be read from a keyword argument.
pub(super) trait Keyword<'py>: Sized {
    /// Reads the value of the argument `name`.
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self>;
}

fn wrong_type(name: &str, value: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    match shown(value) {
        Ok(shown) => PyTypeError::new_err(format!("{name} {shown}: must be {expected}")),
        Err(error) => error,
    }
}

/// Returns a wrong value for a message: a number or a constant itself, and the type of any other,
/// which may contain a password or a token.
pub(super) fn shown(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let is_plain = value.is_none()
        || value.is_instance_of::<PyBool>()
        || value.is_instance_of::<PyInt>()
        || value.is_instance_of::<PyFloat>();
    if is_plain {
        return Ok(value.repr()?.to_string());
    }
    Ok(format!("of type {}", value.get_type().name()?))
}

impl<'py, T: Keyword<'py>> Keyword<'py> for Option<T> {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        if value.is_none() {
            return Ok(None);
        }
        T::read(name, value).map(Some)
    }
}

impl<'py> Keyword<'py> for bool {
    /// Reads True and False, and values that are equal to them, such as numpy's.
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        // Comparing an array or pandas' missing value raises an error, because the result is
        // neither true nor false. Such an error counts as "not equal".
        let equals = |flag: bool| value.eq(flag).unwrap_or(false);
        match (equals(true), equals(false)) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(wrong_type(name, value, "True or False")),
        }
    }
}

/// Reads a whole number that is at least `least`. Its type may be `int` or that of a package such
/// as numpy.
fn whole_number(name: &str, value: &Bound<'_, PyAny>, least: u64) -> PyResult<u64> {
    let number = value.extract::<u64>().ok();
    let number = number.filter(|_| !value.is_instance_of::<PyBool>());
    match number {
        Some(number) if number >= least && i64::try_from(number).is_ok() => Ok(number),
        _ => {
            let reason = format!("must be a whole number, {least} or more");
            let what = format!("{name} {}", shown(value)?);
            Err(to_py(&Error::invalid(what, reason)))
        }
    }
}

impl<'py> Keyword<'py> for u64 {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        whole_number(name, value, 0)
    }
}

impl<'py> Keyword<'py> for usize {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = whole_number(name, value, 0)?;
        Ok(Self::try_from(number).unwrap_or(Self::MAX))
    }
}

impl<'py> Keyword<'py> for u32 {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = whole_number(name, value, 0)?;
        Ok(Self::try_from(number).unwrap_or(Self::MAX))
    }
}

impl<'py> Keyword<'py> for NonZeroU32 {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = whole_number(name, value, 1)?;
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Self::new(number).unwrap_or(Self::MIN))
    }
}

/// A number of workers, at least 1.
pub(super) struct Workers(pub(super) usize);

impl<'py> Keyword<'py> for Workers {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = whole_number(name, value, 1)?;
        Ok(Self(usize::try_from(number).unwrap_or(usize::MAX)))
    }
}

impl<'py> Keyword<'py> for String {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        match value.cast::<PyString>() {
            Ok(text) => text.extract(),
            Err(_) => Err(wrong_type(name, value, "text")),
        }
    }
}

/// Reads one or more texts or paths.
fn several<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let wrong = || wrong_type(name, value, "text, a path, or several of them");
    let text = |one: &Bound<'py, PyAny>| -> Option<Bound<'py, PyAny>> {
        if one.is_instance_of::<PyString>() {
            return Some(one.clone());
        }
        let path = one.call_method0("__fspath__").ok()?;
        path.is_instance_of::<PyString>().then_some(path)
    };
    if value.is_none() {
        return Ok(Vec::new());
    }
    if let Some(one) = text(value) {
        return Ok(vec![one]);
    }
    if value.is_instance_of::<PyBytes>() {
        return Err(wrong());
    }
    let all = value.try_iter().map_err(|_| wrong())?;
    all.map(|one| text(&one?).ok_or_else(wrong)).collect()
}

/// Reads addresses or targets. `None` is refused, not read as an empty list.
pub(super) fn inputs(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if value.is_none() {
        return Err(wrong_type(name, value, "text, a path, or several of them"));
    }
    let all = several(name, value)?.into_iter();
    all.map(|one| Ok(address_of(one.extract::<PathBuf>()?.as_os_str())))
        .collect()
}

/// Reads paths. `None` is refused, not read as an empty list.
pub(super) fn paths(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<PathBuf>> {
    if value.is_none() {
        return Err(wrong_type(name, value, "text, a path, or several of them"));
    }
    Keyword::read(name, value)
}

impl<'py> Keyword<'py> for Vec<String> {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        several(name, value)?
            .iter()
            .map(PyAnyMethods::extract)
            .collect()
    }
}

impl<'py> Keyword<'py> for Vec<PathBuf> {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        several(name, value)?
            .iter()
            .map(PyAnyMethods::extract)
            .collect()
    }
}

impl<'py> Keyword<'py> for Vec<GitString> {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let bytes = |one: &Bound<'py, PyAny>| -> PyResult<GitString> {
            Ok(one.extract::<OsString>()?.into_encoded_bytes().into())
        };
        several(name, value)?.iter().map(bytes).collect()
    }
}

impl<'py> Keyword<'py> for PathBuf {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        value
            .extract()
            .map_err(|_| wrong_type(name, value, "a path"))
    }
}

impl<'py> Keyword<'py> for Duration {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let is_text = value.is_instance_of::<PyString>()
            || value.is_instance_of::<PyBytes>()
            || value.is_instance_of::<PyBool>();
        let number = value.extract::<f64>().ok().filter(|_| !is_text);
        let seconds = number.ok_or_else(|| wrong_type(name, value, "a number"))?;
        Self::try_from_secs_f64(seconds).map_err(|_| {
            let reason = "is not a time; give seconds, 0 or more";
            to_py(&Error::invalid(format!("{name} {seconds}"), reason))
        })
    }
}

impl<'py, C: Choice> Keyword<'py> for C {
    /// Reads the name of a value. True and False are accepted if the option has the values `on` and
    /// `off`.
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(flag) = value.cast::<PyBool>() {
            let word = if flag.is_true() { "on" } else { "off" };
            if let Some(choice) = C::ALL.iter().find(|choice| choice.name() == word) {
                return Ok(*choice);
            }
        }
        let text = String::read(name, value)?;
        C::parse(&text).map_err(|error| to_py(&error))
    }
}

impl<'py, C: Choice> Keyword<'py> for Vec<C> {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let names: Vec<String> = Keyword::read(name, value)?;
        let parsed = names.iter().map(|name| C::parse(name));
        parsed
            .map(|choice| choice.map_err(|error| to_py(&error)))
            .collect()
    }
}

impl<'py> Keyword<'py> for Trust {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        bool::read(name, value).map(trust)
    }
}

/// A date, given as text, as a datetime, or as seconds since the Unix epoch.
pub(super) struct Date(pub(super) i64);

impl<'py> Keyword<'py> for Date {
    fn read(_name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        seconds(value, date_of).map(Self)
    }
}

impl Date {
    /// Reads a date that a service's times are compared with.
    pub(super) fn of_service(value: &Bound<'_, PyAny>) -> PyResult<i64> {
        seconds(value, day_or_date)
    }
}

fn seconds(date: &Bound<'_, PyAny>, parse: fn(&str) -> Result<i64, Error>) -> PyResult<i64> {
    if let Ok(text) = date.cast::<PyString>() {
        return parse(&text.to_string_lossy()).map_err(|error| to_py(&error));
    }
    if let Ok(time) = date.cast::<PyDateTime>() {
        let timestamp: f64 = time.call_method0("timestamp")?.extract()?;
        #[expect(clippy::cast_possible_truncation, reason = "the years 1 to 9999 fit")]
        return Ok(timestamp.floor() as i64);
    }
    if let Ok(seconds) = date.extract::<i64>()
        && !date.is_instance_of::<PyBool>()
    {
        return Ok(seconds);
    }
    let seconds = match date.extract::<f64>() {
        Ok(seconds) if !date.is_instance_of::<PyBool>() => seconds,
        _ => {
            let what = format!("date {}", shown(date)?);
            let reason = "must be text, a datetime, or seconds since the epoch";
            return Err(to_py(&Error::invalid(what, reason)));
        }
    };
    if !seconds.is_finite() {
        let error = Error::invalid(format!("date {seconds}"), "is not a point in time");
        return Err(to_py(&error));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    Ok(seconds.floor() as i64)
}
