//! Environment variables.

/// The value of a variable, if it is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Variables with a token for github.com, in order of precedence.
pub(crate) const GITHUB_TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];
/// Variables with a token for other hosts of GitHub's API, in order of precedence.
pub(crate) const ENTERPRISE_TOKENS: [&str; 2] = ["GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"];

/// Names of variables that hold tokens; child processes do not inherit them.
pub(crate) fn secret_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| {
            GITHUB_TOKENS.contains(&name.as_str())
                || ENTERPRISE_TOKENS.contains(&name.as_str())
                || name.starts_with("GITFLEET_TOKEN")
        })
        .collect()
}
