//! Fetches objects by id: those that a partial clone left out.

use gix::ObjectId;
use gix::protocol::fetch::negotiate::{Action, Round, one_round};
use gix::protocol::fetch::{Arguments, Negotiate, Response};

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
        for ids in ids.chunks(BATCH) {
            let mut negotiation = FetchByOid {
                ids,
                lacks_filter: false,
            };
            self.take(&mut negotiation, repo, options, counters)?;
            if negotiation.lacks_filter {
                return Err(self.without_filters());
            }
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

/// A negotiation that requests these ids and announces no local objects.
struct FetchByOid<'a> {
    ids: &'a [ObjectId],
    lacks_filter: bool,
}

impl Negotiate for FetchByOid<'_> {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<Action> {
        Ok(Action::MustNegotiate {
            remote_ref_target_known: Vec::new(),
        })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        if !arguments.can_use_filter() {
            self.lacks_filter = true;
            return false;
        }
        arguments.filter(Filter::Blobs.name());
        for id in self.ids {
            arguments.want(id);
        }
        true
    }

    fn one_round(
        &mut self,
        _state: &mut one_round::State,
        _arguments: &mut Arguments,
        _previous: Option<&Response>,
    ) -> gix::Result<(Round, bool)> {
        let round = Round {
            haves_sent: 0,
            in_vain: 0,
            haves_to_send: 0,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
