//! GitHub's API for Python. Answers are passed on as JSON text.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::error::{instance, to_py};
use super::keywords::{Date, Keywords};
use super::options;
use super::runtime::coroutine;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::mutex::lock;
use crate::providers::github::{
    Account, AppKey, CacheOptions, GitHub, GitHubOptions, Pages, RepositoryFilter, Visibility,
};
use crate::secret::Secret;

/// Connection settings for GitHub, as collected by the Python package.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Service {
    tokens: Vec<String>,
    /// App id, installation id, private key.
    apps: Vec<(String, u64, String)>,
    base_url: Option<String>,
    cache: Option<PathBuf>,
    cache_bytes: u64,
    reserve: u64,
    longest_wait: f64,
    retries: u32,
}

/// A filter for the repositories of a listing.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Wanted<'py> {
    forks: Option<bool>,
    archived: Option<bool>,
    language: Option<String>,
    topics: Vec<String>,
    visibility: Option<String>,
    pushed_since: Option<Bound<'py, PyAny>>,
}

impl Wanted<'_> {
    fn filter(self) -> PyResult<RepositoryFilter> {
        let mut filter = RepositoryFilter::new()
            .forks(self.forks)
            .archived(self.archived)
            .language(self.language)
            .topics(self.topics);
        let visibility = self.visibility.as_deref().map(Visibility::parse);
        filter.visibility = visibility.transpose().map_err(|error| to_py(&error))?;
        filter.pushed_since = match &self.pushed_since {
            Some(date) => Some(Date::of_service(date)?),
            None => None,
        };
        Ok(filter)
    }
}

/// A client; see `gitfleet.providers.GitHubClient`.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct GitHubService {
    github: GitHub,
}

/// The status of one token: username, validity, time of last use, and per bucket its name, limit,
/// remaining requests and reset time.
type Status = (
    Option<String>,
    bool,
    Option<f64>,
    Vec<(&'static str, Option<u64>, Option<u64>, Option<i64>)>,
);

#[pymethods]
impl GitHubService {
    #[new]
    #[pyo3(signature = (service, **options))]
    fn new(
        py: Python<'_>,
        service: Service,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut keywords = Keywords::new(py, options);
        let net = options::host(&mut keywords)?.net;
        keywords.finish()?;
        let mut options = GitHubOptions::default();
        let tokens = service
            .tokens
            .into_iter()
            .map(|token| Account::Token(Secret::new(token)));
        let apps = service
            .apps
            .into_iter()
            .map(|(app_id, installation_id, key)| {
                Account::App(AppKey {
                    app_id,
                    installation_id,
                    private_key: Secret::new(key),
                })
            });
        options.accounts = tokens.chain(apps).collect();
        options.base_url = service.base_url;
        options.cache = service.cache.map(|directory| {
            let mut cache = CacheOptions::at(directory);
            cache.most_bytes = service.cache_bytes;
            cache
        });
        options.reserve = service.reserve;
        options.longest_wait =
            Duration::try_from_secs_f64(service.longest_wait).map_err(|error| {
                let what = format!("longest_wait {}", service.longest_wait);
                to_py(&Error::invalid(what, error.to_string()))
            })?;
        options.retries = service.retries;
        options.net = net;
        let github = GitHub::new(options).map_err(|error| to_py(&error))?;
        Ok(Self { github })
    }

    fn get<'py>(&self, py: Python<'py>, route: String) -> PyResult<Bound<'py, PyAny>> {
        let github = self.github.clone();
        answer(py, async move { github.get(&route).await })
    }

    fn graphql<'py>(
        &self,
        py: Python<'py>,
        query: String,
        variables: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let github = self.github.clone();
        let variables: Json = variables.parse().map_err(|error| to_py(&error))?;
        answer(py, async move { github.graphql(&query, variables).await })
    }

    fn validate_credentials<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let github = self.github.clone();
        coroutine(py, async move {
            github
                .validate_credentials()
                .await
                .map_err(|error| to_py(&error))
        })
    }

    fn repositories<'py>(
        &self,
        py: Python<'py>,
        owner: String,
        wanted: Wanted<'_>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let github = self.github.clone();
        let filter = wanted.filter()?;
        coroutine(py, async move {
            let pages = github.repositories(&owner, filter).await;
            pages.map(Listing::new).map_err(|error| to_py(&error))
        })
    }

    /// A listing that starts at a route or cursor.
    #[pyo3(signature = (route, wanted = None))]
    fn listing(&self, route: &str, wanted: Option<Wanted<'_>>) -> PyResult<Listing> {
        let pages = self.github.resume(route);
        Ok(Listing::new(match wanted {
            Some(wanted) => pages.filtered_by(wanted.filter()?),
            None => pages,
        }))
    }

    /// The JSON of each repository, or an exception.
    fn metadata<'py>(
        &self,
        py: Python<'py>,
        repositories: Vec<(String, String)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let github = self.github.clone();
        coroutine(py, async move {
            let found = github.metadata(&repositories).await;
            let found = found.map_err(|error| to_py(&error))?.into_iter();
            let texts: Vec<_> = found.map(|one| Ok(one?.to_string())).collect();
            Python::attach(|py| {
                let one = |one: Result<String>| -> PyResult<Py<PyAny>> {
                    Ok(match one {
                        Ok(about) => PyBytes::new(py, about.as_bytes()).into_any().unbind(),
                        Err(error) => instance(py, &error)?.unbind(),
                    })
                };
                texts.into_iter().map(one).collect::<PyResult<Vec<_>>>()
            })
        })
    }

    fn statuses(&self) -> Vec<Status> {
        let statuses = self.github.token_statuses().into_iter();
        statuses
            .map(|status| {
                let buckets = status.buckets.iter();
                let buckets =
                    buckets.map(|one| (one.bucket.name(), one.limit, one.remaining, one.reset_at));
                (
                    status.username,
                    status.is_valid,
                    status.last_used,
                    buckets.collect(),
                )
            })
            .collect()
    }
}

