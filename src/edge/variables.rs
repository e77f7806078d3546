//! Environment variables.

/// The value of a variable, if it is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Variables with a token for github.com, in order of precedence.
pub(crate) const GITHUB_TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];
/// Variables with a token for other hosts of GitHub's API, in order of precedence.
pub(crate) const ENTERPRISE_TOKENS: [&str; 2] = ["GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"];

/// Names of variables that programs get in addition to the usual ones, as the user lists them in
/// `GITFLEET_PASS_ENV`, with commas between them.
pub(crate) fn passed_variables() -> Vec<String> {
    let names = variable("GITFLEET_PASS_ENV").unwrap_or_default();
    let names = names.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}
