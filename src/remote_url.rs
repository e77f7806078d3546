//! Addresses of repositories: parsed once, printed without credentials.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::repo_key::RepoKey;
use crate::secret::Secret;

/// The protocol of an address.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Scheme {
    /// `https://`
    Https,
    /// `http://`
    Http,
    /// `ssh://`, or scp's `user@host:path`
    Ssh,
    /// `git://`
    Git,
    /// `file://`, or a path
    File,
}

/// The address of one repository.
///
/// A user name and password in the address are split off at parsing: `Display` and `Debug` never
/// show them, and they are not part of [`RemoteUrl::as_str`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemoteUrl {
    scheme: Scheme,
    text: String,
    host: String,
    path: String,
    /// The path on this machine.
    local: Option<PathBuf>,
    username: Option<String>,
    password: Option<Secret>,
}

/// Parsing.
impl RemoteUrl {
    /// Parses the forms that git accepts: `https`, `http`, `ssh`, `git` and `file` URLs,
    /// `user@host:path`, and paths.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for an empty address, for one with control characters, for one that
    /// looks like an option, and for a URL without a host or path. [`Error::Unsupported`] for other
    /// schemes (`ftp`, `ext::` ...).
    pub fn parse(address: &str) -> Result<Self> {
        // The address may contain a password at an unknown place, so errors show nothing but the
        // scheme before an `@`.
        let shown = without_user_info(address);
        let refuse = |reason: &str| Error::invalid(format!("repository address `{shown}`"), reason);
        if address.is_empty() {
            return Err(refuse("is empty"));
        }
        if address.chars().any(char::is_control) {
            return Err(Error::invalid(
                "repository address",
                "contains a control character",
            ));
        }
        if address.starts_with('-') {
            return Err(refuse(
                "looks like an option; write ./ before a path that starts with a dash",
            ));
        }
        let first = address.split('/').next().unwrap_or_default();
        if first.contains("::") && !first.contains('[') {
            return Err(Error::unsupported(format!("remote helpers (`{shown}`)")));
        }
        if let Some((scheme, rest)) = address.split_once("://") {
            return Self::parse_url(address, &scheme.to_ascii_lowercase(), rest, &refuse);
        }
        if let Some((user, host, path)) = scp_like(address) {
            if path.contains('@') {
                return Err(refuse("looks like a URL without its `https://`"));
            }
            // Brackets around a host with a port belong to this form only.
            let bare = host.trim_matches(['[', ']']);
            let has_port = bare
                .split_once(':')
                .is_some_and(|(_, port)| !port.contains(':'));
            let name = if has_port { bare } else { host };
            if bare.is_empty() || bare.starts_with('-') || path.starts_with('-') {
                return Err(refuse("has no usable host or path"));
            }
            return Ok(Self {
                scheme: Scheme::Ssh,
                text: format!("{host}:{path}"),
                host: name.to_owned(),
                path: path.to_owned(),
                local: None,
                username: user.map(str::to_owned),
                password: None,
            });
        }
        if is_mistyped(address) && !Path::new(address).exists() {
            return Err(refuse(
                "is neither a path that exists nor a URL, as https://host/path",
            ));
        }
        Ok(Self::local(address, PathBuf::from(address)))
    }

