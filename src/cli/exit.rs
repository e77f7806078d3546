//! Exit codes and hints.

use crate::error::ErrorKind;

/// Everything succeeded.
pub(super) const DONE: u8 = 0;
/// Something failed.
pub(super) const FAILED: u8 = 1;
/// The command line or an input is invalid.
pub(super) const USAGE: u8 = 2;
/// A defect of the program; BSD's `EX_SOFTWARE`.
pub(super) const DEFECT: u8 = 70;
/// Ended by Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

pub(super) fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidInput => USAGE,
        ErrorKind::Cancelled => INTERRUPTED,
        ErrorKind::Internal => DEFECT,
        ErrorKind::RepositoryNotFound
        | ErrorKind::RevisionNotFound
        | ErrorKind::PathNotFound
        | ErrorKind::DestinationExists
        | ErrorKind::AuthenticationFailed
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::RateLimited
        | ErrorKind::Network
        | ErrorKind::Timeout
        | ErrorKind::Refused
        | ErrorKind::LimitExceeded
        | ErrorKind::Corrupt
        | ErrorKind::Storage
        | ErrorKind::Unsupported => FAILED,
    }
}

pub(super) fn hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::AuthenticationFailed => {
            Some("set GITHUB_TOKEN for github.com or GITFLEET_TOKEN_<HOST>, or use a .netrc")
        }
        ErrorKind::RateLimited => {
            Some("wait, then run the same command again: clones and datasets that are done stay")
        }
        ErrorKind::Network | ErrorKind::Timeout => {
            Some("run the same command again: clones and datasets that are done stay")
        }
        ErrorKind::Corrupt => Some("run `git fsck` for details; a fresh clone may help"),
        _ => None,
    }
}
