//! The GitHub client with a server that has GitHub's rules.

use std::sync::Arc;
use std::time::Duration;

use gitfleet::providers::github::{Account, CacheOptions, GitHub, GitHubOptions, RepositoryFilter};
use gitfleet::{ErrorKind, Secret};
use tokio::task::JoinSet;

use crate::github_server::{Behaviour, Server, SimClock};

const USERS: &[(&str, &str)] = &[("t1", "ann"), ("t2", "ann"), ("t3", "bob"), ("t4", "cid")];

fn usual() -> Behaviour {
    Behaviour {
        limits: [1000, 30, 10, 1000],
        at_once: 100,
        ..Behaviour::default()
    }
}

fn client(
    server: &Server,
    clock: &SimClock,
    tokens: &[&str],
    change: impl FnOnce(&mut GitHubOptions),
) -> GitHub {
    let mut options = GitHubOptions::default();
    options.accounts = tokens
        .iter()
        .map(|token| Account::Token(Secret::new(*token)))
        .collect();
    options.base_url = Some(server.url.clone());
    options.clock = Arc::new(clock.clone());
    change(&mut options);
    GitHub::new(options).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Requests all routes, `at_once` at a time; returns the errors.
async fn ask_all(github: &GitHub, routes: Vec<String>, at_once: usize) -> Vec<gitfleet::Error> {
    let mut tasks = JoinSet::new();
    let mut errors = Vec::new();
    for route in routes {
        if tasks.len() >= at_once {
            errors.extend(tasks.join_next().await.unwrap().unwrap());
        }
        let github = github.clone();
        tasks.spawn(async move { github.get(&route).await.err() });
    }
    while let Some(ended) = tasks.join_next().await {
        errors.extend(ended.unwrap());
    }
    errors
}

#[test]
fn rate_limits_are_kept_and_used_in_10000_requests() {
    let clock = SimClock::start();
    let server = Server::start(&clock, USERS, usual());
    let github = client(&server, &clock, &["t1", "t2", "t3", "t4"], |_| {});
    // Two buckets; that of the REST API takes longest.
    let mut routes: Vec<String> = (0..9_900)
        .map(|number| format!("/repos/o/{number}"))
        .collect();
    for number in 0..100 {
        routes.insert(number * 90, format!("/search/repositories?q={number}"));
    }
    let errors = runtime().block_on(ask_all(&github, routes, 60));
    assert!(errors.is_empty(), "{:?}", errors.first());
    let seen = server.seen();
    assert_eq!(seen.to_exhausted, 0, "{seen:?}");
    assert!(seen.secondary <= 1, "{seen:?}");
    assert_eq!(seen.counted["search"], 100);
    assert_eq!(
        seen.counted["core"],
        9_900 + 4,
        "and one for each token to find its user"
    );
    // The three users together have 3,000 requests an hour, counted from their first request: 9,904
    // requests need three full hours, and the rest is made in the fourth.
    let took = seen.last - seen.first.unwrap();
    let ideal = 3.0 * 3600.0;
    assert!(ideal / took >= 0.95, "{took} s for what {ideal} s would do");
    assert!(
        seen.tokens["t1"] > 0 && seen.tokens["t2"] > 0,
        "both tokens of one user are used: {:?}",
        seen.tokens
    );
}

#[test]
fn server_faults_cost_time_and_no_answers() {
    for behaviour in [
        Behaviour {
            skew: 240.0,
            ..usual()
        },
        Behaviour {
            skew: -240.0,
            ..usual()
        },
        Behaviour {
            silent_every: Some(3),
            ..usual()
        },
        Behaviour {
            failing_every: Some(7),
            cut_every: Some(11),
            ..usual()
        },
    ] {
        let clock = SimClock::start();
        let server = Server::start(&clock, USERS, behaviour.clone());
        let github = client(&server, &clock, &["t3", "t4"], |options| {
            options.retries = 8
        });
        let routes = (0..3_000)
            .map(|number| format!("/repos/o/{number}"))
            .collect();
        let errors = runtime().block_on(ask_all(&github, routes, 20));
        assert!(errors.is_empty(), "{behaviour:?}: {:?}", errors.first());
        let seen = server.seen();
        assert_eq!(seen.to_exhausted, 0, "{behaviour:?}: {seen:?}");
        assert_eq!(seen.secondary, 0, "{behaviour:?}");
    }
}

#[test]
fn reset_in_the_past_does_not_cause_endless_requests() {
    let clock = SimClock::start();
    let behaviour = Behaviour {
        stale_reset: 7200.0,
        limits: [100, 30, 10, 100],
        ..usual()
    };
    let server = Server::start(&clock, USERS, behaviour);
    let github = client(&server, &clock, &["t4"], |_| {});
    let routes = (0..150)
        .map(|number| format!("/repos/o/{number}"))
        .collect();
    let errors = runtime().block_on(ask_all(&github, routes, 10));
    // The server claims that requests are left, but refuses them. The client retries now and then,
    // and in the end reports the limit.
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == ErrorKind::RateLimited),
        "{:?}",
        errors.first()
    );
    assert!(server.seen().to_exhausted < 200, "{:?}", server.seen());
}

