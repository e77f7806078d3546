//! What to mine, and how.

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
    /// What to mine, and how.
    pub struct MineOptions {
        /// The tables to write.
        pub tables: Vec<Table> = Table::ALL.to_vec(),
        /// The revision that is mined of each repository; `None` is `HEAD`, and none for an empty repository.
        pub rev: Option<String> = None,
        /// Which commits, and how lines are counted. Its `rev` and `all_refs` are refused here.
        pub history: HistoryOptions = HistoryOptions::default(),
        /// How remote targets are cloned, and whether local ones of other users are read.
        pub clone_options: CloneOptions = CloneOptions::default(),
        /// The directory where clones of remote targets stay, at `<dir>/<host>/<owner>/<name>`; `None` removes each clone
        /// when it is mined.
        pub keep_clones: Option<PathBuf> = None,
        /// Repositories mined at once; 0 is one for every two cores.
        pub jobs: usize = 0,
        /// Of these, the largest number from one host.
        pub jobs_per_host: usize = FleetOptions::default().jobs_per_host,
        /// Threads of all repositories together; 0 is one per core.
        pub threads: usize = 0,
        /// Retries after failures of the network that may pass.
        pub retry: RetryOptions = RetryOptions::default(),
    }
}

impl MineOptions {
    /// What decides the rows, and so whether a finished directory still is.
    pub(super) fn fingerprint(&self) -> serde_json::Value {
        serde_json::json!({
            "tables": self.wanted_tables(),
            "rev": self.revision(),
            "history": self.history,
            "diff_merges": self.history.merge_policy(),
        })
    }

    /// The tables to write, each once, in their own order.
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
