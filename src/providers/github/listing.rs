//! Filters for listings of repositories. GitHub has few filters of its own, so these check each
//! item.

use serde_json::Value;

use crate::choice::{Choice, choices};
use crate::json::Json;
use crate::settings::settings;

choices! {
    /// Visibility of a repository.
    pub enum Visibility: "visibility" {
        /// Visible to everybody.
        Public = "public",
        /// Visible to those who were given access.
        Private = "private",
        /// Visible to everybody of the enterprise.
        Internal = "internal",
    }
}

settings! {
    /// A filter for repositories. The default accepts all.
    pub struct RepositoryFilter {
        /// Only forks if true, only repositories that are not forks if false.
        pub forks: Option<bool> = None,
        /// Only archived repositories if true, only those that are not archived if false.
        pub archived: Option<bool> = None,
        /// Only repositories with this main language; case does not matter.
        pub language: Option<String> = None,
        /// Only repositories with all of these topics.
        pub topics: Vec<String> = Vec::new(),
        /// Only repositories with this visibility.
        pub visibility: Option<Visibility> = None,
        /// Only repositories with a push at or after this time, in seconds since the Unix epoch.
        pub pushed_since: Option<i64> = None,
    }
}

impl RepositoryFilter {
    /// Returns true if the filter accepts the repository with this metadata from GitHub.
    pub fn has(&self, item: &Json) -> bool {
        self.accepts(&item.0)
    }

    pub(super) fn accepts(&self, item: &Value) -> bool {
        let is = |name: &str, wanted: Option<bool>| {
            wanted.is_none_or(|wanted| item[name].as_bool().unwrap_or(false) == wanted)
        };
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        let topics = item["topics"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        is("fork", self.forks)
            && is("archived", self.archived)
            && self
                .language
                .as_ref()
                .is_none_or(|language| text("language").eq_ignore_ascii_case(language))
            && self
                .topics
                .iter()
                .all(|topic| topics.iter().any(|one| one == topic))
            && self.visibility.is_none_or(|visibility| {
                let seen = item["visibility"].as_str();
                let private = item["private"].as_bool().unwrap_or(false);
                seen.unwrap_or(if private { "private" } else { "public" }) == visibility.name()
            })
            && self.pushed_since.is_none_or(|since| {
                let pushed = text("pushed_at").parse::<jiff::Timestamp>();
                pushed.is_ok_and(|pushed| pushed.as_second() >= since)
            })
    }
}
