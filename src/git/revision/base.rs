//! The start of a name: a ref, an id, an entry of a reflog, `@`, `@{-1}`, `main@{upstream}`, the
//! output of `git describe`.

use std::collections::HashSet;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::remote::Direction;

use super::{Miss, Names, miss};
use crate::git::date::parse_date;
use crate::git::reflog::Reflog;
use crate::git::refs::{Head, full_names, has_reftable};
use crate::unix_time;

const NO_SUCH_NAME: &str = "no branch, tag or commit has this name";

/// Largest number of substitutions in one name.
const DEEPEST: usize = 10;
/// Fewest digits of an abbreviated id.
const SHORTEST: usize = 4;
/// Least number in `@{...}` that is a date and not the number of an entry.
const LEAST_DATE: i64 = 100_000_000;

impl Names<'_> {
    pub(super) fn base(&self, name: &[u8]) -> Result<ObjectId, Miss> {
        if let Some(id) = self.full_id(name) {
            return Ok(id);
        }
        let reason = match self.named(name) {
            Err(Miss::Reason(reason)) => reason,
            found => return found,
        };
        let described = name.rfind(b"-g").filter(|at| *at > 0);
        let ids = described
            .map(|at| &name[at + 2..])
            .into_iter()
            .chain([name]);
        for id in ids {
            match self.abbreviated(id) {
                Ok(None) => {}
                Ok(Some(id)) => return Ok(id),
                Err(miss) => return Err(miss),
            }
        }
        Err(Miss::Reason(reason))
    }

    /// Parses a full hexadecimal id.
    fn full_id(&self, name: &[u8]) -> Option<ObjectId> {
        let has_all = name.len() == self.local.object_hash().len_in_hex();
        has_all.then(|| ObjectId::from_hex(name).ok()).flatten()
    }

    /// Reads a ref, or an entry of its reflog.
    fn named(&self, name: &[u8]) -> Result<ObjectId, Miss> {
        match split_reflog(name) {
            Some((name, entry)) => self.logged(name, entry),
            None => {
                let name = self.substituted(name)?;
                if let Some(id) = self.full_id(&name) {
                    return Ok(id); // a commit that was checked out without a branch
                }
                if full_names(&name).next().is_none() {
                    return miss("it is not written as a revision");
                }
                let found = self.store.find(&name)?;
                found.map_or_else(|| miss(NO_SUCH_NAME), |(_, id)| Ok(id))
            }
        }
    }

    /// Replaces `@` by `HEAD`, `@{-1}` by the branch of an earlier checkout, and `main@{upstream}`
    /// or `main@{push}` by the branch that it tracks.
    fn substituted(&self, name: &[u8]) -> Result<Vec<u8>, Miss> {
        self.substituted_at(name, 0)
    }

    fn substituted_at(&self, name: &[u8], depth: usize) -> Result<Vec<u8>, Miss> {
        if depth > DEEPEST {
            return miss("its parts lead to each other");
        }
        let depth = depth + 1;
        if let Some(rest) = name.strip_prefix(b"@{-")
            && let Some((digits, rest)) = rest.split_once_str("}")
            && let Some(number) = digits.to_str().ok().and_then(|digits| digits.parse().ok())
        {
            let Some(branch) = self.reflog(b"HEAD")?.nth_checkout(number) else {
                return miss("fewer branches were checked out before");
            };
            // As in git, a branch that was checked out is taken by its name.
            return if rest.is_empty() {
                Ok(branch)
            } else {
                self.substituted_at(&[&branch, rest].concat(), depth)
            };
        }
        if name == b"@" || name.starts_with(b"@@{") {
            return self.substituted_at(&[b"HEAD", &name[1..]].concat(), depth);
        }
        for (mark, direction) in [
            (&b"@{upstream}"[..], Direction::Fetch),
            (b"@{u}", Direction::Fetch),
            (b"@{push}", Direction::Push),
        ] {
            let at = name.len().saturating_sub(mark.len());
            if name[at..].eq_ignore_ascii_case(mark) {
                return self.tracked(&name[..at], direction, depth);
            }
        }
        Ok(name.to_vec())
    }

    /// The full name of the ref that a branch fetches into, or is pushed to.
    fn tracked(&self, branch: &[u8], direction: Direction, depth: usize) -> Result<Vec<u8>, Miss> {
        let branch = self.substituted_at(branch, depth)?;
        let full = if branch.is_empty() || branch == b"HEAD" {
            match self.repo.head()? {
                Head::Branch { name, .. } | Head::Unborn { name } => name.to_vec(),
                Head::Detached { .. } => return miss("HEAD is on no branch"),
            }
        } else {
            [b"refs/heads/", branch.as_slice()].concat()
        };
        let no_upstream = || {
            let reason = format!("{} has no upstream branch", full.as_bstr());
            Err(Miss::Reason(reason))
        };
        let Ok(name) = <&gix::refs::FullNameRef>::try_from(full.as_bstr()) else {
            return no_upstream();
        };
        // The remote `.` is the repository itself.
        let config = self.local.config_snapshot();
        let setting = |key: &str| {
            let short = name.shorten().to_str_lossy();
            config.string(format!("branch.{short}.{key}").as_str())
        };
        if setting("remote").is_some_and(|remote| remote.as_slice() == b".")
            && direction == Direction::Fetch
            && let Some(merge) = setting("merge")
        {
            return Ok(merge.to_vec());
        }
        match self.local.branch_remote_tracking_ref_name(name, direction) {
            Some(Ok(tracking)) => Ok(tracking.as_bstr().to_vec()),
            _ => no_upstream(),
        }
    }

    /// Reads `NAME@{ENTRY}`: the number of an entry from the newest, or a date.
    fn logged(&self, name: &[u8], entry: &[u8]) -> Result<ObjectId, Miss> {
        let (name, log) = if name.is_empty() {
            let name = match self.repo.head()? {
                Head::Branch { name, .. } | Head::Unborn { name } => name.to_vec(),
                Head::Detached { .. } => b"HEAD".to_vec(),
            };
            let log = self.reflog(&name)?;
            (name, log)
        } else {
            self.log_of(&self.substituted(name)?)?
        };
        let text = entry.to_str_lossy();
        let number = text.parse::<i64>().ok();
        let is_number = entry.iter().all(u8::is_ascii_digit);
        let found = match number.filter(|_| is_number) {
            Some(number) if number < LEAST_DATE => {
                log.nth_newest(usize::try_from(number).unwrap_or(usize::MAX))
            }
            Some(seconds) => log.at(seconds),
            None => match parse_date(&text, unix_time::now()) {
                Ok(seconds) => log.at(seconds),
                Err(error) => return miss(error.to_string()),
            },
        };
        found.map_or_else(
            || {
                miss(format!(
                    "the reflog of {} has {} entries",
                    name.as_bstr(),
                    log.len()
                ))
            },
            Ok,
        )
    }

    /// Finds the first ref that a short name may mean and that has a reflog, or is a symbolic ref to
    /// one with a reflog.
    fn log_of(&self, short: &[u8]) -> Result<(Vec<u8>, Reflog), Miss> {
        for name in full_names(short) {
            let Some((target, _)) = self.store.resolve(&name)? else {
                continue;
            };
            for name in [name, target] {
                let log = self.reflog(&name)?;
                if log.len() > 0 {
                    return Ok((name, log));
                }
            }
        }
        miss(format!("{} has no reflog", short.as_bstr()))
    }

    fn reflog(&self, name: &[u8]) -> Result<Reflog, Miss> {
        if has_reftable(&self.local) {
            return miss("reflogs in reftables are not read");
        }
        Ok(Reflog::read(&self.local, name)?)
    }

    /// Finds the object whose id starts with these digits; `Ok(None)` if there is none.
    fn abbreviated(&self, hex: &[u8]) -> Result<Option<ObjectId>, Miss> {
        let width = self.local.object_hash().len_in_hex();
        if hex.len() < SHORTEST || hex.len() > width || !hex.iter().all(u8::is_ascii_hexdigit) {
            return Ok(None);
        }
        let mut padded = hex.to_vec();
        padded.resize(width, b'0');
        let id = ObjectId::from_hex(&padded).ok();
        let prefix = id.and_then(|id| gix::hash::Prefix::new(&id, hex.len()).ok());
        let mut candidates = HashSet::new();
        if let Some(prefix) = prefix {
            let found = self
                .local
                .objects
                .lookup_prefix(prefix, Some(&mut candidates));
            let what = "its objects";
            found.map_err(crate::git::gix_error::unreadable(self.repo.path(), what))?;
        }
        if candidates.len() > 1 {
            // As in git, only commits count if the abbreviation is that of several objects.
            candidates.retain(|id| {
                let object = self.local.find_object(*id);
                object.is_ok_and(|object| object.peel_to_commit().is_ok())
            });
            if candidates.is_empty() {
                return miss("several objects have this abbreviation, none of them a commit");
            }
        }
        let mut candidates: Vec<ObjectId> = candidates.into_iter().collect();
        candidates.sort_unstable();
        match candidates.as_slice() {
            [] => Ok(None),
            [id] => Ok(Some(*id)),
            [first, second, ..] => miss(format!(
                "it is ambiguous: {first} and {second}, for example, start with it"
            )),
        }
    }
}

/// Splits `NAME@{ENTRY}`; `None` for other names, such as `@{-1}` and `main@{u}`.
fn split_reflog(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = name.strip_suffix(b"}")?;
    let at = start.rfind(b"@{")?;
    let entry = &start[at + 2..];
    let marks: [&[u8]; 3] = [b"upstream", b"u", b"push"];
    let is_mark = marks.iter().any(|mark| entry.eq_ignore_ascii_case(mark));
    (!is_mark && !entry.is_empty() && !entry.starts_with(b"-")).then(|| (&name[..at], entry))
}
