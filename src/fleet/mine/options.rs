//! The options of mining.

use std::path::PathBuf;

use crate::choice::{Choice, choices};
use crate::fleet::run::FleetOptions;
use crate::fleet::schedule::RetryOptions;
use crate::git::HistoryOptions;
use crate::remote::CloneOptions;
use crate::settings::settings;

choices! {
    /// A table of a dataset.
    pub enum Table: "table" {
        /// One row per commit.
        Commits = "commits",
        /// One row per file that a commit changed.
        Changes = "changes",
        /// One row per run of lines that one commit wrote.
        Blame = "blame",
    }
}

settings! {
    /// The options of mining.
    pub struct MineOptions {
        /// The tables to write.
        pub tables: Vec<Table> = Table::ALL.to_vec(),
        /// The revision of each repository to mine; `None` is `HEAD`. An empty repository is mined
        /// without a revision.
        pub rev: Option<String> = None,
        /// The selection of commits, and the rules for counting lines. Setting `rev` or `all_refs`
        /// in it is an error.
        pub history: HistoryOptions = HistoryOptions::default(),
        /// Options for cloning remote targets. The option `trust` also applies to local targets.
        pub clone_options: CloneOptions = CloneOptions::default(),
        /// The directory where clones of remote targets are kept, at `<dir>/<host>/<owner>/<name>`.
        /// If `None`, each clone is removed after it is mined.
        pub keep_clones: Option<PathBuf> = None,
        /// Number of repositories mined at once; 0 means half the number of threads.
        pub jobs: usize = 0,
        /// Number of repositories cloned at once while others are mined.
        pub clone_jobs: usize = FleetOptions::default().jobs,
        /// Largest number of repositories cloned or mined at once from one host.
        pub jobs_per_host: usize = FleetOptions::default().jobs_per_host,
        /// Total number of threads for all repositories; 0 is one per core.
        pub threads: usize = 0,
        /// Retries after temporary failures of the network.
        pub retry: RetryOptions = RetryOptions::default(),
    }
}

impl MineOptions {
    /// The options that affect the rows. A dataset that was made with others is refused.
    pub(super) fn fingerprint(&self) -> serde_json::Value {
        serde_json::json!({
            "tables": self.wanted_tables(),
            "rev": self.revision(),
            "history": self.history,
            "diff_merges": self.history.merge_policy(),
        })
    }

    /// The tables to write, each once, in the order of [`Table::ALL`].
    pub(super) fn wanted_tables(&self) -> Vec<Table> {
        let all = Table::ALL.iter().copied();
        all.filter(|table| self.writes(*table)).collect()
    }

    pub(super) fn revision(&self) -> &str {
        self.rev.as_deref().unwrap_or("HEAD")
    }

    pub(super) fn writes(&self, table: Table) -> bool {
        self.tables.contains(&table)
    }
}
