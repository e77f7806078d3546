//! Fetches objects by id: those that a partial clone left out.

use gix::ObjectId;
use gix::protocol::fetch::Shallow;

use super::ask::Ask;
use super::{Connection, Counters, ReceiveOptions};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::remote::options::Filter;

/// Largest number of ids in one request: a server keeps all in memory until it answers.
const BATCH: usize = 50_000;

impl Connection<'_> {
    /// Fetches the objects `ids`. For a tree, all trees below it are fetched too. As in git, blobs
    /// are fetched only if `ids` contains them. The error names an object that is missing.
    pub(crate) fn receive_ids(
        &mut self,
        repo: &gix::Repository,
        ids: &[ObjectId],
        options: &ReceiveOptions,
        counters: &Counters,
    ) -> Result<()> {
        for (number, ids) in ids.chunks(BATCH).enumerate() {
            if number > 0 && self.ends_after_pack() {
                *self = Connection::open(self.remote, self.monitor)?;
            }
            let ask = Ask {
                wants: ids.to_vec(),
                boundary: Vec::new(),
                depth: Shallow::NoChange,
                filter: Some(Filter::Blobs.name()),
                include_tags: false,
            };
            self.take(&ask, None, repo, options, counters)?;
            if let Some(absent) = ids.iter().find(|id| !repo.has_object(**id)) {
                return Err(Error::Refused {
                    subject: self.remote.url().to_string(),
                    reason: format!("the server left out {absent}, which was requested"),
                });
            }
        }
        Ok(())
    }
}
