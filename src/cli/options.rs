//! What was typed, as options of the library.

use std::ffi::OsString;
use std::time::Duration;

use super::args::{CountingArgs, FleetArgs, MergePolicy, MissingArg, RenamesArg, SelectionArgs};
use crate::edge::credentials;
use crate::edge::environment::{date, net_options, with_credentials, words};
use crate::error::Result;
use crate::git::{
    HistoryOptions, MergeCommits, Merges, MissingBlobs, Order, PatternSyntax, Renames, Trust,
};
use crate::remote::CloneOptions;

/// Options of a clone from what was typed and from the environment.
pub(crate) fn clone_options(args: &FleetArgs) -> CloneOptions {
    let typed = &args.net;
    let mut net = net_options();
    if typed.ca_bundle.is_some() {
        net.ca_bundle.clone_from(&typed.ca_bundle);
    }
    if typed.proxy.is_some() {
        net.proxy.clone_from(&typed.proxy);
    }
    net.idle_timeout = Duration::from_secs(typed.timeout);
    net.connect_timeout = Duration::from_secs(typed.connect_timeout);
    net.least_bytes_per_second = typed.min_rate;
    net.allow_clear_text_credentials = typed.allow_clear_text;
    if let Some(command) = &typed.ssh_command {
        net.ssh_command = words(command);
    }
    let command = typed.credential_command.clone();
    let ask = credentials::ask(command, typed.git_credentials);
    let mut options = with_credentials(net, ask);
    options.trust = trust(args.trust);
    options.limits.bytes = typed.max_size.map(|size| size.saturating_mul(1 << 20));
    options.limits.objects = typed.max_objects;
    options.limits.time = typed.max_time.map(Duration::from_secs);
    options.limits.free_disk_bytes = typed.min_free.saturating_mul(1 << 20);
    options
}

pub(crate) fn trust(anyone: bool) -> Trust {
    if anyone { Trust::Anyone } else { Trust::Owner }
}

/// Options of a history walk.
pub(crate) fn history_options(args: &CountingArgs) -> Result<HistoryOptions> {
    let mut options = HistoryOptions::default();
    options.since = args.since.as_deref().map(date).transpose()?;
    options.until = args.until.as_deref().map(date).transpose()?;
    options.max_count = args.max_count;
    options.first_parent = args.first_parent;
    options.renames = match args.renames {
        RenamesArg::On => Renames::On,
        RenamesArg::Off => Renames::Off,
        RenamesArg::Copies => Renames::Copies,
    };
    options.merges = args.merges.map(|merges| match merges {
        MergePolicy::None => Merges::None,
        MergePolicy::FirstParent => Merges::FirstParent,
        MergePolicy::EachParent => Merges::EachParent,
    });
    options.missing = match args.missing {
        MissingArg::Allow | MissingArg::Fetch => MissingBlobs::Allow,
        MissingArg::Error => MissingBlobs::Error,
    };
    options.raw_identities = args.no_mailmap;
    Ok(options)
}

/// Adds what `args` asks for to `options`.
pub(crate) fn select(args: &SelectionArgs, options: &mut HistoryOptions) {
    options.revisions.clone_from(&args.rev);
    options.all_refs = args.all;
    let bytes = |path: &OsString| path.as_encoded_bytes().to_vec();
    options.paths = args.path.iter().map(bytes).collect();
    options.authors.clone_from(&args.author);
    options.committers.clone_from(&args.committer);
    options.grep.clone_from(&args.grep);
    options.pattern_syntax = match (args.extended_regexp, args.fixed_strings) {
        (true, _) => PatternSyntax::Extended,
        (_, true) => PatternSyntax::Fixed,
        _ => PatternSyntax::Basic,
    };
    options.ignore_case = args.ignore_case;
    options.merge_commits = match (args.no_merges, args.merges_only) {
        (true, _) => MergeCommits::Exclude,
        (_, true) => MergeCommits::Only,
        _ => MergeCommits::Include,
    };
    options.skip = args.skip;
    if args.topo_order {
        options.order = Order::Topo;
    }
}
