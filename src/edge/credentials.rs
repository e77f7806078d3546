//! Sources of credentials for hosts that ask for them: the environment, `.netrc`, a program named
//! by the user, git's credential helpers, `gh`.
//!
//! Nothing is looked up for hosts that do not ask. Nothing is written, and the user is not
//! prompted.

use std::path::{Path, PathBuf};

use super::helper_program::{output, quiet};
use super::variables::variable;
use crate::error::{Error, Result};
use crate::net::{CredentialProvider, Credentials};
use crate::regular_file;
use crate::secret::Secret;

/// The user name that is sent with a token.
pub(crate) const TOKEN_USER: &str = "x-access-token";

/// Returns a provider that looks in these places, in this order: `GITFLEET_TOKEN_<HOST>`, `.netrc`,
/// `command`, git's credential helpers if `use_git_helpers`, `gh auth token` for github.com.
pub(crate) fn ask(command: Option<String>, use_git_helpers: bool) -> CredentialProvider {
    CredentialProvider::new(move |host| {
        if let Some(token) = variable(&variable_for(host)) {
            return Ok(Some(of_token(host, token)));
        }
        if let Some(found) = netrc(host) {
            return Ok(Some(found));
        }
        if let Some(command) = &command {
            return from_command(command, host).map(Some);
        }
        if use_git_helpers && let Some(found) = from_git(host) {
            return Ok(Some(found));
        }
        if host == "github.com" {
            return Ok(from_gh().map(|token| of_token(host, token)));
        }
        Ok(None)
    })
}

/// The name of the variable with the token for a host. For `my-git.example.org:8443` it is
/// `GITFLEET_TOKEN_MY__GIT_EXAMPLE_ORG_PORT_8443`. No two hosts share a variable.
fn variable_for(host: &str) -> String {
    let upper = host.to_ascii_uppercase();
    let plain = upper
        .replace('-', "__")
        .replace(':', "_PORT_")
        .replace('.', "_");
    format!("GITFLEET_TOKEN_{plain}")
}

fn of_token(host: &str, token: String) -> Credentials {
    Credentials {
        host: host.to_owned(),
        username: TOKEN_USER.to_owned(),
        password: Secret::new(token),
    }
}

fn netrc(host: &str) -> Option<Credentials> {
    let file = variable("NETRC").map(PathBuf::from).or_else(|| {
        let home = std::env::home_dir()?;
        [".netrc", "_netrc"]
            .iter()
            .map(|name| home.join(name))
            .find(|path| path.exists())
    })?;
    let text = regular_file::read(&file, regular_file::LARGEST).ok()?;
    in_netrc(std::str::from_utf8(&text).ok()?, host)
}

/// The first entry for the host, with or without its port. A `default` entry matches every host.
fn in_netrc(text: &str, host: &str) -> Option<Credentials> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // A macro extends to the next empty line and may contain any words.
    let mut is_macro = false;
    let lines = text.lines().filter(|line| {
        if line.trim_start().starts_with("macdef") {
            is_macro = true;
        } else if line.trim().is_empty() {
            is_macro = false;
        }
        !is_macro
    });
    let mut words = lines
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace);
    let mut is_ours = false;
    let (mut login, mut password) = (None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" => {
                if is_ours && password.is_some() {
                    break;
                }
                let machine = (word == "machine").then(|| words.next()).flatten();
                is_ours = machine.is_none_or(|machine| machine == host || machine == name);
                (login, password) = (None, None);
            }
            "login" => login = words.next().filter(|_| is_ours).or(login),
            "password" => password = words.next().filter(|_| is_ours).or(password),
            "account" => {
                let _ = words.next();
            }
            _ => {}
        }
    }
    Some(Credentials {
        host: host.to_owned(),
        username: login.unwrap_or(TOKEN_USER).to_owned(),
        password: Secret::new(password?),
    })
}

/// Runs a command with the host as its last argument. The command must print a token on one line,
/// or a user name and a password on two lines.
fn from_command(command: &str, host: &str) -> Result<Credentials> {
    let mut words = command.split_whitespace();
    let failed = |what: String| Error::invalid("credential command", what);
    let program = words.next().ok_or_else(|| failed("is empty".to_owned()))?;
    let output = output(quiet(program).args(words).arg(host), "")
        .map_err(|error| failed(format!("`{program}`: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("`{program}` ended with {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [token] => Ok(of_token(host, (*token).to_owned())),
        [username, password] => Ok(Credentials {
            host: host.to_owned(),
            username: (*username).to_owned(),
            password: Secret::new(*password),
        }),
        _ => Err(failed(format!(
            "`{program}` printed {} lines, not one or two",
            lines.len()
        ))),
    }
}

/// Runs `git credential fill`, which may not prompt the user. It reads the configuration of the user
/// and the system, but of no repository: that of the current directory may name any program.
fn from_git(host: &str) -> Option<Credentials> {
    let mut git = quiet("git");
    git.args(["credential", "fill"])
        .env("GIT_DIR", if cfg!(windows) { "nul" } else { "/dev/null" })
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "true")
        .env("SSH_ASKPASS", "true");
    let output = output(&mut git, &format!("protocol=https\nhost={host}\n\n")).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    Some(Credentials {
        host: host.to_owned(),
        username: field("username=").unwrap_or_else(|| TOKEN_USER.to_owned()),
        password: Secret::new(field("password=")?),
    })
}

/// The token that GitHub's own command, `gh`, is logged in with.
fn from_gh() -> Option<String> {
    let is_there = std::env::split_paths(&std::env::var_os("PATH")?)
        .any(|directory: PathBuf| Path::new(&directory).join("gh").exists());
    if !is_there {
        return None;
    }
    let output = output(quiet("gh").args(["auth", "token"]), "").ok()?;
    let token = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netrc_is_read_as_curl_reads_it() {
        let text = "machine a.org login me password one\n\nmacdef init\nmachine b.org password no\n\nmachine b.org:8443\n  login you\n  password t#wo\ndefault password three\n";
        let found = |host: &str| {
            let found = in_netrc(text, host).unwrap();
            (found.username, found.password.expose().to_owned())
        };
        let pair = |user: &str, password: &str| (user.to_owned(), password.to_owned());
        assert_eq!(found("a.org"), pair("me", "one"));
        assert_eq!(found("a.org:444"), pair("me", "one"));
        assert_eq!(found("b.org:8443"), pair("you", "t#wo"));
        assert_eq!(found("b.org"), pair(TOKEN_USER, "three"));
        assert!(in_netrc("machine a.org login me", "a.org").is_none());
    }

    #[test]
    fn token_variables_are_named_after_hosts() {
        assert_eq!(
            variable_for("my-git.example.org:8443"),
            "GITFLEET_TOKEN_MY__GIT_EXAMPLE_ORG_PORT_8443"
        );
    }
}
