//! `:/text` and `^{/text}`: the youngest commit whose message matches.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::Kind;

use super::{Miss, Names, miss};
use crate::error::Result;
use crate::git::commit::CommitObject;
use crate::git::objects::find_object;
use crate::git::pattern::Pattern;

impl Names<'_> {
    /// Finds the youngest commit of all refs and `HEAD` whose message matches.
    pub(super) fn youngest_of_all(&self, text: &[u8]) -> Result<ObjectId, Miss> {
        if text.is_empty() {
            return miss("it has no text to search for");
        }
        let mut tips = Vec::new();
        tips.extend(self.repo.refs()?.into_iter().map(|found| found.peeled_id.0));
        tips.extend(self.repo.head()?.commit_id().map(|id| id.0));
        self.youngest(&tips, text)
    }

    /// Finds the youngest ancestor of `tips` whose message matches, as git does: the text after the
    /// headers, with all its lines. `!-` before the text inverts it, and `!!` stands for `!`.
    pub(super) fn youngest(&self, tips: &[ObjectId], text: &[u8]) -> Result<ObjectId, Miss> {
        let (is_negated, regex) = match text {
            [b'!', b'-', rest @ ..] => (true, rest),
            [b'!', b'!', ..] => (false, &text[1..]),
            [b'!', ..] => {
                return miss("a `!` before a text to search for is followed by `!` or `-`");
            }
            _ => (false, text),
        };
        let pattern = Pattern::of_whole_text(&regex.to_str_lossy())?;
        let found = self.first_match(tips, |message| pattern.matches(message) != is_negated);
        let found = found.map_err(Miss::Failure)?;
        found.map_or_else(
            || {
                miss(format!(
                    "no commit has a message that matches `{}`",
                    text.as_bstr()
                ))
            },
            Ok,
        )
    }

    /// Returns the first commit with such a message in a walk from `tips` by committer date.
    fn first_match(
        &self,
        tips: &[ObjectId],
        is_match: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<ObjectId>> {
        let find = |id| find_object(&self.local, id);
        let (mut queue, mut seen, mut order) = (BinaryHeap::new(), HashSet::new(), 0_u64);
        let mut add = |queue: &mut BinaryHeap<_>, id: ObjectId| -> Result<()> {
            let data = find(id)?.filter(|object| object.kind == Kind::Commit);
            if let Some(object) = data
                && seen.insert(id)
                && let Some(commit) = CommitObject::parse(&object.data)
            {
                order += 1;
                queue.push((commit.committer_date(), Reverse(order), id));
            }
            Ok(())
        };
        for tip in tips {
            add(&mut queue, *tip)?;
        }
        while let Some((_, _, id)) = queue.pop() {
            let Some(object) = find(id)? else {
                return Ok(None);
            };
            let message = object.data.find(b"\n\n").map(|end| &object.data[end + 2..]);
            if message.is_some_and(&is_match) {
                return Ok(Some(id));
            }
            for parent in self.parents(id)? {
                add(&mut queue, parent)?;
            }
        }
        Ok(None)
    }
}
