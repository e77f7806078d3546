//! The token (JWT) that a GitHub App signs to prove who it is, which GitHub exchanges for
//! installation tokens.
//!
//! docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App".

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use graviola::signing::rsa::SigningKey;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The credentials of an installation of a GitHub App.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AppKey {
    /// The app's id, or its client id.
    pub app_id: String,
    /// The installation whose repositories are read.
    pub installation_id: u64,
    /// The private key in PEM, as downloaded from GitHub.
    pub private_key: Secret,
}

/// Seconds by which a token is backdated: GitHub refuses tokens from the future, and clocks differ.
const BACKDATED: f64 = 60.0;
/// Seconds until a token expires; GitHub accepts at most ten minutes.
const LIFETIME: f64 = 540.0;

impl AppKey {
    /// The key of the installation `installation_id` of the app `app_id`. `private_key` is the PEM
    /// text downloaded from GitHub; it is parsed when the first token is requested.
    pub fn new(app_id: impl Into<String>, installation_id: u64, private_key: Secret) -> Self {
        Self {
            app_id: app_id.into(),
            installation_id,
            private_key,
        }
    }

    /// Returns a token (JWT) of the app, issued at `now` and signed.
    pub(super) fn sign(&self, now: f64) -> Result<Secret> {
        let key = self.key()?;
        #[expect(clippy::cast_possible_truncation, reason = "dates are small")]
        let (from, to) = ((now - BACKDATED) as i64, (now + LIFETIME) as i64);
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        let claims = serde_json::json!({"iat": from, "exp": to, "iss": self.app_id});
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; key.modulus_len_bytes()];
        let signature = key
            .sign_pkcs1_sha256(&mut signature, signed.as_bytes())
            .map_err(|_| self.wrong("cannot sign"))?;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        Ok(Secret::new(format!("{signed}.{signature}")))
    }

    /// The private key, from a PEM file in PKCS #1 or PKCS #8 form.
    fn key(&self) -> Result<SigningKey> {
        let text = self.private_key.expose();
        let lines = text.lines().map(str::trim);
        let body: String = lines.filter(|line| !line.starts_with("-----")).collect();
        let bytes = BASE64_STANDARD
            .decode(body)
            .map_err(|_| self.wrong("is not a PEM file"))?;
        let key = if text.contains("BEGIN RSA PRIVATE KEY") {
            SigningKey::from_pkcs1_der(&bytes)
        } else {
            SigningKey::from_pkcs8_der(&bytes)
        };
        key.map_err(|_| self.wrong("is not an RSA key"))
    }

    fn wrong(&self, reason: &str) -> Error {
        Error::invalid(
            format!("private key of the GitHub App {}", self.app_id),
            reason,
        )
    }
}

#[cfg(test)]
mod tests {
    use graviola::signing::rsa::{KeySize, SigningKey};

    use super::*;

    #[test]
    fn signature_can_be_verified() {
        let key = SigningKey::generate(KeySize::Rsa2048).unwrap();
        let mut der = vec![0; 4096];
        let pkcs1 = BASE64_STANDARD.encode(key.to_pkcs1_der(&mut der).unwrap());
        let mut der = vec![0; 4096];
        let pkcs8 = BASE64_STANDARD.encode(key.to_pkcs8_der(&mut der).unwrap());
        for (name, body) in [("RSA PRIVATE KEY", pkcs1), ("PRIVATE KEY", pkcs8)] {
            let app = AppKey {
                app_id: "7".to_owned(),
                installation_id: 1,
                private_key: Secret::new(format!(
                    "-----BEGIN {name}-----\n{body}\n-----END {name}-----\n"
                )),
            };
            let token = app.sign(1000.0).unwrap();
            let (signed, signature) = token.expose().rsplit_once('.').unwrap();
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
            key.public_key()
                .verify_pkcs1_sha256(&signature, signed.as_bytes())
                .unwrap();
            let claims = BASE64_URL_SAFE_NO_PAD
                .decode(signed.split('.').nth(1).unwrap())
                .unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            assert_eq!(
                claims,
                serde_json::json!({"iat": 940, "exp": 1540, "iss": "7"})
            );
        }
    }

    #[test]
    fn invalid_key_is_reported_but_not_shown() {
        let app = AppKey {
            app_id: "7".to_owned(),
            installation_id: 1,
            private_key: Secret::new("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"),
        };
        let error = app.sign(0.0).unwrap_err().report();
        assert!(
            error.contains("App 7") && !error.contains("c2Vj"),
            "{error}"
        );
    }
}
