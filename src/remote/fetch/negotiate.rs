//! The objects to request, and the local ones to name.

use std::collections::HashSet;

use gix::ObjectId;
use gix::negotiate::{Algorithm, Graph, Negotiator};
use gix::objs::Kind;
use gix::protocol::fetch::negotiate::{
    Action, make_refmapping_ignore_predicate, mark_complete_and_common_ref,
};
use gix::protocol::fetch::{RefMap, Shallow};

use super::ReceiveOptions;
use super::exchange::LocalHistory;
use crate::git::peel::peel_tags;

/// Returns the objects to request for `map` and the local history; `None` if all objects are here.
/// Those in `incomplete` are here, but lack some of what they need.
pub(super) fn wanted<'a, 'b, 'c>(
    repo: &gix::Repository,
    map: &RefMap,
    incomplete: &HashSet<ObjectId>,
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
    let known = match action {
        Action::MustNegotiate {
            remote_ref_target_known: known,
        } => known,
        _ if incomplete.is_empty() => return Ok(None),
        _ => {
            add_tips(repo, &mut *negotiator, graph)?;
            vec![true; map.mappings.len()]
        }
    };
    let is_whole = |id: &gix::hash::oid| !incomplete.contains(id);
    let is_left_out = make_refmapping_ignore_predicate(options.tags, map);
    // A server that is not asked for a commit again would not deepen its history.
    let deepens = options.shallow != Shallow::NoChange;
    let mapped = map.mappings.iter().zip(&known);
    let mapped = mapped.filter(|(mapping, known)| {
        let is_known = **known && mapping.remote.as_id().is_none_or(is_whole);
        (deepens || !is_known) && !is_left_out(mapping)
    });
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
        is_whole(id) && header.is_some_and(|header| header.kind() == Kind::Tag)
    };
    let tags = wants.iter().copied().filter(is_tag).collect();
    let history = LocalHistory {
        negotiator,
        graph,
        tags,
    };
    Ok(Some((wants, history)))
}

/// Names the commits of all refs to the negotiator.
fn add_tips(
    repo: &gix::Repository,
    negotiator: &mut dyn Negotiator,
    graph: &mut Graph<'_, '_>,
) -> gix::Result {
    for reference in repo.references()?.all()?.flatten() {
        // The target of a symbolic ref is a ref too.
        if let Some(id) = reference.try_id()
            && let Ok(Some(id)) = peel_tags(repo, id.detach())
            && graph.get_or_insert_commit(id, |_| {})?.is_some()
        {
            negotiator.add_tip(id, graph)?;
        }
    }
    Ok(())
}
