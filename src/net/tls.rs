//! Construction of a `rustls::ClientConfig` without any C code.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};

use super::options::NetOptions;
use super::p521;
use super::verifier::Verifier;
use crate::causes::causes;
use crate::error::{Error, Result};

/// Files in which Linux and the BSDs keep the trusted certificate authorities; the first one that
/// exists is used.
#[cfg(all(unix, not(target_vendor = "apple")))]
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Creates a configuration that trusts the certificates of the bundle, or those of the system.
pub(super) fn client_config(options: &NetOptions) -> Result<ClientConfig> {
    client_config_with(provider()?, options)
}

fn client_config_with(mut provider: CryptoProvider, options: &NetOptions) -> Result<ClientConfig> {
    p521::add(&mut provider);
    let provider = Arc::new(provider);
    let (roots, pinned) = match &options.ca_bundle {
        Some(path) => bundle(path)?,
        None => (system_roots()?, Vec::new()),
    };
    let insecure_hosts = &options.insecure_hosts;
    let verifier = Verifier::new(Arc::clone(&provider), roots, pinned, insecure_hosts);
    let verifier = verifier.map_err(|error| Error::internal(format!("TLS roots: {error}")))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("TLS versions: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    if options.client_cert.is_none() && options.client_key.is_some() {
        let reason = "needs the certificate that it belongs to; name it with --client-cert";
        return Err(Error::invalid("client key", reason));
    }
    let mut config = match &options.client_cert {
        None => config.with_no_client_auth(),
        Some(path) => {
            let key_path = options.client_key.as_deref().unwrap_or(path);
            let (chain, key) = (certificates(path, "client certificate")?, key(key_path)?);
            let config = config.with_client_auth_cert(chain, key);
            config.map_err(|error| {
                let name = format!("client certificate {}", path.display());
                Error::invalid(name, format!("cannot be used with its key: {error}"))
            })?
        }
    };
    // reqwest does not set the ALPN protocols of a preconfigured TLS backend.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns graviola if the CPU supports it. On other CPUs, graviola would abort the process; the feature
/// `tls-rustcrypto` provides for them.
#[cfg_attr(
    feature = "tls-rustcrypto",
    expect(clippy::unnecessary_wraps, reason = "it fails without the feature")
)]
fn provider() -> Result<CryptoProvider> {
    let missing = missing_cpu_features(&cpu_features());
    if missing.is_empty() {
        return Ok(rustls_graviola::default_provider());
    }
    #[cfg(feature = "tls-rustcrypto")]
    return Ok(rustls_rustcrypto::provider());
    #[cfg(not(feature = "tls-rustcrypto"))]
    Err(Error::unsupported(format!(
        "https on this CPU, which lacks {}; use a GitFleet built with the cargo feature `tls-rustcrypto`",
        missing.join(", ")
    )))
}

fn missing_cpu_features(features: &[(&'static str, bool)]) -> Vec<&'static str> {
    features
        .iter()
        .filter(|(_, present)| !present)
        .map(|(name, _)| *name)
        .collect()
}

/// The CPU features that graviola asserts at its first use, each with true if the CPU has it.
#[cfg(target_arch = "x86_64")]
fn cpu_features() -> [(&'static str, bool); 7] {
    use std::arch::is_x86_feature_detected as has;
    [
        ("aes", has!("aes")),
        ("pclmulqdq", has!("pclmulqdq")),
        ("bmi1", has!("bmi1")),
        ("bmi2", has!("bmi2")),
        ("adx", has!("adx")),
        ("avx", has!("avx")),
        ("avx2", has!("avx2")),
    ]
}

#[cfg(target_arch = "aarch64")]
fn cpu_features() -> [(&'static str, bool); 4] {
    use std::arch::is_aarch64_feature_detected as has;
    [
        ("neon", has!("neon")),
        ("aes", has!("aes")),
        ("pmull", has!("pmull")),
        ("sha2", has!("sha2")),
    ]
}

/// Reads the certificates of a bundle, as authorities and as they are.
fn bundle(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>)> {
    let certificates = certificates(path, "CA bundle")?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| {
            let name = format!("CA bundle {}", path.display());
            Error::invalid(name, format!("has an invalid certificate: {error}"))
        })?;
    }
    Ok((roots, certificates))
}

fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let name = format!("{what} {}", path.display());
    let pem = std::fs::read(path).map_err(Error::storage("read", path))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates =
        certificates.map_err(|error| Error::invalid(&name, format!("is not PEM: {error:?}")))?;
    if certificates.is_empty() {
        return Err(Error::invalid(name, "has no certificates"));
    }
    Ok(certificates)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let name = format!("client key {}", path.display());
    let pem = std::fs::read(path).map_err(Error::storage("read", path))?;
    if pem.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err(Error::invalid(
            name,
            "is encrypted; write it without a passphrase (`openssl pkey -in KEY -out PLAIN`)",
        ));
    }
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| Error::invalid(name, "has no private key in PEM"))
}

/// Returns the certificates that the operating system trusts. Those that rustls refuses are left
/// out, as in other programs.
fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system_certificates());
    if roots.is_empty() {
        return Err(Error::invalid(
            "CA certificates",
            "were not found on this system; name a PEM file with --ca-bundle or SSL_CERT_FILE",
        ));
    }
    Ok(roots)
}

