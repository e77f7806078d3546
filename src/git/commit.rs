//! The bytes of a commit object, read as git reads them: leniently.
//!
//! A strict parser rejects some commits that git shows: commits with an author without an e-mail, a
//! date that is not a number, or an unknown header. Here, a commit is unreadable only if it has no
//! `tree` line, or if the id of its tree or of a parent is invalid.

use std::borrow::Cow;

use gix::ObjectId;

use super::encoding;
use super::time::Timestamp;

/// A commit's fields, borrowed from its bytes.
#[derive(Debug)]
pub(crate) struct CommitObject<'a> {
    pub(crate) tree_id: ObjectId,
    pub(crate) parent_ids: Vec<ObjectId>,
    pub(crate) author: Ident<'a>,
    pub(crate) committer: Ident<'a>,
    /// The commit's `encoding` header; `None` means UTF-8.
    pub(crate) encoding: Option<&'a [u8]>,
    pub(crate) message: &'a [u8],
    /// The bytes from the first header after the parents to the end.
    headers: &'a [u8],
}

/// Name, e-mail and time of an `author` or `committer` line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Ident<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) email: &'a [u8],
    pub(crate) time: Timestamp,
}

impl<'a> CommitObject<'a> {
    /// Parses `data`; returns `None` if it is not a commit.
    pub(crate) fn parse(data: &'a [u8]) -> Option<Self> {
        let mut rest = data;
        let tree_id = ObjectId::from_hex(next_line(&mut rest).strip_prefix(b"tree ")?).ok()?;
        let mut commit = Self {
            tree_id,
            parent_ids: Vec::new(),
            author: Ident::default(),
            committer: Ident::default(),
            encoding: None,
            message: b"",
            headers: b"",
        };
        // Parents directly follow the tree; a later `parent` line does not count.
        while let Some(after) = rest.strip_prefix(b"parent ") {
            rest = after;
            let id = ObjectId::from_hex(next_line(&mut rest)).ok()?;
            commit.parent_ids.push(id);
        }
        commit.headers = rest;
        while !rest.is_empty() {
            let line = next_line(&mut rest);
            if line.is_empty() {
                // In git, a message ends at the first NUL.
                let end = memchr::memchr(0, rest).unwrap_or(rest.len());
                commit.message = &rest[..end];
                break;
            }
            if let Some(ident) = line.strip_prefix(b"author ") {
                commit.author = Ident::parse(ident);
            } else if let Some(ident) = line.strip_prefix(b"committer ") {
                commit.committer = Ident::parse(ident);
            } else if let Some(encoding) = line.strip_prefix(b"encoding ") {
                commit.encoding.get_or_insert(encoding);
            }
        }
        Some(commit)
    }

    /// Returns the date that git orders by and compares with `--since`, in seconds since the epoch.
    /// It differs from the date that git shows: a negative number wraps around, and the date is 0
    /// unless author and committer directly follow the tree and the parents, in this order.
    pub(crate) fn committer_date(&self) -> u64 {
        let mut rest = self.headers;
        let is_second = next_line(&mut rest).starts_with(b"author ");
        let line = next_line(&mut rest);
        if !is_second || !line.starts_with(b"committer ") {
            return 0;
        }
        let date = memchr::memrchr(b'>', line).map_or(&b""[..], |close| &line[close + 1..]);
        let date = trim_start(date);
        match date.strip_prefix(b"-") {
            Some(digits) => leading_number(digits).unwrap_or(0).wrapping_neg(),
            None => leading_number(date).unwrap_or(0),
        }
    }
}

/// Returns the bytes of a commit converted to UTF-8, if it names another encoding and is valid in
/// it; as in git, the commit is otherwise shown as it is.
pub(crate) fn in_utf8(commit: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(commit, b"\nencoding ").is_none() {
        return Cow::Borrowed(commit); // the common case, without parsing the commit
    }
    let label = CommitObject::parse(commit).and_then(|parsed| parsed.encoding);
    let converted = label.and_then(|label| encoding::to_utf8(label, commit));
    converted.map_or(Cow::Borrowed(commit), Cow::Owned)
}

impl<'a> Ident<'a> {
    /// Splits `Name <email> seconds offset` as git does. Without both brackets, all fields are
    /// empty. A date that is not digits followed by an offset reads as zero.
    fn parse(line: &'a [u8]) -> Self {
        let line = &line[..memchr::memchr(0, line).unwrap_or(line.len())];
        let parts = || {
            let open = memchr::memchr(b'<', line)?;
            let close = open + 1 + memchr::memchr(b'>', &line[open + 1..])?;
            Some((trim_end(&line[..open]), &line[open + 1..close]))
        };
        let Some((name, email)) = parts() else {
            return Self::default();
        };
        // The date follows the last bracket: some tools wrote `<a <b@c>> 123 +0000`.
        let date = memchr::memrchr(b'>', line).map_or(&b""[..], |last| &line[last + 1..]);
        Self {
            name,
            email,
            time: parse_time(date).unwrap_or_default(),
        }
    }
}

