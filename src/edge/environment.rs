//! Options from the environment, which the library itself does not read.

use std::path::PathBuf;

use super::credentials;
use super::variables::{ENTERPRISE_TOKENS, GITHUB_TOKENS, passed_variables, variable};
use crate::error::Result;
use crate::git::parse_date;
use crate::net::{Net, NetOptions};
use crate::providers::github::{Account, GitHub, GitHubOptions};
use crate::secret::Secret;
use crate::unix_time;

/// Network options from the environment: proxies, certificates, ssh program.
pub(crate) fn net_options() -> NetOptions {
    let path = |name: &str| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty());
        path.map(PathBuf::from)
    };
    let mut net = NetOptions::new();
    net.ca_bundle = path("GIT_SSL_CAINFO").or_else(|| path("SSL_CERT_FILE"));
    net.client_cert = path("GIT_SSL_CERT");
    net.client_key = path("GIT_SSL_KEY");
    // As in curl, the first variable that is set counts, even if it is empty. A web server sets
    // HTTP_PROXY from a header of its client's.
    let is_cgi = variable("REQUEST_METHOD").is_some();
    let http: &[&str] = if is_cgi {
        &["http_proxy"]
    } else {
        &["http_proxy", "HTTP_PROXY"]
    };
    // A proxy that is not UTF-8 must not count as none.
    let text = |name: &&str| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
    let first = |names: &[&str]| names.iter().find_map(text);
    let all = first(&["all_proxy", "ALL_PROXY"]);
    net.http_proxy = first(http).or_else(|| all.clone());
    net.https_proxy = first(&["https_proxy", "HTTPS_PROXY"]).or(all);
    net.no_proxy = first(&["no_proxy", "NO_PROXY"]);
    net.ssh_command = match (variable("GIT_SSH_COMMAND"), variable("GIT_SSH")) {
        (Some(command), _) => shell_command(&command),
        (None, Some(program)) => vec![program],
        (None, None) => Vec::new(),
    };
    net.passed_variables = passed_variables();
    net
}

/// The token for github.com from the environment.
pub(crate) fn token_of_environment() -> Option<Secret> {
    let mut names = GITHUB_TOKENS.into_iter();
    names.find_map(variable).map(Secret::new)
}

/// Returns a client for GitHub, or for the GitHub Enterprise server at `api_url`. `token` is the
/// token for github.com; tokens for other hosts are looked up.
pub(crate) fn github(api_url: Option<&str>, token: Option<Secret>) -> Result<GitHub> {
    let mut options = GitHubOptions::new().base_url(api_url_or_default(api_url));
    let token = match token.filter(|_| host_of(options.base_url.as_deref()) == GITHUB) {
        Some(token) => Some(token),
        None => github_token(options.base_url.as_deref())?,
    };
    options.accounts.extend(token.map(Account::Token));
    options.net = Net::new(net_options());
    GitHub::new(options)
}

/// Returns `api_url`, or the URL of GitHub's API from the environment; `None` means github.com's.
pub(crate) fn api_url_or_default(api_url: Option<&str>) -> Option<String> {
    let given = api_url.map(str::to_owned);
    given.or_else(|| variable("GITHUB_API_URL"))
}

const GITHUB: &str = "github.com";

/// The host of the API at `base_url`.
fn host_of(base_url: Option<&str>) -> &str {
    let rest = base_url.and_then(|url| url.split("://").nth(1));
    match rest.and_then(|rest| rest.split('/').next()) {
        None | Some("api.github.com") => GITHUB,
        Some(host) => host,
    }
}

/// A token for the API at `base_url`; the token for github.com is not used for other hosts. The
/// variables are those of GitHub's own command, `gh`.
pub(crate) fn github_token(base_url: Option<&str>) -> Result<Option<Secret>> {
    let host = host_of(base_url);
    let names = if host == GITHUB {
        GITHUB_TOKENS
    } else {
        ENTERPRISE_TOKENS
    };
    if let Some(token) = names.into_iter().find_map(variable) {
        return Ok(Some(Secret::new(token)));
    }
    let found = credentials::ask(None, false).ask(host)?;
    Ok(found.map(|found| found.password))
}

/// Returns the program and the arguments that run a command line as git does: through a shell, which
/// gets further arguments, or directly if it is the path of a program only.
pub(crate) fn shell_command(line: &str) -> Vec<String> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    if !line.contains(|letter: char| "|&;<>()$`\\\"' \t\n*?[#~=%".contains(letter)) {
        return vec![line.to_owned()];
    }
    let script = format!("{line} \"$@\"");
    ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec()
}

/// Parses a date; returns seconds since the Unix epoch. Relative dates count from now.
pub(crate) fn date(text: &str) -> Result<i64> {
    parse_date(text, unix_time::now())
}

/// Parses a date that a service's times are compared with. A day alone is midnight UTC, as it is for
/// these services; git would add the present time of day.
///
/// # Errors
///
/// As [`date`].
pub(crate) fn day_or_date(text: &str) -> Result<i64> {
    let day = text.trim().parse::<jiff::civil::Date>();
    match day.map(|day| day.to_zoned(jiff::tz::TimeZone::UTC)) {
        Ok(Ok(midnight)) if text.trim().len() == "2024-05-01".len() => {
            Ok(midnight.timestamp().as_second())
        }
        _ => date(text),
    }
}
