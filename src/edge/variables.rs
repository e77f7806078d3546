//! Environment variables.

/// The value of a variable, if it is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Names of variables that hold tokens.
pub(crate) fn secret_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| {
            matches!(name.as_str(), "GITHUB_TOKEN" | "GH_TOKEN")
                || name.starts_with("GITFLEET_TOKEN")
        })
        .collect()
}
