//! A local server with the API of a hosting service, GitHub's documented rate limits and a
//! simulated clock.
//!
//! docs.github.com: "Rate limits for the REST API", "Best practices for using the REST API".

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use gitfleet::providers::github::Clock;

/// Seconds since the epoch when a test begins.
pub(crate) const START: f64 = 1_700_000_000.0;

/// A simulated clock. It advances a little with each request. When no request has arrived for
/// [`IDLE`], it jumps to the earliest time that a task sleeps until. Tests of hours therefore run
/// in seconds, even on a busy machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimClock(Arc<Mutex<Sim>>);

#[derive(Debug)]
struct Sim {
    passed: f64,
    last_seen: Instant,
    sleepers: Vec<(f64, Arc<tokio::sync::Notify>)>,
}

impl Default for Sim {
    fn default() -> Self {
        Self {
            passed: 0.0,
            last_seen: Instant::now(),
            sleepers: Vec::new(),
        }
    }
}

/// The time without requests after which the clock jumps.
const IDLE: Duration = Duration::from_millis(60);
/// The simulated seconds that a request takes.
const PER_REQUEST: f64 = 0.01;

impl SimClock {
    pub(crate) fn start() -> Self {
        let clock = Self::default();
        let sim = Arc::downgrade(&clock.0);
        std::thread::spawn(move || {
            while let Some(sim) = sim.upgrade() {
                {
                    let mut sim = sim.lock().unwrap();
                    let first = sim
                        .sleepers
                        .iter()
                        .map(|(until, _)| *until)
                        .min_by(f64::total_cmp);
                    if let Some(first) = first.filter(|_| sim.last_seen.elapsed() > IDLE) {
                        sim.passed = sim.passed.max(first);
                        sim.wake();
                    }
                }
                drop(sim);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        clock
    }

    fn tick(&self) {
        let mut sim = self.0.lock().unwrap();
        sim.passed += PER_REQUEST;
        sim.wake();
    }
}

impl Sim {
    fn wake(&mut self) {
        self.last_seen = Instant::now();
        let passed = self.passed;
        self.sleepers.retain(|(until, sleeper)| {
            let is_over = *until <= passed;
            if is_over {
                sleeper.notify_one();
            }
            !is_over
        });
    }
}

impl Clock for SimClock {
    fn now(&self) -> f64 {
        START + self.0.lock().unwrap().passed
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let sleeper = Arc::new(tokio::sync::Notify::new());
        let mut sim = self.0.lock().unwrap();
        let until = sim.passed + time.as_secs_f64();
        sim.sleepers.push((until, Arc::clone(&sleeper)));
        Box::pin(async move { sleeper.notified().await })
    }
}

/// The limits and faults of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    /// The server's clock minus the client's, in seconds.
    pub(crate) skew: f64,
    /// Every n-th answer has no rate limit headers.
    pub silent_every: Option<u64>,
    /// Every n-th answer is one of 502, 503, 500 and 504.
    pub failing_every: Option<u64>,
    /// Every n-th answer breaks off inside its body.
    pub cut_every: Option<u64>,
    /// Seconds by which the reported reset time is too early.
    pub stale_reset: f64,
    /// Limits of an identity: core (per hour), search (per minute), code search (per minute),
    /// GraphQL (per hour).
    pub limits: [u64; 4],
    /// Concurrent requests of an identity above which the secondary limit is hit.
    pub at_once: usize,
    /// Largest batch of repositories that a query may ask for.
    pub largest_batch: Option<usize>,
    /// True if answers have an `ETag`, and the status is 304 if an answer is unchanged.
    pub tags: bool,
}

/// Statistics of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Requests that counted against a limit, by bucket.
    pub counted: HashMap<&'static str, u64>,
    /// Requests to a bucket whose limit was used up.
    pub to_exhausted: u64,
    /// Hits of a secondary limit.
    pub secondary: u64,
    /// Requests with a token that was revoked.
    pub revoked: u64,
    pub not_modified: u64,
    /// Requests per token.
    pub tokens: HashMap<String, u64>,
    pub graphql: u64,
    /// The times of the first and the last request that counted, on the server's clock.
    pub first: Option<f64>,
    pub last: f64,
    pub most_at_once: usize,
}

struct Window {
    used: u64,
    reset: f64,
}

struct World {
    behaviour: Behaviour,
    /// Users by token.
    users: HashMap<String, String>,
    revoked: HashSet<String>,
    windows: HashMap<(String, usize), Window>,
    requests: u64,
    at_once: HashMap<String, usize>,
    seen: Seen,
    /// Items of listings, by path.
    pub listings: HashMap<String, Vec<String>>,
}

pub(crate) struct Server {
    pub url: String,
    world: Arc<Mutex<World>>,
}

const NAMES: [&str; 4] = ["core", "search", "code_search", "graphql"];
const LENGTHS: [f64; 4] = [3600.0, 60.0, 60.0, 3600.0];

impl Server {
    /// Starts a server. `users` are pairs of token and user.
    pub(crate) fn start(clock: &SimClock, users: &[(&str, &str)], behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World {
            behaviour,
            users: users
                .iter()
                .map(|(token, user)| ((*token).to_owned(), (*user).to_owned()))
                .collect(),
            revoked: HashSet::new(),
            windows: HashMap::new(),
            requests: 0,
            at_once: HashMap::new(),
            seen: Seen::default(),
            listings: HashMap::new(),
        }));
        let shared = Arc::clone(&world);
        let clock = clock.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let world = Arc::clone(&shared);
                let clock = clock.clone();
                std::thread::spawn(move || serve(&world, &clock, stream));
            }
        });
        Self { url, world }
    }

    pub(crate) fn seen(&self) -> Seen {
        lock(&self.world).seen.clone()
    }

    pub(crate) fn revoke(&self, token: &str) {
        lock(&self.world).revoked.insert(token.to_owned());
    }

    /// Sets the items of the listing at `path`.
    pub(crate) fn listing(&self, path: &str, items: Vec<String>) {
        lock(&self.world).listings.insert(path.to_owned(), items);
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap()
}