#[cfg(all(unix, not(target_vendor = "apple")))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    // `rustls_native_certs::load_native_certs` is not used, because it reads the environment first.
    let bundle = SYSTEM_BUNDLES
        .iter()
        .map(Path::new)
        .find(|path| path.is_file());
    bundle
        .map(|path| rustls_native_certs::load_certs_from_paths(Some(path), None).certs)
        .unwrap_or_default()
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// Returns the failure of TLS that caused an error, in words that follow the name of a server.
pub(crate) fn failure_in(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    causes(error).find_map(|cause| cause.downcast_ref().map(words))
}

fn words(error: &rustls::Error) -> String {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(error) => certificate_words(error),
        Tls::AlertReceived(alert) => alert_words(*alert),
        Tls::PeerIncompatible(_) => {
            "it has no TLS version or algorithm that is supported here".to_owned()
        }
        Tls::InvalidMessage(_) => {
            "its answer is not TLS: it may be a server for plain http".to_owned()
        }
        Tls::PeerMisbehaved(_) => "it does not keep to the rules of TLS".to_owned(),
        Tls::NoCertificatesPresented => "it has no certificate".to_owned(),
        other => format!("TLS failed: {other}"),
    }
}

fn certificate_words(error: &CertificateError) -> String {
    use CertificateError as Invalid;
    let words = match error {
        Invalid::Expired | Invalid::ExpiredContext { .. } => "has expired",
        Invalid::NotValidYet | Invalid::NotValidYetContext { .. } => "is not valid yet",
        Invalid::UnknownIssuer => {
            "is not signed by a trusted authority; name the authority's certificate with --ca-bundle"
        }
        Invalid::NotValidForName | Invalid::NotValidForNameContext { .. } => {
            "is for hosts of other names"
        }
        Invalid::Revoked => "was revoked",
        Invalid::BadEncoding => "cannot be read",
        Invalid::BadSignature => "has a wrong signature",
        Invalid::InvalidPurpose | Invalid::InvalidPurposeContext { .. } => "is not for servers",
        Invalid::UnsupportedSignatureAlgorithmContext { .. }
        | Invalid::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "is signed with an algorithm that is not supported"
        }
        _ => "is not valid: it may be that of an authority; name it with --ca-bundle",
    };
    format!("its certificate {words}")
}

fn alert_words(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    let words = match alert {
        Alert::HandshakeFailure
        | Alert::ProtocolVersion
        | Alert::InsufficientSecurity
        | Alert::IllegalParameter => {
            "accepts none of the TLS versions and algorithms on offer, or wants a client certificate"
        }
        Alert::CertificateRequired | Alert::NoCertificate => {
            "wants a client certificate; name one with --client-cert"
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
        | Alert::DecryptError => "does not accept the client certificate",
        Alert::UnrecognisedName => "has no certificate for this host name",
        _ => return format!("it ended TLS with alert {}", u8::from(alert)),
    };
    format!("it {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_cpu_features_are_named() {
        assert_eq!(
            missing_cpu_features(&[("aes", true), ("adx", false), ("avx2", false)]),
            ["adx", "avx2"]
        );
    }

    #[test]
    fn invalid_bundle_is_named_in_the_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        std::fs::write(&path, "not a certificate").unwrap();
        for path in [&path, &dir.path().join("absent.pem")] {
            let error = client_config(&NetOptions::new().ca_bundle(path.clone())).unwrap_err();
            assert!(error.report().contains(path.to_str().unwrap()), "{error}");
        }
    }

    /// Sends a word through TLS to a server that uses graviola, and returns what arrives.
    #[cfg(feature = "tls-rustcrypto")]
    fn through_tls(client: ClientConfig) -> std::result::Result<Vec<u8>, rustls::Error> {
        use std::io::{Read, Write};
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        let pair = directory.join("localhost.pem");
        let chain = certificates(&pair, "certificate").unwrap();
        let provider = Arc::new(rustls_graviola::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key(&pair).unwrap())?;
        let mut server = rustls::ServerConnection::new(Arc::new(server))?;
        let name = "localhost".try_into().unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(client), name)?;
        client.writer().write_all(b"word").unwrap();
        let mut wire = Vec::new();
        while client.is_handshaking() || client.wants_write() {
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            wire.clear();
            while server.wants_write() {
                server.write_tls(&mut wire).unwrap();
            }
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
            wire.clear();
        }
        let mut found = vec![0; 4];
        server.reader().read_exact(&mut found).unwrap();
        Ok(found)
    }

    #[test]
    #[cfg(feature = "tls-rustcrypto")]
    fn rustcrypto_talks_with_graviola_and_checks_certificates() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        let trusting = NetOptions::new().ca_bundle(directory.join("ca.pem"));
        let config = |options: &NetOptions| {
            client_config_with(rustls_rustcrypto::provider(), options).unwrap()
        };
        assert_eq!(through_tls(config(&trusting)).unwrap(), b"word");
        let doubting = through_tls(config(&NetOptions::new())).unwrap_err();
        assert!(words(&doubting).contains("is not signed by a trusted authority"));
    }
}
