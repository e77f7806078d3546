//! Listings: all pages, each item once.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::listing::RepositoryFilter;
use super::request::ApiRequest;
use super::requester::Requester;
use super::route::below;
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::json::Json;

/// A listing that is read page by page, to its end.
///
/// If an item is inserted while the listing is read, another item moves to the next page and is
/// received twice; it is returned only once. If an item is deleted while the listing is read,
/// another item moves to a page that was read already; it is missed, because GitHub offers no way
/// to detect this. Items are compared by `id`, or by all of their content if they have no `id`. All
/// pages are requested with the same identity, because another identity may see other items.
pub struct Pages {
    requester: Arc<Requester>,
    next: Option<String>,
    seen: HashSet<String>,
    /// Number of consecutive pages without a new item.
    repeats: u32,
    /// Routes of the pages read so far.
    routes: HashSet<String>,
    /// Key of the identity that requested the first page.
    identity: Option<String>,
    /// Name of the field with the items, if the answer is not a plain list.
    items_at: Option<&'static str>,
    filter: Option<RepositoryFilter>,
}

/// Largest number of consecutive pages without a new item. If there are more, the listing fails:
/// inserted items cannot be the cause, so the server repeats pages.
const MOST_REPEATS: u32 = 20;

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Pages {
    pub(super) fn new(requester: Arc<Requester>, route: String) -> Self {
        Self {
            requester,
            next: Some(route),
            seen: HashSet::new(),
            repeats: 0,
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

    /// The listing at a cursor.
    pub(super) fn at(requester: Arc<Requester>, cursor: &str) -> Self {
        let (route, identity) = cursor.split_once('#').unwrap_or((cursor, ""));
        let identity = Some(identity.to_owned()).filter(|identity| !identity.is_empty());
        Self::new(requester, route.to_owned()).asked_as(identity)
    }

    /// Sets the identity that all pages are requested with.
    pub(super) fn asked_as(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
        self
    }

    /// Restricts the listing to repositories that `filter` accepts.
    #[must_use]
    pub fn filtered_by(mut self, filter: RepositoryFilter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The cursor of the next page, for continuing later with
    /// [`GitHub::resume`](super::GitHub::resume). `None` at the end.
    ///
    /// It is a route, followed by `#` and the key of the identity if there are several accounts.
    pub fn cursor(&self) -> Option<String> {
        let route = self.next.as_deref()?;
        Some(match &self.identity {
            Some(identity) if self.requester.pool.accounts() > 1 => format!("{route}#{identity}"),
            _ => route.to_owned(),
        })
    }

    /// Returns the items of the next page, without those seen before and those that are filtered
    /// out; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`GitHub::get`](super::GitHub::get). After an error, the same page may be requested
    /// again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Json>>> {
        let Some(route) = self.next.clone() else {
            return Ok(None);
        };
        let request = ApiRequest {
            identity: self.identity.clone(),
            ..ApiRequest::get(route.clone())
        };
        let answer = self.requester.ask(&request).await?;
        self.identity = Some(answer.identity);
        // GitHub answers 204 if the list is empty, as for contributors of an empty repository.
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
                    ServiceError::new(ErrorKind::Refused, route, "the answer is not a list");
                return Err(Error::service(error));
            }
        };
        let next = answer.link.as_deref().and_then(next_of);
        let base_url = self.requester.base_url();
        let next = next.map(|next| below(base_url, next)).transpose()?;
        // A cached full page does not change when items are appended after it, so its cached link
        // may lack the next page.
        let next = next.or_else(|| {
            let following = answer.is_old_link.then(|| following(&route, items.len()));
            following.flatten()
        });
        self.routes.insert(route.clone());
        if next.as_ref().is_some_and(|next| self.routes.contains(next)) {
            let error = ServiceError::new(ErrorKind::Refused, route, "its pages form a loop");
            return Err(Error::service(error));
        }
        self.next = next;
        let mut kept = Vec::with_capacity(items.len());
        let seen_before = self.seen.len();
        let is_page = !items.is_empty();
        for item in items {
            let is_new = self.seen.insert(identity(&item));
            if is_new
                && self
                    .filter
                    .as_ref()
                    .is_none_or(|filter| filter.accepts(&item))
            {
                kept.push(Json(item));
            }
        }
        self.repeats = if is_page && self.seen.len() == seen_before {
            self.repeats + 1
        } else {
            0
        };
        if self.repeats > MOST_REPEATS {
            self.next = None;
            let error = ServiceError::new(ErrorKind::Refused, route, "its pages repeat items");
            return Err(Error::service(error));
        }
        Ok(Some(kept))
    }

    /// Returns all remaining items.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::next_page`].
    pub async fn collect(mut self) -> Result<Vec<Json>> {
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
        // Parameters end at the next comma outside of quotation marks.
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

/// The route of the page after a full one, for listings whose pages are numbered.
fn following(route: &str, items: usize) -> Option<String> {
    let (path, query) = route.split_once('?')?;
    let (mut page, mut size, mut others) = (1, None, Vec::new());
    for part in query.split('&') {
        match part.split_once('=') {
            Some(("page", number)) => page = number.parse::<u64>().ok()?,
            Some(("per_page", number)) => {
                size = number.parse::<usize>().ok();
                others.push(part);
            }
            _ => others.push(part),
        }
    }
    let number = page + 1;
    (size == Some(items)).then(|| format!("{path}?{}&page={number}", others.join("&")))
}

/// Returns the key by which items are compared: the id; the name for a branch, which has no id and
/// whose commit may change; otherwise the whole item.
fn identity(item: &Value) -> String {
    let mut known = ["id", "node_id"].iter().map(|name| &item[*name]);
    let known = known.find(|value| !value.is_null());
    let name = || Some(&item["name"]).filter(|name| name.is_string() && item["commit"].is_object());
    known.or_else(name).unwrap_or(item).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_page_is_found() {
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
        let next = "/api/v3/user/repos?page=2";
        assert_eq!(
            below("https://h/api/v3", next).unwrap(),
            "/user/repos?page=2"
        );
    }

    #[test]
    fn full_page_may_have_a_next_page() {
        let first = "/user/repos?per_page=100&sort=pushed";
        let second = "/user/repos?per_page=100&sort=pushed&page=2";
        assert_eq!(following(first, 100).as_deref(), Some(second));
        let third = "/user/repos?per_page=100&sort=pushed&page=3";
        assert_eq!(following(second, 100).as_deref(), Some(third));
        assert_eq!(following(first, 99), None);
        assert_eq!(following("/user/repos", 30), None);
    }
}