fn serve(world: &Mutex<World>, clock: &SimClock, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let route = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let (answer, is_cut) = answer(world, clock, &route, &headers, &body);
        let answer = if is_cut {
            &answer[..answer.len() - 3]
        } else {
            &answer[..]
        };
        if stream.write_all(answer).is_err() || is_cut {
            return;
        }
    }
}

fn bucket_of(route: &str) -> usize {
    match route.split('?').next().unwrap() {
        "/graphql" => 3,
        "/search/code" => 2,
        path if path.starts_with("/search/") => 1,
        _ => 0,
    }
}

/// Returns true for every n-th request.
fn is_due(every: Option<u64>, number: u64) -> bool {
    every.is_some_and(|every| number % every == every - 1)
}

fn answer(
    world: &Mutex<World>,
    clock: &SimClock,
    route: &str,
    headers: &HashMap<String, String>,
    body: &[u8],
) -> (Vec<u8>, bool) {
    let token = headers
        .get("authorization")
        .map_or("", |value| value.trim_start_matches("Bearer "))
        .to_owned();
    let (status, mut extra, text, number) = {
        let mut world = lock(world);
        clock.tick();
        world.requests += 1;
        let number = world.requests;
        *world.seen.tokens.entry(token.clone()).or_default() += 1;
        let now = clock.now() + world.behaviour.skew;
        let (status, extra, text) = world.decide(&token, route, headers, body, now, number);
        (status, extra, text, number)
    };
    // A short delay, so that other requests run meanwhile.
    std::thread::sleep(Duration::from_micros(300));
    let mut world = lock(world);
    if let Some(user) = world.users.get(&token).cloned() {
        let at_once = world.at_once.entry(user).or_default();
        *at_once = at_once.saturating_sub(1);
    }
    let now = clock.now() + world.behaviour.skew;
    if is_due(world.behaviour.silent_every, number) {
        extra.retain(|(name, _)| !name.starts_with("x-ratelimit"));
    }
    let date = std::time::UNIX_EPOCH + Duration::from_secs_f64(now);
    let mut answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", text.len());
    extra.push(("date".to_owned(), httpdate(date)));
    for (name, value) in extra {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    answer.push_str(&text);
    let is_cut = is_due(world.behaviour.cut_every, number) && text.len() > 3;
    (answer.into_bytes(), is_cut)
}

fn httpdate(date: std::time::SystemTime) -> String {
    httpdate::fmt_http_date(date)
}

impl World {
    fn decide(
        &mut self,
        token: &str,
        route: &str,
        headers: &HashMap<String, String>,
        body: &[u8],
        now: f64,
        number: u64,
    ) -> (u16, Vec<(String, String)>, String) {
        let plain = |status: u16, text: &str| (status, Vec::new(), text.to_owned());
        if self.revoked.contains(token) {
            self.seen.revoked += 1;
            return plain(401, r#"{"message":"Bad credentials"}"#);
        }
        let Some(user) = self.users.get(token).cloned() else {
            return plain(401, r#"{"message":"Requires authentication"}"#);
        };
        let at_once = self.at_once.entry(user.clone()).or_default();
        *at_once += 1;
        self.seen.most_at_once = self.seen.most_at_once.max(*at_once);
        if *at_once > self.behaviour.at_once {
            self.seen.secondary += 1;
            let page = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits";
            let text = format!(r#"{{"message":"slow down","documentation_url":"{page}"}}"#);
            return (403, vec![("retry-after".to_owned(), "60".to_owned())], text);
        }
        let bucket = bucket_of(route);
        let limit = self.behaviour.limits[bucket];
        let window = self
            .windows
            .entry((user.clone(), bucket))
            .or_insert(Window {
                used: 0,
                reset: 0.0,
            });
        if now >= window.reset {
            *window = Window {
                used: 0,
                reset: now + LENGTHS[bucket],
            };
        }
        let tag = format!("\"{route}\"");
        let is_unchanged = self.behaviour.tags && headers.get("if-none-match") == Some(&tag);
        let is_free = is_unchanged || route == "/rate_limit";
        let is_empty = window.used >= limit;
        if is_empty {
            self.seen.to_exhausted += 1;
        } else if !is_free {
            window.used += 1;
            *self.seen.counted.entry(NAMES[bucket]).or_default() += 1;
            self.seen.first.get_or_insert(now);
            self.seen.last = now;
        }
        let told = |name: &str, value: String| (format!("x-ratelimit-{name}"), value);
        let mut extra = vec![
            told("limit", limit.to_string()),
            told("remaining", (limit - window.used).to_string()),
            told("used", window.used.to_string()),
            told(
                "reset",
                format!("{}", (window.reset - self.behaviour.stale_reset).ceil()),
            ),
            told("resource", NAMES[bucket].to_owned()),
        ];
        if is_empty {
            return (
                403,
                extra,
                r#"{"message":"API rate limit exceeded"}"#.to_owned(),
            );
        }
        if is_due(self.behaviour.failing_every, number) {
            let status = [502, 503, 500, 504][usize::try_from(number).unwrap() % 4];
            return (status, extra, "<html>no</html>".to_owned());
        }
        if is_unchanged {
            self.seen.not_modified += 1;
            return (304, extra, String::new());
        }
        if self.behaviour.tags {
            extra.push(("etag".to_owned(), tag));
        }
        let text = match route {
            "/user" => format!(r#"{{"login":"{user}"}}"#),
            "/graphql" => {
                self.seen.graphql += 1;
                let query = String::from_utf8_lossy(body);
                let asked = query.matches(": repository(").count();
                if self
                    .behaviour
                    .largest_batch
                    .is_some_and(|most| asked > most)
                {
                    return (
                        502,
                        extra,
                        r#"{"message":"Something went wrong"}"#.to_owned(),
                    );
                }
                let one = |number: usize| {
                    let about = format!(
                        r#"{{"databaseId":{number},"url":"https://github.com/o/{number}","owner":{{}}}}"#
                    );
                    format!(r#""r{number}":{about}"#)
                };
                let all: Vec<String> = (0..asked).map(one).collect();
                format!(r#"{{"data":{{{}}}}}"#, all.join(","))
            }
            _ => self.list(route, &mut extra),
        };
        (200, extra, text)
    }

    /// Returns a page of a listing, then inserts an item at the listing's front.
    fn list(&mut self, route: &str, extra: &mut Vec<(String, String)>) -> String {
        let (path, query) = route.split_once('?').unwrap_or((route, ""));
        let Some(items) = self.listings.get_mut(path) else {
            return format!(r#"{{"route":"{route}"}}"#);
        };
        let parameter = |name: &str| {
            query
                .split('&')
                .find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
        };
        let per_page: usize = parameter("per_page").map_or(30, |size| size.parse().unwrap());
        let page: usize = parameter("page").map_or(1, |page| page.parse().unwrap());
        let start = (page - 1) * per_page;
        let end = (start + per_page).min(items.len());
        let text = format!("[{}]", items[start.min(end)..end].join(","));
        if end < items.len() {
            let next = format!(
                "<https://elsewhere.example{path}?per_page={per_page}&page={}>; rel=\"next\"",
                page + 1
            );
            extra.push(("link".to_owned(), next));
        }
        items.insert(0, format!(r#"{{"id":{}}}"#, 1_000_000 + items.len()));
        text
    }
}
