//! `mine`, `clone` and `update`: many repositories.

use super::args::{CloneArgs, MineArgs, UpdateArgs};
use super::interrupt;
use super::many::{Line, bars, inputs, print};
use super::streams::Streams;
use crate::edge::inputs::look_up;
use crate::error::Result;
use crate::fleet::{self, Fleet};
use crate::remote::{RefChange, UpdateOutcome};

pub(super) fn mine(args: &MineArgs, streams: &mut Streams) -> Result<u8> {
    let targets = inputs(&args.targets, &args.fleet.many)?;
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let targets = look_up(&targets, None, cancel)?;
    let options = args.options()?;
    let (bars, context) = bars(&args.fleet.many, streams, targets.len(), cancel);
    let report = fleet::mine(targets, &args.output, &options, &context)?;
    bars.clear();
    print(&report, &args.fleet.many, streams, |target, mined| {
        let rows: Vec<String> = mined
            .rows
            .iter()
            .map(|(table, rows)| format!("{rows} {table}"))
            .collect();
        let rows = rows.join(", ");
        let line = if mined.was_finished {
            format!("unchanged {target}: {rows}")
        } else {
            format!("mined {target}: {rows} in {:.1} s", mined.seconds)
        };
        let json = serde_json::json!({
            "target": target, "status": if mined.was_finished { "unchanged" } else { "done" }, "path": mined.path.to_string_lossy(),
            "head": mined.head, "rows": mined.rows, "warnings": mined.warnings, "seconds": mined.seconds,
        });
        Line::new(line, &mined.warnings, json)
    })
}

pub(super) fn clone(args: &CloneArgs, streams: &mut Streams) -> Result<u8> {
    let urls = inputs(&args.urls, &args.fleet.many)?;
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let targets = look_up(&urls, None, cancel)?;
    let urls = targets
        .into_iter()
        .map(|input| input.map(|target| target.url().clone()));
    let mut fleet = Fleet::new(&args.output);
    fleet.options = args.options()?;
    fleet.fleet = args.fleet_options();
    fleet.existing = args.existing;
    let (bars, context) = bars(&args.fleet.many, streams, urls.len(), cancel);
    let report = fleet.clone_all(urls, &context)?;
    bars.clear();
    print(&report, &args.fleet.many, streams, |url, cloned| {
        let path = cloned.path.display();
        let (line, status) = if cloned.was_there {
            (format!("unchanged {url} at {path}"), "unchanged")
        } else {
            (format!("cloned {url} to {path}"), "done")
        };
        let head = cloned.head.map(|head| head.to_string());
        let json = serde_json::json!({
            "target": url, "status": status, "path": cloned.path.to_string_lossy(), "head": head, "received_bytes": cloned.received_bytes,
            "final_url": cloned.final_url, "warnings": cloned.warnings,
        });
        Line::new(line, &cloned.warnings, json)
    })
}

pub(super) fn update(args: &UpdateArgs, streams: &mut Streams) -> Result<u8> {
    let paths = inputs(&args.directories, &args.fleet.many)?;
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let mut fleet = Fleet::new("");
    fleet.options = args.options();
    fleet.fleet = args.fleet_options();
    let (bars, context) = bars(&args.fleet.many, streams, paths.len(), cancel);
    let report = fleet.update_all(&paths, &context);
    bars.clear();
    print(&report, &args.fleet.many, streams, |path, updated| {
        let (line, status) = match (updated.is_unchanged(), updated.was_rewritten()) {
            (true, _) => (format!("unchanged {path}"), "unchanged"),
            (_, true) => (
                format!("updated {path}: {}; history was rewritten", counts(updated)),
                "done",
            ),
            _ => (format!("updated {path}: {}", counts(updated)), "done"),
        };
        let refs: Vec<_> = updated.refs.iter().map(|one| serde_json::json!({
            "name": String::from_utf8_lossy(&one.name), "change": one.change.name(),
            "old": one.old_id.map(|id| id.to_string()), "new": one.new_id.map(|id| id.to_string()),
        })).collect();
        let default = updated.new_default_branch.as_ref().map(ToString::to_string);
        let forwarded = updated.forwarded_branch.as_ref().map(ToString::to_string);
        let json = serde_json::json!({
            "target": path, "status": status, "url": updated.url, "head": updated.head.map(|head| head.to_string()),
            "refs": refs, "new_default_branch": default, "forwarded_branch": forwarded, "was_rewritten": updated.was_rewritten(),
            "received_bytes": updated.received_bytes, "warnings": updated.warnings,
        });
        Line::new(line, &updated.warnings, json)
    })
}

/// The number of refs per kind of change: `2 created, 1 deleted`.
fn counts(updated: &UpdateOutcome) -> String {
    let mut parts = Vec::new();
    for change in RefChange::ALL {
        let count = updated
            .refs
            .iter()
            .filter(|one| one.change == *change)
            .count();
        if count > 0 {
            parts.push(format!("{count} {}", change.name()));
        }
    }
    if let Some(name) = &updated.new_default_branch {
        parts.push(format!(
            "default branch now {}",
            String::from_utf8_lossy(name)
        ));
    }
    if let Some(name) = &updated.forwarded_branch {
        parts.push(format!(
            "working tree now at the origin's {}",
            String::from_utf8_lossy(name.strip_prefix(b"refs/heads/").unwrap_or(name))
        ));
    }
    parts.join(", ")
}
