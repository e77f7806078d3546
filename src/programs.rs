//! Programs that GitFleet runs. Every one is named by the user: `ssh`, or the program in its place,
//! `git credential`, `gh`, and a credential command. A repository never names one: its filters,
//! hooks, helpers and drivers are not run.
//!
//! A program gets the variables of [`PASSED`] only, and not the tokens and passwords that may be
//! in others.

use std::process::Command;

/// Variables that a program gets: its user, directories, locale, display and agents.
const PASSED: [&str; 52] = [
    "ALLUSERSPROFILE",
    "APPDATA",
    "COMSPEC",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GH_CONFIG_DIR",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GNUPGHOME",
    "GPG_TTY",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOCALAPPDATA",
    "LOCPATH",
    "LOGNAME",
    "NO_COLOR",
    "PASSWORD_STORE_DIR",
    "PATH",
    "PATHEXT",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "SHELL",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "USERDOMAIN",
    "USERNAME",
    "USERPROFILE",
    "WAYLAND_DISPLAY",
    "WINDIR",
    "XAUTHORITY",
];

/// Beginnings of names of further variables that a program gets.
const PASSED_PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// Returns a command with the variables of [`PASSED`] and those named in `more`.
pub(crate) fn command(program: &str, more: &[String]) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    let passed = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        let upper = if cfg!(windows) {
            name.to_uppercase()
        } else {
            name.clone().into_owned()
        };
        PASSED.contains(&upper.as_str())
            || PASSED_PREFIXES.iter().any(|start| upper.starts_with(start))
            || more.iter().any(|more| *more == name)
    });
    command.envs(passed);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_variables_are_sorted_and_hold_no_secret() {
        assert!(PASSED.is_sorted());
        for name in PASSED {
            for word in ["TOKEN", "PASSWD", "SECRET", "KEY", "CREDENTIAL", "PROXY"] {
                assert!(!name.contains(word), "{name}");
            }
        }
    }
}
