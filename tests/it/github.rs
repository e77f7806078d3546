//! The GitHub client over real TLS, from the same configuration that clones use.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use gitfleet::net::{Net, NetOptions};
use gitfleet::providers::github::{GitHub, GitHubOptions};
use gitfleet::{ErrorKind, Secret};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const TOKEN: &str = "t0ken-canary-77aa";

fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tls")
        .join(name)
}

/// Answers each request by its path, over TLS; hands out the heads of requests. It ends with the test's process.
fn server() -> (String, Receiver<String>) {
    let file = tls_file("localhost.pem");
    let certificate = CertificateDer::from_pem_file(&file).unwrap();
    let key = PrivateKeyDer::from_pem_file(&file).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls_graviola::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let (sender, heads) = channel();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream.unwrap()));
            let mut head = String::new();
            // A client that does not trust us ends the handshake here.
            while !head.ends_with("\r\n\r\n")
                && reader.read_line(&mut head).is_ok_and(|bytes| bytes > 0)
            {}
            let (status, body) = answer(head.split(' ').nth(1).unwrap_or_default());
            let _ = write!(
                reader.get_mut(),
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            reader.get_mut().conn.send_close_notify();
            let _ = reader.get_mut().flush();
            let _ = sender.send(head);
        }
    });
    (address, heads)
}

fn answer(path: &str) -> (u16, &'static str) {
    match path {
        "/repos/o/r" => (200, r#"{"full_name":"o/r","default_branch":"main"}"#),
        "/rate_limit" => (200, r#"{"resources":{"core":{"limit":5000}}}"#),
        "/repos/o/private" => (
            401,
            r#"{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}"#,
        ),
        "/repos/o/limited" => (
            403,
            r#"{"message":"slow down","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}"#,
        ),
        "/repos/o/forbidden" => (
            403,
            r#"{"message":"no","documentation_url":"https://docs.github.com/rest"}"#,
        ),
        _ => (
            404,
            r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}"#,
        ),
    }
}

fn options(base_url: &str, bundle: Option<PathBuf>) -> GitHubOptions {
    let mut net = NetOptions::default();
    net.ca_bundle = bundle;
    let mut options = GitHubOptions::default();
    options.base_url = Some(base_url.to_owned());
    options.token = Some(Secret::new(TOKEN));
    options.net = Net::new(net);
    options
}

#[test]
fn it_speaks_to_a_server_that_its_authorities_vouch_for() {
    let (address, heads) = server();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = options(&address, Some(tls_file("ca.pem")));
        assert!(!format!("{options:?}").contains(TOKEN));
        let github = GitHub::new(&options).unwrap();
        assert_eq!(
            github.repository("o", "r").await.unwrap()["full_name"],
            "o/r"
        );
        assert!(heads.recv().unwrap().contains(&format!("Bearer {TOKEN}")));
        assert_eq!(
            github.rate_limit().await.unwrap()["resources"]["core"]["limit"],
            5000
        );
        for (name, kind) in [
            ("absent", ErrorKind::RepositoryNotFound),
            ("private", ErrorKind::AuthenticationFailed),
            ("forbidden", ErrorKind::AuthenticationFailed),
            ("limited", ErrorKind::RateLimited),
        ] {
            let error = github.repository("o", name).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{name}: {error}");
            assert!(!error.report().contains(TOKEN));
        }
    });
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused() {
    let (address, _heads) = server();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // Its own certificate is no authority for it.
        let github = GitHub::new(&options(&address, Some(tls_file("localhost.pem")))).unwrap();
        let error = github.repository("o", "r").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert!(
            error.report().to_lowercase().contains("certificate"),
            "{}",
            error.report()
        );
    });
}
