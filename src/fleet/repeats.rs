//! Inputs that name the same repository, and inputs whose results would share a directory.
//!
//! The first input with a key does the work. A later one that names the same repository gets a copy
//! of its outcome; one that names another repository fails, and it alone.

use std::collections::HashMap;

use super::input::Input;
use super::outcome::{Outcome, Report};
use crate::error::{Error, Result};
use crate::remote_url::RemoteUrl;

/// The inputs that were taken out because they repeat an earlier one.
pub(super) struct Repeats(Vec<Repeat>);

struct Repeat {
    /// Position among all inputs.
    place: usize,
    name: String,
    /// Position of the first input for the same repository, among those that remain.
    first: usize,
}

/// Takes out inputs whose URL names the same repository as an earlier one. An input that would share
/// a directory with another repository is replaced by an error.
pub(super) fn take_out<I>(
    inputs: Vec<Input<I>>,
    url: impl Fn(&I) -> &RemoteUrl,
) -> (Vec<Input<I>>, Repeats) {
    // On some file systems, names that differ only in case share a directory.
    let key = |value: &I| url(value).key().to_string().to_lowercase();
    take_out_by(inputs, key, |known, value| {
        let (known, url) = (url(known), url(value));
        (!is_same(known, url)).then(|| {
            let reason = format!(
                "would share the directory {} with {known}; use another output directory",
                url.key()
            );
            Error::invalid(format!("target {url}"), reason)
        })
    })
}

/// Takes out inputs that have the same key as an earlier one, unless `clash` returns an error for
/// the two, which then replaces the later one.
pub(super) fn take_out_by<I>(
    inputs: Vec<Input<I>>,
    key: impl Fn(&I) -> String,
    clash: impl Fn(&I, &I) -> Option<Error>,
) -> (Vec<Input<I>>, Repeats) {
    let mut remaining: Vec<Input<I>> = Vec::with_capacity(inputs.len());
    let (mut repeats, mut seen) = (Vec::new(), HashMap::<String, usize>::new());
    for (place, mut input) in inputs.into_iter().enumerate() {
        if let Ok(value) = &input.value {
            let first = *seen.entry(key(value)).or_insert(remaining.len());
            if let Some(Ok(known)) = remaining.get(first).map(|first| &first.value) {
                let Some(error) = clash(known, value) else {
                    let name = input.name;
                    repeats.push(Repeat { place, name, first });
                    continue;
                };
                input.value = Err(error);
            }
        }
        remaining.push(input);
    }
    (remaining, Repeats(repeats))
}

impl Repeats {
    /// Adds the outcomes of the inputs that were taken out. `again` makes one from the result of
    /// the first input and a warning that names that input.
    pub(super) fn put_back<T>(
        self,
        report: Report<T>,
        again: impl Fn(&T, String) -> T,
        on_end: impl Fn(usize, &str, &Result<T>),
    ) -> Report<T> {
        let mut repeated = Vec::new();
        for Repeat { place, name, first } in self.0 {
            let first = &report.outcomes[first];
            let input = &first.input;
            let result = match &first.result {
                Ok(result) => Ok(again(
                    result,
                    format!("it is the same repository as {input}"),
                )),
                Err(_) => {
                    let reason = format!("is the same repository as {input}, which failed");
                    Err(Error::invalid(format!("target {name}"), reason))
                }
            };
            on_end(place, &name, &result);
            repeated.push((place, Outcome::new(name, result, 0, 0.0)));
        }
        let mut outcomes = report.outcomes;
        for (place, outcome) in repeated {
            outcomes.insert(place, outcome); // in the order of places
        }
        Report { outcomes }
    }
}

/// True if two URLs with the same key name the same repository.
fn is_same(first: &RemoteUrl, second: &RemoteUrl) -> bool {
    match (first.local_path(), second.local_path()) {
        (Some(first), Some(second)) => {
            let real = |path| std::fs::canonicalize(path).ok();
            first == second || real(first).is_some_and(|first| real(second) == Some(first))
        }
        (None, None) => first.key() == second.key() || first.host() == "github.com",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_done_once_and_clashes_fail_alone() {
        let inputs = [
            "https://h/o/r",
            "https://h/o/r.git",
            "https://h/O/R",
            "https://github.com/o/r",
            "https://github.com/O/R",
            "/absent/b/c",
            "/other/b/c",
            "/absent/b/c",
            "no scheme://",
        ];
        let inputs: Vec<Input<RemoteUrl>> = inputs.iter().map(Input::from).collect();
        let (remaining, repeats) = take_out(inputs, |url| url);
        let valid: Vec<bool> = remaining.iter().map(|input| input.value.is_ok()).collect();
        assert_eq!(valid, [true, false, true, true, false, false]);
        let report = Report {
            outcomes: remaining
                .into_iter()
                .map(|input| {
                    Outcome::new(input.name.clone(), input.value.map(|_| input.name), 1, 0.0)
                })
                .collect(),
        };
        let report = repeats.put_back(report, |first, _| format!("again {first}"), |_, _, _| {});
        let found: Vec<Option<&str>> = report
            .outcomes
            .iter()
            .map(|outcome| outcome.result.as_deref().ok())
            .collect();
        assert_eq!(
            found,
            [
                Some("https://h/o/r"),
                Some("again https://h/o/r"),
                None,
                Some("https://github.com/o/r"),
                Some("again https://github.com/o/r"),
                Some("/absent/b/c"),
                None,
                Some("again /absent/b/c"),
                None,
            ]
        );
    }
}
