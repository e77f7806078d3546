//! Negotiation: the objects to request, and the local ones that are announced.

use gix::negotiate::{Algorithm, Graph, Negotiator};
use gix::protocol::fetch::negotiate::{
    self, Action, Round, make_refmapping_ignore_predicate, one_round,
};
use gix::protocol::fetch::{Arguments, Negotiate, RefMap, Response};

use super::ReceiveOptions;
use crate::choice::Choice;

/// git's own negotiation, with a filter if one is set.
pub(crate) struct Negotiation<'a, 'b, 'c> {
    pub(crate) repo: &'a gix::Repository,
    pub(crate) map: &'a RefMap,
    pub(crate) options: &'a ReceiveOptions,
    pub(crate) graph: &'a mut Graph<'b, 'c>,
    pub(crate) negotiator: Box<dyn Negotiator>,
    pub(crate) lacks_filter: bool,
}

pub(crate) fn negotiator() -> Box<dyn Negotiator> {
    Algorithm::Consecutive.into_negotiator()
}

impl Negotiate for Negotiation<'_, '_, '_> {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<Action> {
        negotiate::mark_complete_and_common_ref(
            &self.repo.objects,
            &self.repo.refs,
            // Objects of alternates are found in the object database; their refs are not announced.
            || Ok(std::iter::empty::<(gix::refs::file::Store, gix::OdbHandle)>()),
            &mut *self.negotiator,
            self.graph,
            self.map,
            &self.options.shallow,
            make_refmapping_ignore_predicate(self.options.tags, self.map),
        )
    }

    fn add_wants(&mut self, arguments: &mut Arguments, known: &[bool]) -> bool {
        if let Some(filter) = self.options.filter {
            if !arguments.can_use_filter() {
                self.lacks_filter = true;
                return false;
            }
            arguments.filter(filter.name());
        }
        negotiate::add_wants(
            &self.repo.objects,
            arguments,
            self.map,
            known,
            &self.options.shallow,
            make_refmapping_ignore_predicate(self.options.tags, self.map),
        )
    }

    fn one_round(
        &mut self,
        state: &mut one_round::State,
        arguments: &mut Arguments,
        previous: Option<&Response>,
    ) -> gix::Result<(Round, bool)> {
        negotiate::one_round(
            &mut *self.negotiator,
            self.graph,
            state,
            arguments,
            previous,
        )
    }
}