/// A listing that is being read.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct Listing {
    pages: Arc<tokio::sync::Mutex<Reading>>,
    /// The cursor of the first page that was not taken yet.
    cursor: Mutex<Option<String>>,
}

/// A listing, and the page that was fetched but not taken yet. The page is kept here so that a
/// cancelled task does not lose it.
struct Reading {
    pages: Pages,
    page: Page,
}

enum Page {
    /// No page was requested.
    Unread,
    Here(String),
    End,
}

impl Listing {
    fn new(pages: Pages) -> Self {
        Self {
            cursor: Mutex::new(pages.cursor()),
            pages: Arc::new(tokio::sync::Mutex::new(Reading {
                pages,
                page: Page::Unread,
            })),
        }
    }
}

#[pymethods]
impl Listing {
    /// Returns the items of the next page, or `None` at the end. Repeated calls return the same
    /// page until it is taken.
    fn next_page<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let reading = Arc::clone(&self.pages);
        coroutine(py, async move {
            let mut reading = reading.lock().await;
            if matches!(reading.page, Page::Unread) {
                let page = reading.pages.next_page().await;
                let page = page.map_err(|error| to_py(&error))?;
                reading.page = page.map_or(Page::End, |items| Page::Here(json_list(&items)));
            }
            Ok(match &reading.page {
                Page::Here(text) => Some(Python::attach(|py| {
                    PyBytes::new(py, text.as_bytes()).unbind()
                })),
                Page::Unread | Page::End => None,
            })
        })
    }

    /// Marks the page as taken. The next call of `next_page` fetches the page after it.
    fn take_page(&self) {
        if let Ok(mut reading) = self.pages.try_lock() {
            reading.page = Page::Unread;
            *lock(&self.cursor) = reading.pages.cursor();
        }
    }

    /// The cursor of the first page that was not taken; `None` at the end.
    #[getter]
    fn cursor(&self) -> Option<String> {
        let cursor = lock(&self.cursor);
        cursor.clone()
    }
}

/// Returns `base_url`, or the one from the environment. `None` means GitHub's API.
#[pyfunction]
#[pyo3(signature = (base_url = None))]
pub(super) fn find_base_url(base_url: Option<&str>) -> Option<String> {
    crate::edge::environment::api_url_or_default(base_url)
}

/// Returns a token for the API at `base_url`, from the places where the command looks for one. If
/// `base_url` is `None`, the API is github.com's. Returns `None` if no token is found.
#[pyfunction]
#[pyo3(signature = (base_url = None))]
pub(super) fn find_token(py: Python<'_>, base_url: Option<String>) -> PyResult<Option<String>> {
    let found = super::runtime::block(py, move |_| {
        crate::edge::environment::github_token(base_url.as_deref())
    })?;
    Ok(found.map(|token| token.expose().to_owned()))
}

/// The items as one JSON list.
fn json_list(items: &[Json]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    format!("[{}]", items.join(","))
}

fn answer(
    py: Python<'_>,
    work: impl Future<Output = Result<Json>> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>> {
    coroutine(py, async move {
        let text = work.await.map_err(|error| to_py(&error))?.to_string();
        Ok(Python::attach(|py| {
            PyBytes::new(py, text.as_bytes()).unbind()
        }))
    })
}