#[test]
fn revoked_token_is_dropped_after_one_refusal() {
    let clock = SimClock::start();
    let server = Server::start(&clock, USERS, usual());
    let github = client(&server, &clock, &["t1", "t3", "t4"], |_| {});
    let runtime = runtime();
    let routes = |from: u32| {
        (from..from + 500)
            .map(|number| format!("/repos/o/{number}"))
            .collect()
    };
    assert!(runtime.block_on(ask_all(&github, routes(0), 1)).is_empty());
    server.revoke("t3");
    assert!(
        runtime
            .block_on(ask_all(&github, routes(500), 1))
            .is_empty()
    );
    assert_eq!(server.seen().revoked, 1);
    let valid: Vec<bool> = github
        .token_statuses()
        .iter()
        .map(|status| status.is_valid)
        .collect();
    assert_eq!(valid, [true, false, true]);
    server.revoke("t1");
    server.revoke("t4");
    let error = runtime.block_on(github.get("/repos/o/r")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    assert_eq!(
        runtime
            .block_on(github.get("/repos/o/r"))
            .unwrap_err()
            .kind(),
        ErrorKind::AuthenticationFailed
    );
    assert_eq!(server.seen().revoked, 3);
}

#[test]
fn longest_wait_is_an_error_that_names_the_reset() {
    let clock = SimClock::start();
    let server = Server::start(
        &clock,
        USERS,
        Behaviour {
            limits: [10, 10, 10, 10],
            ..usual()
        },
    );
    let github = client(&server, &clock, &["t3"], |options| {
        options.longest_wait = Duration::from_secs(600);
        options.reserve = 4;
    });
    let routes = (0..8).map(|number| format!("/repos/o/{number}")).collect();
    let errors = runtime().block_on(ask_all(&github, routes, 1));
    assert_eq!(server.seen().counted["core"], 6, "four stay for others");
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0].kind(), ErrorKind::RateLimited);
    assert!(errors[0].report().contains("GMT"), "{}", errors[0].report());
}

#[test]
fn secondary_limit_pauses_the_whole_identity() {
    let clock = SimClock::start();
    let server = Server::start(
        &clock,
        USERS,
        Behaviour {
            at_once: 5,
            ..usual()
        },
    );
    let github = client(&server, &clock, &["t3"], |_| {});
    let routes = (0..200)
        .map(|number| format!("/repos/o/{number}"))
        .collect();
    let runtime = runtime();
    let errors = runtime.block_on(ask_all(&github, routes, 5));
    assert!(errors.is_empty(), "{:?}", errors.first());
    assert_eq!(server.seen().secondary, 0);
    let routes = (0..30).map(|number| format!("/repos/p/{number}")).collect();
    let errors = runtime.block_on(ask_all(&github, routes, 12));
    assert!(errors.is_empty(), "{:?}", errors.first());
    assert!(server.seen().secondary < 40, "{:?}", server.seen());
}

