//! Listings: all pages, each item once.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::exchange::{Exchange, Question};
use super::listing::RepositoryFilter;
use crate::error::{Error, Result};

/// A listing that is read page by page, to its end.
///
/// Items that are inserted while it is read push others to the next page; these come once all the same. What is deleted
/// meanwhile pulls others to a page that was read already: GitHub has no way to see those. Each item is known by its `id`,
/// or its name where it has none.
pub struct Pages {
    exchange: Arc<Exchange>,
    next: Option<String>,
    seen: HashSet<String>,
    /// Where the items are, if the answer is no plain list.
    items_at: Option<&'static str>,
    filter: Option<RepositoryFilter>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Pages {
    pub(super) fn new(exchange: Arc<Exchange>, route: String) -> Self {
        Self {
            exchange,
            next: Some(route),
            seen: HashSet::new(),
            items_at: None,
            filter: None,
        }
    }

    pub(super) fn items_at(mut self, name: &'static str) -> Self {
        self.items_at = Some(name);
        self
    }

    /// Only the repositories that `filter` wants.
    #[must_use]
    pub fn filtered_by(mut self, filter: RepositoryFilter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Where the listing goes on: keep it to go on later with [`GitHub::resume`](super::GitHub::resume). `None` at the end.
    pub fn cursor(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The items of the next page, those seen before and those that are filtered out left out; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`GitHub::get`](super::GitHub::get). After one, the same page may be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Value>>> {
        let Some(route) = self.next.clone() else {
            return Ok(None);
        };
        let answer = self.exchange.ask(&Question::get(route.clone())).await?;
        // GitHub says 204 where there is nothing to list, as for contributors of an empty repository.
        let mut body = answer.body;
        let items = match self.items_at {
            Some(name) => body[name].take(),
            None => body,
        };
        let items = match items {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            _ => return Err(Error::internal(format!("{route} is no listing"))),
        };
        let next = answer.link.as_deref().and_then(next_of);
        let base_url = self.exchange.base_url();
        self.next = next.map(|next| below(base_url, next)).transpose()?;
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            let is_new = identity(&item).is_none_or(|identity| self.seen.insert(identity));
            if is_new && self.filter.as_ref().is_none_or(|filter| filter.has(&item)) {
                kept.push(item);
            }
        }
        Ok(Some(kept))
    }

    /// All items that are left.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::next_page`].
    pub async fn collect(mut self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        while let Some(mut page) = self.next_page().await? {
            all.append(&mut page);
        }
        Ok(all)
    }
}

/// The target of `rel="next"` (RFC 8288).
fn next_of(link: &str) -> Option<&str> {
    link.split(',').find_map(|one| {
        let (target, parameters) = one.split_once(';')?;
        let is_next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim();
            parameter == "rel=\"next\"" || parameter == "rel=next"
        });
        is_next.then(|| target.trim().trim_start_matches('<').trim_end_matches('>'))
    })
}

/// The next page's route: what of its address lies below the base URL's path. Its host does not matter, ours is asked.
fn below(base_url: &str, next: &str) -> Result<String> {
    let path =
        |url: &str| url::Url::parse(url).map(|url| url.path().trim_end_matches('/').to_owned());
    let wrong = || Error::internal(format!("the next page is at {next}"));
    let (base, parsed) = (
        path(base_url).map_err(|_| wrong())?,
        url::Url::parse(next).map_err(|_| wrong())?,
    );
    let route = parsed
        .path()
        .strip_prefix(&base)
        .filter(|route| route.starts_with('/'));
    match (route, parsed.query()) {
        (Some(route), Some(query)) => Ok(format!("{route}?{query}")),
        (Some(route), None) => Ok(route.to_owned()),
        (None, _) => Err(wrong()),
    }
}

/// What an item is known by.
fn identity(item: &Value) -> Option<String> {
    let names = ["id", "node_id", "name", "sha", "email", "login"];
    let known = names
        .iter()
        .map(|name| &item[*name])
        .find(|value| !value.is_null())?;
    Some(known.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found() {
        let link = r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?page=3>; rel="next""#;
        assert_eq!(next_of(link), Some("https://api.github.com/x?page=3"));
        assert_eq!(
            next_of(r#"<https://api.github.com/x?page=1>; rel="last""#),
            None
        );
        let next = "https://h/organizations/1/repos?page=2";
        assert_eq!(
            below("https://h", next).unwrap(),
            "/organizations/1/repos?page=2"
        );
        let next = "https://h/api/v3/repositories/1/tags?page=2";
        assert_eq!(
            below("https://h/api/v3", next).unwrap(),
            "/repositories/1/tags?page=2"
        );
        assert!(below("https://h/api/v3", "https://h/elsewhere").is_err());
    }
}
