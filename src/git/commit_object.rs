//! The bytes of a commit object, read as git reads them: leniently.
//!
//! A strict parser loses commits that git shows: authors without an e-mail, dates that are no numbers, headers of tools
//! long gone. Only a missing `tree` line makes a commit unreadable here.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::time::Timestamp;

/// A commit's fields, borrowed from its bytes.
#[derive(Debug)]
pub(super) struct CommitObject<'a> {
    pub(super) tree_id: ObjectId,
    pub(super) parent_ids: Vec<ObjectId>,
    pub(super) author: Ident<'a>,
    pub(super) committer: Ident<'a>,
    /// What the commit says its text is encoded in; UTF-8 if it does not say.
    pub(super) encoding: Option<&'a [u8]>,
    pub(super) message: &'a [u8],
}

/// Name, e-mail and time of an `author` or `committer` line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Ident<'a> {
    pub(super) name: &'a [u8],
    pub(super) email: &'a [u8],
    pub(super) time: Timestamp,
}

impl<'a> CommitObject<'a> {
    /// Returns `None` if `data` is no commit.
    pub(super) fn parse(data: &'a [u8]) -> Option<Self> {
        let mut rest = data;
        let tree_id = ObjectId::from_hex(next_line(&mut rest).strip_prefix(b"tree ")?).ok()?;
        let mut commit = Self {
            tree_id,
            parent_ids: Vec::new(),
            author: Ident::default(),
            committer: Ident::default(),
            encoding: None,
            message: b"",
        };
        while !rest.is_empty() {
            let line = next_line(&mut rest);
            if line.is_empty() {
                commit.message = rest;
                break;
            }
            if let Some(id) = line.strip_prefix(b"parent ") {
                commit.parent_ids.push(ObjectId::from_hex(id).ok()?);
            } else if let Some(ident) = line.strip_prefix(b"author ") {
                commit.author = Ident::parse(ident);
            } else if let Some(ident) = line.strip_prefix(b"committer ") {
                commit.committer = Ident::parse(ident);
            } else if let Some(encoding) = line.strip_prefix(b"encoding ") {
                commit.encoding = Some(encoding);
            }
        }
        Some(commit)
    }

    /// `text` of this commit in UTF-8, if the commit names an encoding we know; else as it is.
    pub(super) fn decoded(&self, text: &[u8]) -> Vec<u8> {
        // What cannot be decoded for certain stays as it is, as in git: nothing is replaced by question marks.
        let encoding = self.encoding.and_then(encoding_rs::Encoding::for_label);
        let known = encoding.filter(|encoding| {
            *encoding != encoding_rs::REPLACEMENT && encoding.is_ascii_compatible()
        });
        match known.map(|encoding| encoding.decode_without_bom_handling(text)) {
            Some((decoded, had_errors)) if !had_errors => decoded.into_owned().into_bytes(),
            _ => text.to_vec(),
        }
    }
}

impl<'a> Ident<'a> {
    /// Splits `Name <email> seconds offset`; what cannot be read is empty or 0, as in git's output.
    fn parse(line: &'a [u8]) -> Self {
        let Some(open) = line.find_byte(b'<') else {
            return Self {
                name: line.trim(),
                ..Self::default()
            };
        };
        let name = line[..open].trim();
        let after = &line[open + 1..];
        let Some(close) = after.find_byte(b'>') else {
            return Self {
                name,
                email: after.trim(),
                ..Self::default()
            };
        };
        // The date follows the last bracket: some tools wrote `<a <b@c>> 123 +0000`.
        let date = after
            .rfind_byte(b'>')
            .map_or(&b""[..], |last| &after[last + 1..]);
        Self {
            name,
            email: after[..close].trim(),
            time: parse_time(date),
        }
    }
}

fn parse_time(text: &[u8]) -> Timestamp {
    let mut words = text.fields();
    let seconds = words
        .next()
        .and_then(|word| word.to_str().ok())
        .and_then(|word| word.parse::<i64>().ok());
    let Some(seconds) = seconds else {
        return Timestamp::default();
    };
    let offset = words
        .next()
        .and_then(|word| word.to_str().ok())
        .and_then(|word| word.parse::<i32>().ok())
        .unwrap_or(0);
    Timestamp {
        seconds,
        offset_minutes: offset / 100 * 60 + offset % 100,
    }
}

fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let (line, after) = match memchr::memchr(b'\n', rest) {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &b""[..]),
    };
    *rest = after;
    line
}

/// The subject as git's `%s`: the first paragraph, its lines joined by spaces.
pub(super) fn summary(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in message
        .lines()
        .map(ByteSlice::trim_end)
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
    fn ordinary_commit() {
        let data = format!(
            "{TREE}parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A U Thor <a@b> -12 +0530\ncommitter C <c@d> 3 -0130\ngpgsig x\n y\n\none\ntwo\n\nbody\n"
        );
        let commit = CommitObject::parse(data.as_bytes()).unwrap();
        assert_eq!(commit.parent_ids.len(), 1);
        assert_eq!(commit.author.name, b"A U Thor");
        assert_eq!(
            commit.author.time,
            Timestamp {
                seconds: -12,
                offset_minutes: 330
            }
        );
        assert_eq!(commit.committer.time.offset_minutes, -90);
        assert_eq!(summary(commit.message), b"one two");
    }

    #[test]
    fn odd_identities_survive() {
        for (line, name, email, seconds) in [
            ("A <a@b>", "A", "a@b", 0),
            ("A a@b 12 +0000", "A a@b 12 +0000", "", 0),
            (" <> 5 +0000", "", "", 5),
            ("A <a <b@c>> 7 +0000", "A", "a <b@c", 7),
            ("A <a@b> x +0000", "A", "a@b", 0),
            ("A <a@b", "A", "a@b", 0),
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
    fn garbage_is_no_commit() {
        assert!(CommitObject::parse(b"").is_none());
        assert!(CommitObject::parse(b"tree xyz\n").is_none());
        assert!(
            CommitObject::parse(TREE.as_bytes()).is_some(),
            "a commit without message is one"
        );
    }
}
