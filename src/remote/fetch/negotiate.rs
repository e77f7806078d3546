//! The objects to request, and the local ones to name.

use gix::ObjectId;
use gix::negotiate::{Algorithm, Graph};
use gix::objs::Kind;
use gix::protocol::fetch::negotiate::{
    Action, make_refmapping_ignore_predicate, mark_complete_and_common_ref,
};
use gix::protocol::fetch::{RefMap, Shallow};

use super::ReceiveOptions;
use super::exchange::LocalHistory;

/// Returns the objects to request for `map` and the local history; `None` if all objects are here.
pub(super) fn wanted<'a, 'b, 'c>(
    repo: &gix::Repository,
    map: &RefMap,
    options: &ReceiveOptions,
    graph: &'a mut Graph<'b, 'c>,
) -> gix::Result<Option<(Vec<ObjectId>, LocalHistory<'a, 'b, 'c>)>> {
    let mut negotiator = Algorithm::Consecutive.into_negotiator();
    let action = mark_complete_and_common_ref(
        &repo.objects,
        &repo.refs,
        // Objects of alternates are found in the object database; their refs are not announced.
        || Ok(std::iter::empty::<(gix::refs::file::Store, gix::OdbHandle)>()),
        &mut *negotiator,
        graph,
        map,
        &options.shallow,
        make_refmapping_ignore_predicate(options.tags, map),
    )?;
    let Action::MustNegotiate {
        remote_ref_target_known: known,
    } = action
    else {
        return Ok(None);
    };
    let is_left_out = make_refmapping_ignore_predicate(options.tags, map);
    // A server that is not asked for a commit again would not deepen its history.
    let deepens = options.shallow != Shallow::NoChange;
    let mapped = map.mappings.iter().zip(&known);
    let mapped = mapped.filter(|(mapping, known)| (deepens || !**known) && !is_left_out(mapping));
    let mut wants: Vec<ObjectId> = mapped
        .filter_map(|(mapping, _)| mapping.remote.as_id())
        .map(ToOwned::to_owned)
        .collect();
    wants.sort_unstable();
    wants.dedup();
    if wants.is_empty() {
        return Ok(None);
    }
    let is_tag = |id: &ObjectId| {
        let header = repo.try_find_header(*id).ok().flatten();
        header.is_some_and(|header| header.kind() == Kind::Tag)
    };
    let tags = wants.iter().copied().filter(is_tag).collect();
    let history = LocalHistory {
        negotiator,
        graph,
        tags,
    };
    Ok(Some((wants, history)))
}
