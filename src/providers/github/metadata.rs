//! Metadata of many repositories, fetched with few GraphQL requests.
//!
//! GitHub stops a query after about ten seconds and answers 502, so the number of repositories that
//! fit into one query depends on the repositories. A batch that is too large is halved. The largest
//! size that worked is remembered, and the next sizes are chosen between it and the smallest one
//! that failed.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::client::GitHub;
use super::graphql_error::{TIMED_OUT, is_about_size, of_graphql, refusal};
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::json::Json;

/// The fields that are requested of each repository, as a GraphQL fragment.
const FIELDS: &str = "
fragment About on Repository {
  id databaseId name nameWithOwner description url homepageUrl createdAt updatedAt pushedAt
  isFork isPrivate isArchived isDisabled isTemplate visibility forkCount stargazerCount diskUsage
  hasWikiEnabled hasIssuesEnabled hasProjectsEnabled hasDiscussionsEnabled forkingAllowed
  owner { login id avatarUrl __typename ... on User { databaseId } ... on Organization { databaseId } }
  defaultBranchRef { name }
  primaryLanguage { name }
  licenseInfo { key name spdxId }
  watchers { totalCount }
  issues(states: OPEN) { totalCount }
  pullRequests(states: OPEN) { totalCount }
  repositoryTopics(first: 20) { nodes { topic { name } } }
}";

