//! Messages about limits of use, from servers that have no status codes for them.

/// Returns true if a server's message is about limits of use, which end after some time.
pub(super) fn is_limit(words: &str) -> bool {
    let lower = words.to_lowercase();
    let known = [
        "too many",
        "rate limit",
        "rate-limit",
        "limit exceeded",
        "quota",
        "throttl",
        "slow down",
        "try again later",
    ];
    known.iter().any(|words| lower.contains(words))
}
