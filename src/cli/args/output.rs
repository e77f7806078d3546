//! Options of the commands that print rows.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::edge::inputs::trust;
use crate::error::Result;
use crate::git::{CACHE_BYTES, OpenOptions};
use crate::workers::Workers;

/// Options for the output of rows.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(in crate::cli) struct OutputArgs {
    /// Format of the rows [default: by the extension of FILE, else table on a terminal and csv
    /// elsewhere]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(in crate::cli) format: Option<FormatArg>,
    /// In CSV, write bytes that are not UTF-8 as git stores them, not as U+F700 + byte
    #[arg(long)]
    pub(in crate::cli) raw_bytes: bool,
    /// Print only these columns, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(in crate::cli) columns: Vec<String>,
    /// Write to FILE, which is created or replaced only when all rows are written
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Number of threads [default: one per core]
    #[arg(
        long,
        short = 'j',
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub(in crate::cli) threads: usize,
    /// Size of the cache for decoded objects, in MiB
    #[arg(long, value_name = "MIB", default_value_t = CACHE_BYTES >> 20)]
    pub(in crate::cli) cache: usize,
    /// Show no progress
    #[arg(long, short = 'q')]
    pub(in crate::cli) quiet: bool,
    /// Read the repository even if it belongs to another user
    #[arg(long)]
    pub(in crate::cli) trust: bool,
}

impl OutputArgs {
    pub(in crate::cli) fn open_options(&self) -> Result<OpenOptions> {
        Ok(OpenOptions {
            trust: trust(self.trust),
            workers: Some(Workers::new(self.threads)?),
            cache_bytes: Some(self.cache.saturating_mul(1 << 20)),
            ..OpenOptions::default()
        })
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum FormatArg {
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
}
