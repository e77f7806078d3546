//! Which repositories of a listing are wanted. GitHub's own filters are few; these look at each item.

use serde_json::Value;

use crate::choice::{Choice, choices};

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

/// Which repositories are wanted; the default is all.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RepositoryFilter {
    /// Only forks, or only those that are none.
    pub forks: Option<bool>,
    /// Only archived ones, or only those that are not.
    pub archived: Option<bool>,
    /// Only those mostly in this language, whatever the case.
    pub language: Option<String>,
    /// Only those with all of these topics.
    pub topics: Vec<String>,
    /// Only those that these people can see.
    pub visibility: Option<Visibility>,
    /// Only those with a push at or after this, in seconds since the Unix epoch.
    pub pushed_since: Option<i64>,
}

impl RepositoryFilter {
    /// Whether it wants the repository that GitHub says this of.
    pub fn has(&self, item: &Value) -> bool {
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