    fn parse_url(
        address: &str,
        scheme: &str,
        rest: &str,
        refuse: &dyn Fn(&str) -> Error,
    ) -> Result<Self> {
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "ssh" | "git+ssh" | "ssh+git" => Scheme::Ssh,
            "git" => Scheme::Git,
            "file" => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err(refuse("a file URL needs an absolute path: file:///path"));
                }
                return Ok(Self::local(address, path_of(decoded_bytes(path))));
            }
            other => {
                return Err(Error::unsupported(format!(
                    "scheme `{other}`; use https, http, ssh, git or a path"
                )));
            }
        };
        let mut url = url::Url::parse(address).map_err(|error| refuse(&error.to_string()))?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), _) if host.is_empty() || host.starts_with('-') => {
                return Err(refuse("has no usable host"));
            }
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(refuse("has no host")),
        };
        let username = (!url.username().is_empty()).then(|| percent_decoded(url.username()));
        let password = url
            .password()
            .map(|password| Secret::new(percent_decoded(password)));
        // These calls fail only for URLs without a host, and those were refused above.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let has_query = |path: &str| path.contains(['?', '#', ';']);
        if url.query().is_some()
            || url.fragment().is_some()
            || has_query(&percent_decoded(url.path()))
        {
            return Err(refuse(
                "has a query or a fragment; credentials belong before the host, as user:password@",
            ));
        }
        let path = percent_decoded(url.path());
        if path
            .find(':')
            .zip(path.rfind('@'))
            .is_some_and(|(colon, at)| colon < at)
        {
            return Err(refuse(
                "has credentials in its path; they belong before the host",
            ));
        }
        if path.trim_matches('/').is_empty() {
            return Err(refuse("names a host but no repository"));
        }
        Ok(Self {
            scheme,
            text: url.to_string(),
            host,
            path,
            local: None,
            username,
            password,
        })
    }

    /// An address of a path on this machine. Its text is the path, if that is UTF-8.
    fn local(address: &str, path: PathBuf) -> Self {
        let text = path.to_str().unwrap_or(address).to_owned();
        Self {
            scheme: Scheme::File,
            host: String::new(),
            path: text.clone(),
            text,
            local: Some(path),
            username: None,
            password: None,
        }
    }
}

/// Accessors.
impl RemoteUrl {
    /// The protocol of the address.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The address without user name and password.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address for later access to the repository: the same as [`RemoteUrl::as_str`], except
    /// that an ssh address keeps its user name, which is not a secret in ssh.
    pub fn address(&self) -> String {
        match (self.scheme, &self.username) {
            (Scheme::Ssh, Some(user)) => match self.text.split_once("://") {
                Some((scheme, rest)) => format!("{scheme}://{user}@{rest}"),
                None => format!("{user}@{}", self.text),
            },
            _ => self.text.clone(),
        }
    }

