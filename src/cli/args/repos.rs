//! Options of `repos`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::choice::choice;
use crate::edge::environment::day_or_date;
use crate::error::Result;
use crate::providers::github::{RepositoryFilter, Visibility};

/// The repositories to list, and the output format.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ReposArgs {
    /// Users, organisations, or OWNER/NAME
    #[arg(value_name = "OWNER", required_unless_present = "search")]
    pub(in crate::cli) owners: Vec<String>,
    /// Repositories that match a search in GitHub's syntax, such as "topic:git stars:>100"
    #[arg(long, value_name = "QUERY")]
    pub(in crate::cli) search: Option<String>,
    /// Forks: list them, leave them out, or list only them
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Which::Include)]
    forks: Which,
    /// Archived repositories: list them, leave them out, or list only them
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Which::Include)]
    archived: Which,
    /// Only repositories whose main language is this
    #[arg(long, value_name = "NAME")]
    language: Option<String>,
    /// Only repositories with this topic; may be given several times
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// List only repositories with this visibility
    #[arg(long, value_name = "VISIBILITY", value_parser = choice::<Visibility>())]
    visibility: Option<Visibility>,
    /// Only repositories with a push since this date, such as "6 months ago" or 2024-05-01 (UTC)
    #[arg(long, value_name = "DATE")]
    pushed_since: Option<String>,
    /// Format of the rows [default: by the name of FILE; a table on a terminal, else csv]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(in crate::cli) format: Option<ReposFormat>,
    /// Print only these columns, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(in crate::cli) columns: Vec<String>,
    /// Write to FILE, which is created or replaced only when all rows are written
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// URL of the API, for GitHub Enterprise: <https://HOST/api/v3> [default: `GITHUB_API_URL`,
    /// else GitHub's]
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) api_url: Option<String>,
}

impl ReposArgs {
    pub(in crate::cli) fn filter(&self) -> Result<RepositoryFilter> {
        let pushed_since = self.pushed_since.as_deref().map(day_or_date).transpose()?;
        Ok(RepositoryFilter::new()
            .forks(self.forks.wanted())
            .archived(self.archived.wanted())
            .language(self.language.clone())
            .topics(self.topic.clone())
            .visibility(self.visibility)
            .pushed_since(pushed_since))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Which {
    Include,
    Exclude,
    Only,
}

impl Which {
    fn wanted(self) -> Option<bool> {
        match self {
            Self::Include => None,
            Self::Exclude => Some(false),
            Self::Only => Some(true),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum ReposFormat {
    /// A table for reading, cut to the width of the terminal
    Table,
    /// Comma-separated values
    Csv,
    /// A JSON object per line
    Jsonl,
    /// Parquet
    Parquet,
    /// Arrow IPC stream
    Arrow,
    /// An https URL per line, for `gitfleet mine -`
    Urls,
    /// An ssh URL per line
    SshUrls,
}