impl GitHub {
    /// Returns the metadata of each of `repositories` (owner and name), in the shape of
    /// [`GitHub::repository`]: one result for each, in the same order. Repositories are requested
    /// in batches.
    ///
    /// # Errors
    ///
    /// [`Error::Service`] for a failure that concerns all repositories, such as a token that is
    /// refused. A repository that does not exist is an error in its own result.
    pub async fn metadata(&self, repositories: &[(String, String)]) -> Result<Vec<Result<Json>>> {
        if self.requester.pool.accounts() == 0 {
            return self.one_by_one(repositories).await; // GraphQL needs a token
        }
        let mut found = Vec::with_capacity(repositories.len());
        while found.len() < repositories.len() {
            let rest = &repositories[found.len()..];
            let size = self.batches.size().min(rest.len());
            match self.batch(&rest[..size]).await {
                Ok(batch) => {
                    self.batches.worked(size);
                    found.extend(batch);
                }
                Err(error) if is_too_much(&error) && size > 1 => self.batches.failed(size),
                Err(error) if is_too_much(&error) => {
                    self.batches.forget();
                    found.push(Err(error));
                }
                // Keep the results so far, and report the error for each remaining repository.
                Err(Error::Service(error)) if !found.is_empty() => {
                    let left = repositories.len() - found.len();
                    found.extend((0..left).map(|_| Err(Error::Service(error.clone()))));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn one_by_one(&self, repositories: &[(String, String)]) -> Result<Vec<Result<Json>>> {
        let mut found = Vec::with_capacity(repositories.len());
        for (owner, name) in repositories {
            let one = self.repository(owner, name).await;
            match one {
                Err(error)
                    if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Network) =>
                {
                    return Err(error);
                }
                one => found.push(one),
            }
        }
        Ok(found)
    }

    async fn batch(&self, repositories: &[(String, String)]) -> Result<Vec<Result<Json>>> {
        let mut query = "query(".to_owned();
        let mut body = String::new();
        let mut variables = Map::new();
        for (number, (owner, name)) in repositories.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            let _ = write!(query, "{separator}$o{number}: String!, $n{number}: String!");
            let _ = writeln!(
                body,
                "  r{number}: repository(owner: $o{number}, name: $n{number}) {{ ...About }}"
            );
            variables.insert(format!("o{number}"), owner.as_str().into());
            variables.insert(format!("n{number}"), name.as_str().into());
        }
        query.push_str(") {\n");
        query.push_str(&body);
        query.push('}');
        query.push_str(FIELDS);
        let mut answer = self
            .ask_once(&query, Value::Object(variables), repositories.len() > 1)
            .await?;
        let mut errors: HashMap<String, &Value> = HashMap::new();
        let take = |answer: &mut Value, name: &str| {
            answer.get_mut(name).map(Value::take).unwrap_or_default()
        };
        let said = take(&mut answer, "errors");
        for error in said.as_array().map(Vec::as_slice).unwrap_or_default() {
            if let Some(alias) = error["path"][0].as_str() {
                errors.insert(alias.to_owned(), error);
            }
        }
        let mut data = take(&mut answer, "data");
        // If there is no data, or every repository is null and none has an error of its own, the
        // whole query has failed.
        let is_empty = data
            .as_object()
            .is_none_or(|data| data.values().all(Value::is_null));
        // An answer may also lack the part that took too long.
        let said_all = said.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(error) = said_all.iter().find(|error| is_about_size(error)) {
            let answer = serde_json::json!({ "errors": [error] });
            return Err(Error::service(refusal(&answer)));
        }
        if !data.is_object() || (is_empty && errors.is_empty() && !said[0].is_null()) {
            let answer = serde_json::json!({ "errors": said });
            return Err(Error::service(refusal(&answer)));
        }
        let of_all = |error: &&Value| error["path"].is_null();
        let one = |(number, (owner, name)): (usize, &(String, String))| {
            let alias = format!("r{number}");
            match take(&mut data, &alias) {
                Value::Null => {
                    let subject = format!("{owner}/{name}");
                    Err(Error::service(errors.get(&alias).map_or_else(
                        || match said.as_array().into_iter().flatten().find(of_all) {
                            Some(error) => of_graphql(error, &subject),
                            None => ServiceError::new(
                                ErrorKind::NotFound,
                                &subject,
                                "GitHub's answer does not contain the repository",
                            ),
                        },
                        |error| of_graphql(error, &subject),
                    )))
                }
                about => Ok(Json(like_rest(&about))),
            }
        };
        Ok(repositories.iter().enumerate().map(one).collect())
    }

    /// Sends one query. A batch that is too large is not retried at the same size.
    async fn ask_once(&self, query: &str, variables: Value, is_costly: bool) -> Result<Value> {
        let request = super::request::ApiRequest {
            method: http::Method::POST,
            route: "/graphql".to_owned(),
            body: Some(serde_json::json!({"query": query, "variables": variables})),
            is_safe: true,
            is_costly,
            token: None,
            identity: None,
        };
        Ok(self.requester.ask(&request).await?.body)
    }
}

/// Returns true if a smaller batch might work.
fn is_too_much(error: &Error) -> bool {
    match error {
        Error::Service(error) => {
            matches!(error.status, Some(502 | 504)) || error.message.contains(TIMED_OUT)
        }
        _ => false,
    }
}

/// Converts a repository to the field names of the REST API.
fn like_rest(about: &Value) -> Value {
    let text = |value: &Value| value.as_str().map(str::to_lowercase);
    let open = |name: &str| about[name]["totalCount"].as_u64().unwrap_or(0);
    let nodes = about["repositoryTopics"]["nodes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let topics: Vec<&Value> = nodes.iter().map(|node| &node["topic"]["name"]).collect();
    let url = about["url"].as_str().unwrap_or_default();
    let license = match &about["licenseInfo"] {
        Value::Null => Value::Null,
        license => serde_json::json!({
            "key": license["key"], "name": license["name"], "spdx_id": license["spdxId"],
        }),
    };
    serde_json::json!({
        "id": about["databaseId"].as_u64().unwrap_or(0), "node_id": about["id"],
        "name": about["name"], "full_name": about["nameWithOwner"],
        "owner": {
            "login": about["owner"]["login"], "id": about["owner"]["databaseId"], "node_id": about["owner"]["id"],
            "avatar_url": about["owner"]["avatarUrl"], "type": about["owner"]["__typename"],
        },
        "html_url": url, "clone_url": format!("{url}.git"), "description": about["description"],
        "homepage": about["homepageUrl"], "default_branch": about["defaultBranchRef"]["name"],
        "language": about["primaryLanguage"]["name"], "topics": topics, "license": license,
        "fork": about["isFork"], "private": about["isPrivate"], "archived": about["isArchived"],
        "disabled": about["isDisabled"], "is_template": about["isTemplate"], "visibility": text(&about["visibility"]),
        "forks_count": about["forkCount"], "stargazers_count": about["stargazerCount"],
        "watchers_count": about["stargazerCount"], "subscribers_count": about["watchers"]["totalCount"],
        "open_issues_count": open("issues") + open("pullRequests"), "size": about["diskUsage"],
        "has_wiki": about["hasWikiEnabled"], "has_issues": about["hasIssuesEnabled"],
        "has_projects": about["hasProjectsEnabled"], "has_discussions": about["hasDiscussionsEnabled"],
        "allow_forking": about["forkingAllowed"],
        "created_at": about["createdAt"], "updated_at": about["updatedAt"], "pushed_at": about["pushedAt"],
    })
}