    /// Host, with its port if one is given; empty for a path.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path on the host, decoded: absolute, or relative to a home directory (`host:path`,
    /// `ssh://host/~user/path`).
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host without its port, and the port if one is given.
    pub fn host_and_port(&self) -> (&str, Option<u16>) {
        let port = |(host, port): (&'_ str, &str)| Some((host.len(), port.parse().ok()?));
        match self.host.rsplit_once(':').and_then(port) {
            Some((len, port)) => (&self.host[..len], Some(port)),
            None => (&self.host, None),
        }
    }

    /// The user name in the address, if any.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// The password in the address, if any.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// The directory, if this is a path or a `file` URL.
    pub fn local_path(&self) -> Option<&Path> {
        self.local.as_deref()
    }

    /// The directory of this repository below a root: `<host>/<owner>/<name>`, always three names.
    ///
    /// A final `.git` is removed from the name. An owner of several parts (GitLab's groups) becomes
    /// one directory: `a%2Fb`. Bytes that some file systems refuse are percent-encoded, not
    /// replaced. A local repository has the host `local`, and the name of its parent directory as
    /// owner. The scheme, the user and a final `.git` are not part of the key.
    pub fn key(&self) -> RepoKey {
        if let Some(path) = self.local_path() {
            return RepoKey::of_path(path);
        }
        let path = self.path.trim_matches('/');
        // A `.git` directory gets the name of its working tree.
        let path = path.strip_suffix("/.git").unwrap_or(path);
        let (owner, name) = path.rsplit_once('/').unwrap_or(("_", path));
        RepoKey::new(self.host.as_bytes(), owner.as_bytes(), name.as_bytes())
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Splits `user@host:path`, as scp accepts it: with a colon before any slash, and not a Windows drive.
/// Brackets enclose an IPv6 address, or a host with a port.
fn scp_like(address: &str) -> Option<(Option<&str>, &str, &str)> {
    let before = address.split([':', '/', '[']).next().unwrap_or_default();
    let (user, rest) = match before.strip_suffix('@') {
        Some(user) => (Some(user), &address[before.len()..]),
        None => (None, address),
    };
    if rest.starts_with('[') {
        let (host, path) = rest.split_at(rest.find(']')? + 1);
        let path = path.strip_prefix(':').filter(|path| !path.is_empty())?;
        return Some((user, host, path));
    }
    let (host, path) = address.split_once(':')?;
    let is_letter = host.len() == 1 && host.chars().all(|letter| letter.is_ascii_alphabetic());
    let is_drive = is_letter && cfg!(windows);
    if host.contains('/') || is_drive || path.is_empty() {
        return None;
    }
    Some(match host.rsplit_once('@') {
        Some((user, host)) => (Some(user), host, path),
        None => (None, host, path),
    })
}

/// Returns true if an address that is taken for a path looks like a URL with a typing error. It may
/// contain a password, and a path would be shown.
fn is_mistyped(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    // The name of a user, or a token, before a host: `token@host/path`.
    let first = address.split('/').next().unwrap_or_default();
    let has_user = first.contains('@') && first.len() < address.len() && !first.starts_with('@');
    let mut schemes = ["https", "http", "ssh", "git", "ftp"].into_iter();
    let is_scheme = schemes.any(|scheme| {
        let rest = lower.strip_prefix(scheme);
        rest.is_some_and(|rest| rest.starts_with("//") || rest.starts_with(":/"))
    });
    let has_password = address
        .find(':')
        .zip(address.rfind('@'))
        .is_some_and(|(colon, at)| colon < at);
    is_scheme || has_user || has_password
}

/// The address for an error message. The text between the scheme and the last `@`, and the text
/// after a `?`, a `#` or a `;`, is left out, because it may be a password.
pub(crate) fn without_user_info(address: &str) -> String {
    // An encoded letter separates a secret as well as a plain one.
    let mut address = address.to_owned();
    for (code, letter) in [
        ("%40", "@"),
        ("%3f", "?"),
        ("%3F", "?"),
        ("%23", "#"),
        ("%3b", ";"),
        ("%3B", ";"),
    ] {
        address = address.replace(code, letter);
    }
    let address = address.as_str();
    let shown = match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}{}", &address[..scheme + 3], &address[at + 1..])
        }
        (_, Some(at)) => format!("***{}", &address[at..]),
        _ => address.to_owned(),
    };
    let (shown, query) = match shown.find(['?', '#', ';']) {
        Some(at) => (&shown[..at], format!("{}...", &shown[at..=at])),
        None => (shown.as_str(), String::new()),
    };
    let shown: String = shown
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    shown + &query
}

/// Returns the address of a path, or of anything else that is written where one is expected. A path
/// that is not UTF-8 becomes a `file` URL.
pub(crate) fn address_of(text: &std::ffi::OsStr) -> String {
    use fmt::Write;
    if let Some(text) = text.to_str() {
        return text.to_owned();
    }
    let path = std::path::absolute(text).unwrap_or_else(|_| text.into());
    let mut address = "file://".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}"); // cannot fail in memory
        }
    }
    address
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn percent_decoded(text: &str) -> String {
    String::from_utf8(decoded_bytes(text)).unwrap_or_else(|_| text.to_owned())
}

