//! Signatures of the curve P-521, which graviola does not verify.

use p521::ecdsa::signature::Verifier;
use p521::ecdsa::{Signature, VerifyingKey};
use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use std::sync::OnceLock;

#[derive(Debug)]
struct P521;

impl SignatureVerificationAlgorithm for P521 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

static ALGORITHM: &dyn SignatureVerificationAlgorithm = &P521;

/// Appends P-521 to the signature algorithms of `provider`.
pub(super) fn add(provider: &mut CryptoProvider) {
    static WITH_P521: OnceLock<WebPkiSupportedAlgorithms> = OnceLock::new();
    let known = provider.signature_verification_algorithms;
    let scheme = SignatureScheme::ECDSA_NISTP521_SHA512;
    if known.mapping.iter().any(|(known, _)| *known == scheme) {
        return;
    }
    provider.signature_verification_algorithms = *WITH_P521.get_or_init(|| {
        // rustls wants lists that live as long as the program; these are made once.
        let all = [known.all, &[ALGORITHM]].concat();
        let mapping = [known.mapping, &[(scheme, std::slice::from_ref(&ALGORITHM))]].concat();
        WebPkiSupportedAlgorithms {
            all: Box::leak(all.into_boxed_slice()),
            mapping: Box::leak(mapping.into_boxed_slice()),
        }
    });
}