fn parse_time(text: &[u8]) -> Option<Timestamp> {
    let text = trim_start(text);
    let digits = digits(text);
    let offset = trim_start(&text[digits.len()..]);
    let (sign, offset) = match offset.split_first()? {
        (b'+', offset) => (1, offset),
        (b'-', offset) => (-1, offset),
        _ => return None,
    };
    if self::digits(offset).is_empty() {
        return None;
    }
    // A time that is too large makes the date invalid; an offset that is too large counts as zero.
    let seconds = number(digits)?;
    let offset: i32 = number(self::digits(offset))
        .and_then(|offset: i64| i32::try_from(offset).ok())
        .filter(|offset| sign < 0 || *offset < i32::MAX)
        .unwrap_or(0);
    let minutes = offset / 100 * 60 + offset % 100;
    Some(Timestamp {
        seconds,
        offset_minutes: sign * minutes,
    })
}

fn digits(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Returns the number at the start of `text`, capped at `u64::MAX`; `None` if there are no digits.
fn leading_number(text: &[u8]) -> Option<u64> {
    let digits = digits(text);
    (!digits.is_empty()).then(|| number(digits).unwrap_or(u64::MAX))
}

/// Returns true for git's white space: no vertical tab, no form feed, nothing beyond ASCII.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_space(byte));
    &text[start.unwrap_or(text.len())..]
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| !is_space(byte));
    &text[..end.map_or(0, |last| last + 1)]
}

fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let (line, after) = match memchr::memchr(b'\n', rest) {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &b""[..]),
    };
    *rest = after;
    line
}

/// The subject, as in git's `%s`: the first paragraph, its lines joined by spaces.
pub(crate) fn summary(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in message
        .split(|&byte| byte == b'\n')
        .map(trim_end)
        .skip_while(|line| line.is_empty())
    {
        if line.is_empty() {
            break;
        }
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";

    #[test]
    fn commit_with_all_headers_is_parsed() {
        let data = format!(
            "{TREE}parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A U Thor <a@b> 12 +0530\ncommitter C <c@d> 3 -0130\ngpgsig x\n y\n\none\ntwo\n\nbody\n"
        );
        let commit = CommitObject::parse(data.as_bytes()).unwrap();
        assert_eq!(commit.parent_ids.len(), 1);
        assert_eq!(commit.author.name, b"A U Thor");
        assert_eq!(
            commit.author.time,
            Timestamp {
                seconds: 12,
                offset_minutes: 330
            }
        );
        assert_eq!(commit.committer.time.offset_minutes, -90);
        assert_eq!(summary(commit.message), b"one two");
    }

    #[test]
    fn identities_with_odd_bytes_are_kept() {
        for (line, name, email, seconds) in [
            ("A <a@b>", "A", "a@b", 0),
            ("A a@b 12 +0000", "", "", 0),
            (" <> 5 +0000", "", "", 5),
            ("A <a <b@c>> 7 +0000", "A", "a <b@c", 7),
            ("A <a@b> x +0000", "A", "a@b", 0),
            ("A <a@b", "", "", 0),
            ("A <a@b> -12 +0000", "A", "a@b", 0),
            ("A <a@b> 12", "A", "a@b", 0),
            ("A <a@b> 12 0000", "A", "a@b", 0),
            ("A <a@b> 12 +", "A", "a@b", 0),
            (" A  < a@b > 12 -0000", " A", " a@b ", 12),
            (
                "\u{a0}A\u{c} <a> 99999999999999999999 +0000",
                "\u{a0}A\u{c}",
                "a",
                0,
            ),
        ] {
            let ident = Ident::parse(line.as_bytes());
            assert_eq!(
                (ident.name, ident.email, ident.time.seconds),
                (name.as_bytes(), email.as_bytes(), seconds),
                "{line}"
            );
        }
    }

    #[test]
    fn commit_date_is_read_as_git_reads_it() {
        for (headers, date) in [
            ("author A <a> 1 +0000\ncommitter C <c> 5 +0000\n", 5),
            ("author A <a> 1 +0000\ncommitter C <c>  5\n", 5),
            (
                "author A <a> 1 +0000\ncommitter C <c> -5 +0000\n",
                u64::MAX - 4,
            ),
            ("author A <a> 1 +0000\ncommitter C <c> x\n", 0),
            ("committer C <c> 5 +0000\n", 0),
            ("author A <a> 1 +0000\nx\ncommitter C <c> 5 +0000\n", 0),
        ] {
            let data = format!("{TREE}{headers}\nmessage");
            let commit = CommitObject::parse(data.as_bytes()).unwrap();
            assert_eq!(commit.committer_date(), date, "{headers}");
        }
    }

    #[test]
    fn messages_end_at_a_nul_and_the_first_encoding_counts() {
        let data = [
            TREE.as_bytes(),
            b"encoding latin1\nencoding utf-8\n\n\xe9\0rest",
        ]
        .concat();
        let converted = in_utf8(&data);
        let commit = CommitObject::parse(&converted).unwrap();
        assert_eq!(commit.message, "\u{e9}".as_bytes());
    }

    #[test]
    fn garbage_is_not_a_commit() {
        assert!(CommitObject::parse(b"").is_none());
        assert!(CommitObject::parse(b"tree xyz\n").is_none());
        assert!(
            CommitObject::parse(TREE.as_bytes()).is_some(),
            "a commit without a message is valid"
        );
    }
}
