//! `repos`: lists hosted repositories, as rows or as URLs for other commands.

use std::collections::HashSet;
use std::io::Write;

use super::args::{FormatArg, OutputArgs, ReposArgs, ReposFormat};
use super::exit::{DONE, FAILED};
use super::streams::Streams;
use crate::cancel::CancelToken;
use crate::edge::environment::github;
use crate::edge::hosted::{check_owner, look_up};
use crate::error::{Error, Result};
use crate::json::Json;
use crate::providers::github::{GitHub, RepositoryFilter, SearchOrder};
use crate::remote_url::without_user_info;
use crate::table::{Records, RepositoriesTable};

/// The default columns of the table on a terminal.
const COLUMNS: &[&str] = &[
    "full_name",
    "language",
    "stars",
    "size_kb",
    "pushed_at",
    "description",
];

pub(super) fn repos(args: &ReposArgs, streams: &mut Streams, cancel: &CancelToken) -> Result<u8> {
    let filter = args.filter()?;
    let client = github(args.api_url.as_deref(), None)?;
    let (found, errors) =
        crate::edge::blocking::run(cancel, async move |_| list(args, &client, filter).await)?;
    for (owner, error) in &errors {
        let _ = writeln!(
            streams.err,
            "error: {}: {}",
            without_user_info(owner),
            error.report()
        );
    }
    // Standard output gets the repositories that could be listed, even after an error. A file given
    // with -o is left unchanged after an error.
    if errors.is_empty() || args.output.is_none() {
        write(args, &found, streams)?;
    }
    Ok(if errors.is_empty() { DONE } else { FAILED })
}

type Found = (Vec<Json>, Vec<(String, Error)>);

/// Returns each repository once, and the error of each owner or search that could not be listed.
async fn list(args: &ReposArgs, github: &GitHub, filter: RepositoryFilter) -> Result<Found> {
    let (mut found, mut errors, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let mut add = |items: Vec<Json>| {
        found.extend(
            items
                .into_iter()
                .filter(|item| seen.insert(item.text("/full_name").map(str::to_owned))),
        );
    };
    for owner in &args.owners {
        let items = if owner.contains('/') {
            let named = look_up(&[format!("github:{owner}")], github).await;
            let targets = named
                .into_iter()
                .map(|(_, targets)| targets)
                .collect::<Result<Vec<_>>>();
            targets.map(|targets| {
                targets
                    .iter()
                    .flatten()
                    .filter_map(|target| target.about().cloned())
                    .filter(|about| filter.has(about))
                    .collect()
            })
        } else {
            match check_owner(owner) {
                Ok(()) => match github.repositories(owner, filter.clone()).await {
                    Ok(pages) => pages.collect().await,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            }
        };
        match items {
            Ok(items) => add(items),
            Err(error) => errors.push((owner.clone(), error)),
        }
    }
    if let Some(query) = &args.search {
        match github
            .search_repositories(query, &SearchOrder::default())
            .filtered_by(filter)
            .collect()
            .await
        {
            Ok(items) => add(items),
            Err(error) => errors.push((query.clone(), error)),
        }
    }
    Ok((found, errors))
}

fn write(args: &ReposArgs, found: &[Json], streams: &mut Streams) -> Result<()> {
    let format = match args.format {
        Some(ReposFormat::Urls | ReposFormat::SshUrls) => return write_urls(args, found, streams),
        Some(ReposFormat::Table) => Some(FormatArg::Table),
        Some(ReposFormat::Csv) => Some(FormatArg::Csv),
        Some(ReposFormat::Jsonl) => Some(FormatArg::Jsonl),
        Some(ReposFormat::Parquet) => Some(FormatArg::Parquet),
        Some(ReposFormat::Arrow) => Some(FormatArg::Arrow),
        None => None,
    };
    let mut table = RepositoriesTable::new();
    for about in found {
        let url = about.text("/clone_url").unwrap_or_default();
        let key = crate::RemoteUrl::parse(url).map(|url| url.key().to_string());
        table.push(&key.unwrap_or_default(), about);
    }
    let schema = table.schema().clone();
    let batch = table.take();
    let output = OutputArgs {
        format,
        columns: args.columns.clone(),
        output: args.output.clone(),
        ..OutputArgs::default()
    };
    let records = Records::new(schema, std::iter::once(batch));
    super::rows::write(records, &output, COLUMNS, streams).map(|_| ())
}

fn write_urls(args: &ReposArgs, found: &[Json], streams: &mut Streams) -> Result<()> {
    let is_ssh = args.format == Some(ReposFormat::SshUrls);
    let address = |about: &Json| {
        let url = about.text("/clone_url").unwrap_or_default();
        let url = match about.text("/ssh_url").filter(|_| is_ssh) {
            Some(ssh) => ssh.to_owned(),
            None if is_ssh => url.replacen("https://", "ssh://git@", 1),
            None => url.to_owned(),
        };
        let parsed = crate::RemoteUrl::parse(&url);
        parsed
            .is_ok_and(|url| url.local_path().is_none())
            .then_some(url)
    };
    let mut text = String::new();
    for about in found {
        match address(about) {
            Some(url) => text.extend([&url, "\n"]),
            None => {
                let name = about.text("/full_name").unwrap_or("a repository");
                let _ = writeln!(streams.err, "warning: {name:?} has no URL to clone from");
            }
        }
    }
    match &args.output {
        Some(path) => crate::edge::new_file::replace(path, text.as_bytes()),
        None => {
            let written = streams
                .out
                .write_all(text.as_bytes())
                .and_then(|()| streams.out.flush());
            written.map_err(Error::storage("write", "standard output"))
        }
    }
}