fn decoded_bytes(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_has_three_safe_names() {
        for (address, key) in [
            (
                "https://github.com/rust-lang/rust.git",
                "github.com/rust-lang/rust",
            ),
            (
                "https://user:pw@github.com/rust-lang/rust",
                "github.com/rust-lang/rust",
            ),
            ("https://gitlab.com/a/b/c.git", "gitlab.com/a%2Fb/c"),
            ("https://localhost:8443/x.git", "localhost%3A8443/_/x"),
            ("git@github.com:o/r.git", "github.com/o/r"),
            ("git@[::1]:o/r", "%5B%3A%3A1%5D/o/r"),
            ("[::1]:/o/r", "%5B%3A%3A1%5D/o/r"),
            ("me@[host:22]:o/r", "host%3A22/o/r"),
            ("host:o/[r]", "host/o/%5Br%5D"),
            ("/srv/git/x.git", "local/git/x"),
            ("/srv/git/work/.git", "local/git/work"),
            ("https://h/o/work/.git/", "h/o/work"),
            ("/srv/git/../x/y", "local/x/y"),
            ("file:///srv/a%20b/c", "local/a%20b/c"),
            ("https://h/../../etc/.hidden", "h/etc/%2Ehidden"),
        ] {
            assert_eq!(
                RemoteUrl::parse(address).unwrap().key().to_string(),
                key,
                "{address}"
            );
        }
    }

    #[test]
    fn short_ssh_addresses_have_brackets() {
        for (address, user, host, port, path) in [
            ("git@[::1]:o/r", Some("git"), "[::1]", None, "o/r"),
            ("[fe80::2]:/r", None, "[fe80::2]", None, "/r"),
            ("[host:2222]:r", None, "host", Some(2222), "r"),
            ("me@host:a:b", Some("me"), "host", None, "a:b"),
        ] {
            let url = RemoteUrl::parse(address).unwrap();
            assert_eq!(url.scheme(), Scheme::Ssh, "{address}");
            assert_eq!(url.host_and_port(), (host, port), "{address}");
            assert_eq!((url.username(), url.path()), (user, path), "{address}");
            assert_eq!(RemoteUrl::parse(&url.address()).unwrap(), url, "{address}");
        }
    }

    #[test]
    fn credentials_are_split_off_and_never_shown() {
        let url = RemoteUrl::parse("https://me:s3cr%40t@example.org/o/r").unwrap();
        assert_eq!(url.username(), Some("me"));
        assert_eq!(url.password(), Some(&Secret::new("s3cr@t")));
        assert_eq!(url.as_str(), "https://example.org/o/r");
        assert!(!format!("{url} {url:?}").contains("s3cr"));
        let error = RemoteUrl::parse("https://me:s3cret@/o").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        for mistyped in [
            "me:s3cret@h/o/r",
            "https:/me:s3cret@h/o",
            "HTTPS:me:s3cret@h/x",
            "https::me:s3cret@h/x",
            "ftp://me:s3cret@h/x",
            "https://h/o/r?token=s3cret",
            "https://h/o/r#s3cret",
            "https://h/o/r#x?s3cret",
            "https//me:s3cret@h/o",
            "https/me:s3cret@h/o",
            "http//s3cret@h/o",
            "ssh//me:s3cret@h/o",
            "./me:s3cret@h/o",
            "https://me:s3cret?q@h:1/a",
            "https://me:s3cret#q@h:1/a",
            "https://h/me:s3cret@h2/b",
        ] {
            let error = RemoteUrl::parse(mistyped).unwrap_err();
            assert!(
                !format!("{error} {error:?} {}", without_user_info(mistyped)).contains("s3cret"),
                "{error}"
            );
        }
    }

    #[test]
    fn url_with_danger_or_unknown_scheme_is_refused() {
        for address in [
            "",
            "-oProxyCommand=x",
            "ext::sh -c x",
            "ftp://h/x",
            "https://h",
            "https:///x",
            "a\nb",
            "file://rel",
        ] {
            assert!(
                RemoteUrl::parse(address).is_err(),
                "{address:?} was accepted"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn url_survives_a_round_trip(host in "[a-z]{1,8}", owner in "[a-zA-Z0-9._-]{1,8}", name in "[a-z]{1,8}") {
            let url = RemoteUrl::parse(&format!("https://{host}/x{owner}/{name}")).unwrap();
            proptest::prop_assert_eq!(RemoteUrl::parse(url.as_str()).unwrap(), url);
        }

        #[test]
        fn parse_never_panics(text in ".{0,40}") {
            let _ = RemoteUrl::parse(&text).map(|url| url.key());
        }
    }
}
