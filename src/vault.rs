//! Encryption of stored secrets: AES-256-GCM with a given key, or with a key derived from a
//! password.

use argon2::{Algorithm, Argon2, Params, Version};
use graviola::aead::AesGcm;

use crate::error::{Error, Result};

/// Bytes of a key.
const KEY: usize = 32;
/// Largest memory for the derivation of a key, in KiB.
const MOST_MEMORY: u32 = 1 << 20;
/// Largest work for it, in KiB of memory times passes: about half a minute.
const MOST_WORK: u64 = 16 << 20;
/// Bytes of the nonce before the ciphertext.
const NONCE: usize = 12;
/// Bytes of the tag after the ciphertext.
const TAG: usize = 16;

/// Encrypts `plain` for `purpose`, which is needed to decrypt it and is not stored. Returns nonce,
/// ciphertext and tag. The nonce is random, so one key may encrypt up to 2^32 secrets (NIST SP
/// 800-38D, 8.3).
pub(crate) fn seal(key: &[u8], plain: &[u8], purpose: &[u8]) -> Result<Vec<u8>> {
    let cipher = cipher(key)?;
    let mut nonce = [0; NONCE];
    graviola::random::fill(&mut nonce)
        .map_err(|error| Error::internal(format!("no random bytes: {error}")))?;
    let mut sealed = [&nonce, plain].concat();
    let mut tag = [0; TAG];
    cipher.encrypt(&nonce, purpose, &mut sealed[NONCE..], &mut tag);
    sealed.extend(tag);
    Ok(sealed)
}

/// Decrypts the output of [`seal`]. Returns `None` if the key or the purpose is another one, or if a
/// byte was changed.
pub(crate) fn unseal(key: &[u8], sealed: &[u8], purpose: &[u8]) -> Result<Option<Vec<u8>>> {
    let cipher = cipher(key)?;
    let Some((nonce, rest)) = sealed.split_first_chunk::<NONCE>() else {
        return Ok(None);
    };
    let Some((text, tag)) = rest.split_last_chunk::<TAG>() else {
        return Ok(None);
    };
    let mut plain = text.to_vec();
    let opened = cipher.decrypt(nonce, purpose, &mut plain, tag);
    Ok(opened.is_ok().then_some(plain))
}

/// Derives the key from a password with Argon2id, version 0x13 (RFC 9106). `memory` is in KiB.
pub(crate) fn key_of_password(
    password: &[u8],
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<[u8; KEY]> {
    let invalid = |error: argon2::Error| Error::invalid("password", error.to_string());
    if memory > MOST_MEMORY || u64::from(memory) * u64::from(passes) > MOST_WORK {
        let reason = format!("{memory} KiB and {passes} passes are too much work");
        return Err(Error::invalid("derivation of the key", reason));
    }
    let params = Params::new(memory, passes, lanes, Some(KEY)).map_err(invalid)?;
    let mut key = [0; KEY];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut key)
        .map_err(invalid)?;
    Ok(key)
}

fn cipher(key: &[u8]) -> Result<AesGcm> {
    if key.len() != KEY {
        let reason = format!("has {} bytes; it must have {KEY}", key.len());
        return Err(Error::invalid("encryption key", reason));
    }
    if !graviola::util::is_cpu_supported() {
        return Err(Error::unsupported("encryption on this CPU: it has no AES"));
    }
    Ok(AesGcm::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    /// Test case 15 of the GCM specification's appendix B.
    #[test]
    fn unseal_opens_a_published_example() {
        let key = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let sealed = bytes(concat!(
            "cafebabefacedbaddecaf888",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            "b094dac5d93471bdec1a502270e3cc6c",
        ));
        let plain = unseal(&key, &sealed, b"").unwrap().unwrap();
        assert_eq!(plain[..8], bytes("d9313225f88406e5"));
        let again = seal(&key, &plain, b"").unwrap();
        assert_eq!(unseal(&key, &again, b"").unwrap().unwrap(), plain);
        assert_ne!(again, sealed);
    }

    #[test]
    fn unseal_refuses_changed_data() {
        let sealed = seal(&[1; KEY], b"token", b"host").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(unseal(&[1; KEY], &changed, b"host").unwrap(), None);
        }
        assert_eq!(unseal(&[2; KEY], &sealed, b"host").unwrap(), None);
        assert_eq!(unseal(&[1; KEY], &sealed, b"another").unwrap(), None);
        assert_eq!(
            unseal(&[1; KEY], &sealed[..NONCE + 3], b"host").unwrap(),
            None
        );
        assert!(seal(&[1; 16], b"token", b"").is_err());
    }

    /// The expected key is from the reference implementation, through Python's argon2-cffi.
    #[test]
    fn key_of_password_equals_the_reference() {
        let key = key_of_password(b"password", b"somesaltsomesalt", 64, 2, 1).unwrap();
        assert_eq!(
            key.to_vec(),
            bytes("1a98fba8e6394425c9bdc333a9c750aaf811df070f5fb4a5788e1cf4db5793a1")
        );
        assert!(key_of_password(b"password", b"short", 64, 2, 1).is_err());
        for (memory, passes) in [(u32::MAX, 1), (64, u32::MAX), (MOST_MEMORY, 17)] {
            let refused = key_of_password(b"password", b"somesaltsomesalt", memory, passes, 1);
            assert!(refused.is_err(), "{memory} {passes}");
        }
    }
}
