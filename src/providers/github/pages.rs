//! Listings: all pages, each item once.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::exchange::{Exchange, Question};
use super::listing::RepositoryFilter;
use crate::error::{Error, ErrorKind, Result, ServiceError};

/// A listing that is read page by page, to its end.
///
/// Items that are inserted while it is read push others to the next page; these come once all the same. What is deleted
/// meanwhile pulls others to a page that was read already: GitHub has no way to see those. Each item is known by its `id`;
/// what has none is known by all of it. All pages are asked for as the same identity: another may see other items.
pub struct Pages {
    exchange: Arc<Exchange>,
    next: Option<String>,
    seen: HashSet<String>,
    /// Pages that were read.
    routes: HashSet<String>,
    /// Who asked for the first one.
    identity: Option<String>,
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
            routes: HashSet::new(),
            identity: None,
            items_at: None,
            filter: None,
        }
    }

    pub(super) fn items_at(mut self, name: &'static str) -> Self {
        self.items_at = Some(name);
        self
    }

    /// Asked for as this identity.
    pub(super) fn asked_as(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
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
        let question = Question {
            identity: self.identity.clone(),
            ..Question::get(route.clone())
        };
        let answer = self.exchange.ask(&question).await?;
        self.identity = Some(answer.identity);
        // GitHub says 204 where there is nothing to list, as for contributors of an empty repository.
        let mut body = answer.body;
        let items = match self.items_at {
            Some(name) => body.get_mut(name).map(Value::take),
            None => Some(body),
        };
        let items = match items {
            Some(Value::Array(items)) => items,
            Some(Value::Null) if self.items_at.is_none() => Vec::new(),
            _ => {
                let error =
                    ServiceError::new(ErrorKind::Refused, route, "the answer is no listing");
                return Err(Error::service(error));
            }
        };
        let next = answer.link.as_deref().and_then(next_of);
        let base_url = self.exchange.base_url();
        let next = next.map(|next| below(base_url, next)).transpose()?;
        self.routes.insert(route.clone());
        if next.as_ref().is_some_and(|next| self.routes.contains(next)) {
            let error = ServiceError::new(ErrorKind::Refused, route, "its pages go in a circle");
            return Err(Error::service(error));
        }
        self.next = next;
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            let is_new = self.seen.insert(identity(&item));
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
    let mut rest = link;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        // Parameters go on to the next target; a comma in quotation marks is no end.
        let mut is_quoted = false;
        let end = after.find(|letter| {
            is_quoted ^= letter == '"';
            letter == ',' && !is_quoted
        });
        let parameters = &after[..end.unwrap_or(after.len())];
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut words = value.trim().trim_matches('"').split_whitespace();
            name.trim().eq_ignore_ascii_case("rel")
                && words.any(|word| word.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target);
        }
        rest = &after[end.unwrap_or(after.len())..];
    }
    None
}

/// The next page's route: what of its address lies below the base URL's path. Its host does not matter, ours is asked.
pub(super) fn below(base_url: &str, next: &str) -> Result<String> {
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

/// What an item is known by: its id, else all of it.
fn identity(item: &Value) -> String {
    let known = ["id", "node_id"]
        .iter()
        .map(|name| &item[*name])
        .find(|value| !value.is_null());
    known.unwrap_or(item).to_string()
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
