//! `verify`: whether clones and datasets are whole.

use super::args::VerifyArgs;
use super::interrupt;
use super::many::{Line, bars, inputs, print};
use super::streams::Streams;
use crate::error::Result;
use crate::fleet;

pub(super) fn verify(args: &VerifyArgs, streams: &mut Streams) -> Result<u8> {
    let paths = inputs(&args.paths, &args.many)?;
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let (bars, context) = bars(&args.many, streams, paths.len(), cancel);
    let report = fleet::verify(paths, &args.options(), &context)?;
    bars.clear();
    print(&report, &args.many, streams, |path, verified| {
        let counts = verified.counts.iter();
        let counts: Vec<String> = counts
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let (status, text) = if verified.is_whole() {
            ("whole", counts.join(", "))
        } else {
            match verified.problems.len() {
                1 => ("damaged", "1 problem".to_owned()),
                problems => ("damaged", format!("{problems} problems")),
            }
        };
        let json = serde_json::json!({
            "target": path, "status": status, "path": verified.path.to_string_lossy(), "counts": verified.counts,
            "problems": verified.problems, "warnings": verified.warnings,
        });
        let mut line = Line::new(format!("{status} {path}: {text}"), &verified.warnings, json);
        line.problems.clone_from(&verified.problems);
        line
    })
}
