//! The proxy of each request: one for each scheme, and the hosts that are reached without one, as
//! curl and git choose them.

use std::net::IpAddr;

use reqwest::Url;

use super::options::NetOptions;
use crate::error::{Error, Result};

/// Schemes of the addresses of proxies.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxies that the options name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    direct: Vec<Pattern>,
}

impl Proxies {
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the address of a proxy cannot be parsed.
    pub(super) fn new(options: &NetOptions) -> Result<Self> {
        let for_scheme = |own: &Option<String>| {
            let address = options.proxy.as_deref().or(own.as_deref());
            let address = address.filter(|address| !address.is_empty());
            address.map(parsed).transpose()
        };
        Ok(Self {
            http: for_scheme(&options.http_proxy)?,
            https: for_scheme(&options.https_proxy)?,
            direct: patterns(options.no_proxy.as_deref().unwrap_or_default()),
        })
    }

    /// Returns the proxy for requests to `url`; `None` means directly.
    pub(crate) fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref()?,
            _ => self.http.as_ref()?,
        };
        let host = url.host_str().unwrap_or_default();
        let host = host
            .trim_matches(['[', ']'])
            .trim_end_matches('.')
            .to_lowercase();
        let port = url.port_or_known_default();
        let is_direct = |pattern: &Pattern| pattern.matches(&host, port);
        (!self.direct.iter().any(is_direct)).then_some(proxy)
    }
}

/// Returns the address of a proxy without its credentials, for messages.
pub(crate) fn shown(proxy: &Url) -> String {
    let host = proxy.host_str().unwrap_or_default();
    let port = proxy.port().map(|port| format!(":{port}"));
    format!("{}://{host}{}", proxy.scheme(), port.unwrap_or_default())
}

/// Parses the address of a proxy. Without a scheme, it is an http proxy.
fn parsed(address: &str) -> Result<Url> {
    let invalid = || {
        Error::invalid(
            "proxy",
            "is not a valid address; write http://host:port or socks5://host:port",
        )
    };
    let url = if address.contains("://") {
        Url::parse(address)
    } else {
        Url::parse(&format!("http://{address}"))
    };
    let url = url.map_err(|_| invalid())?;
    if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid());
    }
    Ok(url)
}

/// Hosts that are reached directly.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Pattern {
    All,
    /// A host and the hosts below it, at one port or at all.
    Name(String, Option<u16>),
    /// A network: an address and its prefix length, in bits.
    Network(IpAddr, u32, Option<u16>),
}

impl Pattern {
    fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let has_port = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        match self {
            Self::All => true,
            Self::Name(name, wanted) => {
                let below = host.strip_suffix(name.as_str());
                let is_below = below.is_some_and(|start| start.is_empty() || start.ends_with('.'));
                is_below && has_port(wanted)
            }
            Self::Network(network, bits, wanted) => {
                let address = host.parse().ok();
                let is_in = address.is_some_and(|address| in_network(address, *network, *bits));
                is_in && has_port(wanted)
            }
        }
    }
}

/// Parses a list with commas or blanks between the hosts.
fn patterns(list: &str) -> Vec<Pattern> {
    let words = list.split(|letter: char| letter == ',' || letter.is_whitespace());
    words.filter_map(pattern).collect()
}

fn pattern(word: &str) -> Option<Pattern> {
    if word == "*" {
        return Some(Pattern::All);
    }
    if let Some((address, bits)) = word.split_once('/') {
        let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
        let bits = bits.parse().ok()?;
        return Some(Pattern::Network(address, bits, None));
    }
    let (host, port) = match word.rsplit_once(':') {
        // An IPv6 address has a port only behind brackets.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (word, None),
    };
    let host = host.trim_matches(['[', ']']).to_lowercase();
    if let Ok(address) = host.parse() {
        return Some(Pattern::Network(address, u32::MAX, port));
    }
    let name = host.trim_start_matches('*').trim_matches('.');
    (!name.is_empty()).then(|| Pattern::Name(name.to_owned(), port))
}

/// Returns true if the first `bits` of both addresses are equal.
fn in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let differing = match (address.to_canonical(), network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits() ^ network.to_bits()).leading_zeros()
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            (address.to_bits() ^ network.to_bits()).leading_zeros()
        }
        _ => return false,
    };
    let width = if network.is_ipv4() { 32 } else { 128 };
    differing >= bits.min(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(options: &NetOptions) -> Proxies {
        Proxies::new(options).unwrap()
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let options = NetOptions::new()
            .http_proxy("http://a:1".to_owned())
            .https_proxy("b:2".to_owned());
        let of = |proxies: &Proxies, url: &str| {
            let url = Url::parse(url).unwrap();
            proxies.of(&url).map(Url::to_string)
        };
        let both = proxies(&options);
        assert_eq!(of(&both, "http://h/").as_deref(), Some("http://a:1/"));
        assert_eq!(of(&both, "https://h/").as_deref(), Some("http://b:2/"));
        let one = proxies(&options.clone().proxy("socks5h://u:p@c:3".to_owned()));
        assert!(of(&one, "http://h/").unwrap().ends_with("c:3"));
        assert!(of(&one, "https://h/").unwrap().ends_with("c:3"));
        let none = proxies(&options.proxy(String::new()));
        assert_eq!(of(&none, "https://h/"), None);
    }

    #[test]
    fn hosts_without_a_proxy_are_named_in_many_ways() {
        for (list, direct, proxied) in [
            ("*", &["a.b", "1.2.3.4"][..], &[][..]),
            (
                "a.b",
                &["a.b", "x.a.b", "A.B", "a.b.", "a.b:9"],
                &["xa.b", "b"],
            ),
            (".a.b, c", &["a.b", "x.a.b", "c"], &["xa.b", "cc"]),
            ("*.a.b", &["x.a.b"], &["xa.b"]),
            ("a.b:9 c.d:443", &["a.b:9", "c.d"], &["a.b", "c.d:9"]),
            (
                "127.0.0.1",
                &["127.0.0.1", "127.0.0.1:8080"],
                &["127.0.0.2"],
            ),
            ("127.0.0.1:8080", &["127.0.0.1:8080"], &["127.0.0.1"]),
            (
                "10.0.0.0/8,192.168.1.0/24",
                &["10.9.9.9", "192.168.1.7"],
                &["11.0.0.1", "192.168.2.1"],
            ),
            (
                "::1,fd00::/8",
                &["[::1]", "[::1]:9", "[fd12::1]"],
                &["[::2]", "[fe80::1]"],
            ),
            ("[::1]:9", &["[::1]:9"], &["[::1]"]),
            ("1.2.3.4/x,,:9,a/8", &[], &["1.2.3.4", "a"]),
            ("", &[], &["a"]),
        ] {
            let options = NetOptions::new().proxy("http://p".to_owned());
            let proxies = proxies(&options.no_proxy(list.to_owned()));
            let is_direct = |host: &&&str| {
                let url = Url::parse(&format!("https://{host}/")).unwrap();
                proxies.of(&url).is_none()
            };
            assert!(direct.iter().all(|host| is_direct(&host)), "{list}");
            assert!(!proxied.iter().any(|host| is_direct(&host)), "{list}");
        }
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for address in ["ftp://a", "http://", "http://a:b", "://", "a b"] {
            let options = NetOptions::new().proxy(address.to_owned());
            assert!(Proxies::new(&options).is_err(), "{address}");
        }
    }
}
