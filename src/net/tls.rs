//! Construction of a `rustls::ClientConfig` without any C code.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

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

/// Creates a configuration that trusts the certificates of `ca_bundle`, or those of the system.
pub(super) fn client_config(ca_bundle: Option<&Path>) -> Result<ClientConfig> {
    let provider = Arc::new(provider()?);
    let roots = match ca_bundle {
        Some(path) => bundle(path)?,
        None => system_roots()?,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("TLS versions: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // reqwest does not set the ALPN protocols of a preconfigured TLS backend.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns graviola if the CPU supports it. On other CPUs, graviola would abort the process.
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

fn bundle(path: &Path) -> Result<RootCertStore> {
    let name = format!("CA bundle {}", path.display());
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(path).map_err(Error::storage("read", path))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate =
            certificate.map_err(|error| Error::invalid(&name, format!("is not PEM: {error:?}")))?;
        roots.add(certificate).map_err(|error| {
            Error::invalid(&name, format!("has an invalid certificate: {error}"))
        })?;
    }
    if roots.is_empty() {
        return Err(Error::invalid(name, "has no certificates"));
    }
    Ok(roots)
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
            let error = client_config(Some(path)).unwrap_err();
            assert!(error.report().contains(path.to_str().unwrap()), "{error}");
        }
    }
}