#[test]
fn unchanged_answer_counts_against_no_limit() {
    let clock = SimClock::start();
    let server = Server::start(
        &clock,
        USERS,
        Behaviour {
            tags: true,
            limits: [2000, 30, 10, 1000],
            ..usual()
        },
    );
    let directory = tempfile::tempdir().unwrap();
    let runtime = runtime();
    for sync in 0..2 {
        let cache = Some(CacheOptions::at(directory.path()));
        let github = client(&server, &clock, &["t3"], |options| options.cache = cache);
        let routes = (0..1000)
            .map(|number| format!("/repos/o/{number}"))
            .collect();
        assert!(runtime.block_on(ask_all(&github, routes, 20)).is_empty());
        assert_eq!(server.seen().counted["core"], 1000, "sync {sync}");
        assert_eq!(server.seen().not_modified, sync * 1000);
    }
    // An answer cached for one identity is not used for another.
    let cache = Some(CacheOptions::at(directory.path()));
    let github = client(&server, &clock, &["t4"], |options| options.cache = cache);
    runtime.block_on(github.get("/repos/o/1")).unwrap();
    assert_eq!(server.seen().counted["core"], 1001);
}

#[test]
fn cache_stays_within_its_size() {
    let clock = SimClock::start();
    let server = Server::start(
        &clock,
        USERS,
        Behaviour {
            tags: true,
            limits: [5000, 30, 10, 1000],
            ..usual()
        },
    );
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut cache = CacheOptions::at(directory.path());
        cache.most_bytes = 20_000;
        let github = client(&server, &clock, &["t3"], |options| {
            options.cache = Some(cache)
        });
        let routes = (0..300)
            .map(|number| format!("/repos/o/{number}"))
            .collect();
        assert!(runtime().block_on(ask_all(&github, routes, 10)).is_empty());
    }
    let github = client(&server, &clock, &["t3"], |options| {
        let mut cache = CacheOptions::at(directory.path());
        cache.most_bytes = 20_000;
        options.cache = Some(cache);
    });
    runtime().block_on(github.get("/repos/last/one")).unwrap();
    let files = walk(directory.path());
    let sum: u64 = files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(sum <= 20_000, "{sum}");
    assert!(!files.is_empty());
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(walk(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

#[test]
fn metadata_of_a_thousand_repositories_takes_few_queries() {
    for largest in [60, 70, 100, 1000] {
        let clock = SimClock::start();
        let behaviour = Behaviour {
            largest_batch: Some(largest),
            ..usual()
        };
        let server = Server::start(&clock, USERS, behaviour);
        let github = client(&server, &clock, &["t3"], |_| {});
        let wanted: Vec<_> = (0..1000)
            .map(|number| ("o".to_owned(), number.to_string()))
            .collect();
        let found = runtime().block_on(github.metadata(&wanted)).unwrap();
        assert_eq!(found.len(), 1000);
        assert!(found.iter().all(Result::is_ok));
        assert!(
            server.seen().graphql <= 20,
            "{largest}: {}",
            server.seen().graphql
        );
    }
}

#[test]
fn listing_loses_and_doubles_no_item_during_insertions() {
    let clock = SimClock::start();
    let server = Server::start(&clock, USERS, usual());
    let items = (0..1234).map(|number| format!(r#"{{"id":{number},"fork":{}}}"#, number % 2 == 0));
    server.listing("/users/ann/repos", items.collect());
    let github = client(&server, &clock, &["t3"], |_| {});
    let runtime = runtime();
    let found = runtime.block_on(async {
        let mut pages = github
            .repositories("ann", RepositoryFilter::default())
            .await
            .unwrap();
        let mut found = pages.next_page().await.unwrap().unwrap();
        // A listing that is resumed later from the cursor misses nothing.
        let cursor = pages.cursor().unwrap();
        found.extend(github.resume(&cursor).collect().await.unwrap());
        found
    });
    let mut ids: Vec<i64> = found
        .iter()
        .map(|item| item.integer("/id").unwrap())
        .filter(|id| *id < 1_000_000)
        .collect();
    assert!(ids.len() >= 1234);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1234);
    let filter = RepositoryFilter::new().forks(Some(true));
    let once = runtime.block_on(async {
        github
            .repositories("ann", filter)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap()
    });
    let mut ids: Vec<i64> = once
        .iter()
        .map(|item| item.integer("/id").unwrap())
        .collect();
    assert_eq!(ids.len(), 617);
    ids.dedup();
    assert_eq!(ids.len(), 617);
}
