//! Encryption of stored secrets.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::error::to_py;
use super::runtime::block;
use crate::vault;

/// Encrypt with AES-256-GCM for a purpose, which `unseal` needs too. Returns nonce, ciphertext and
/// tag.
#[pyfunction]
pub(super) fn seal<'py>(
    py: Python<'py>,
    key: &[u8],
    plain: &[u8],
    purpose: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let sealed = vault::seal(key, plain, purpose).map_err(|error| to_py(&error))?;
    Ok(PyBytes::new(py, &sealed))
}

/// Decrypt. Returns `None` if the data was encrypted with another key or for another purpose, or has
/// been changed.
#[pyfunction]
pub(super) fn unseal<'py>(
    py: Python<'py>,
    key: &[u8],
    sealed: &[u8],
    purpose: &[u8],
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let plain = vault::unseal(key, sealed, purpose).map_err(|error| to_py(&error))?;
    Ok(plain.map(|plain| PyBytes::new(py, &plain)))
}

/// Derive a key from a password with Argon2id. `memory` is in KiB.
#[pyfunction]
pub(super) fn key_of_password(
    py: Python<'_>,
    password: Vec<u8>,
    salt: Vec<u8>,
    memory: u32,
    passes: u32,
    lanes: u32,
) -> PyResult<Bound<'_, PyBytes>> {
    let work = move |_: &_| vault::key_of_password(&password, &salt, memory, passes, lanes);
    Ok(PyBytes::new(py, &block(py, work)?))
}
