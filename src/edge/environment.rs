//! Options from the environment, which the library itself does not read.

use std::path::PathBuf;

use super::credentials;
use super::variables::{ENTERPRISE_TOKENS, GITHUB_TOKENS, secret_variables, variable};
use crate::error::Result;
use crate::git::parse_date;
use crate::net::{Net, NetOptions};
use crate::providers::github::{Account, GitHub, GitHubOptions};
use crate::secret::Secret;
use crate::unix_time;

/// Network options from the environment: proxy, certificates, ssh program.
pub(crate) fn net_options() -> NetOptions {
    let mut net = NetOptions::new().ca_bundle(variable("SSL_CERT_FILE").map(PathBuf::from));
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    net.proxy = proxies.into_iter().find_map(variable);
    net.ssh_command = words(&variable("GIT_SSH_COMMAND").unwrap_or_default());
    net.withheld_variables = secret_variables();
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

/// Splits a command line into words. Quotation marks enclose a word, as in a shell.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Parses a date; returns seconds since the Unix epoch. Relative dates count from now.
pub(crate) fn date(text: &str) -> Result<i64> {
    parse_date(text, unix_time::now())
}
