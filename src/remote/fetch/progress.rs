//! Progress of a transfer, read from gix's counters.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::mutex::lock;
use crate::progress::Phase;

/// gix's counters, which are read at intervals instead of reported at each step.
#[derive(Clone, Default)]
pub(crate) struct Counters {
    counters: Arc<Mutex<Vec<Counter>>>,
    /// Error messages from the server, one line each.
    words: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Counter {
    what: What,
    done: Arc<AtomicUsize>,
    /// The expected total; 0 while unknown.
    total: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum What {
    Phase(Phase),
    Other,
}

impl Counters {
    pub(crate) fn root(&self) -> Node {
        Node {
            counters: self.clone(),
            counter: Counter {
                what: What::Other,
                done: Arc::default(),
                total: Arc::default(),
            },
        }
    }

    fn known(&self) -> Vec<Counter> {
        lock(&self.counters).clone()
    }

    /// Returns the error messages from the server, one line each.
    pub(crate) fn words(&self) -> Vec<String> {
        let words = lock(&self.words);
        words.clone()
    }

    /// Keeps a message of the server if it is an error: one in the side band for errors, or a line of
    /// progress that says so.
    pub(crate) fn server_says(&self, is_error: bool, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let starts = ["fatal:", "error:"];
        if is_error || starts.iter().any(|start| text.starts_with(start)) {
            self.heard(&text);
        }
    }

    fn heard(&self, words: &str) {
        const MOST: usize = 8;
        let mut known = lock(&self.words);
        let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines {
            if known.len() < MOST {
                known.push(format!("{}\n", line.chars().take(500).collect::<String>()));
            }
        }
    }

    /// Returns the phase that started last, its count, and its total if known.
    pub(crate) fn now(&self) -> Option<(Phase, u64, Option<u64>)> {
        self.known()
            .iter()
            .rev()
            .find_map(|counter| match counter.what {
                What::Phase(phase) => {
                    let total = counter.total.load(Ordering::Relaxed) as u64;
                    Some((
                        phase,
                        counter.done.load(Ordering::Relaxed) as u64,
                        (total > 0).then_some(total),
                    ))
                }
                What::Other => None,
            })
    }
}

/// A node of gix's progress tree.
pub(crate) struct Node {
    counters: Counters,
    counter: Counter,
}

impl gix::progress::Count for Node {
    fn set(&self, step: usize) {
        self.counter.done.store(step, Ordering::Relaxed);
    }

    fn step(&self) -> usize {
        self.counter.done.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: usize) {
        self.counter.done.fetch_add(step, Ordering::Relaxed);
    }

    fn counter(&self) -> gix::progress::StepShared {
        Arc::clone(&self.counter.done)
    }
}

impl gix::Progress for Node {
    fn init(&mut self, max: Option<usize>, _unit: Option<gix::progress::Unit>) {
        self.counter
            .total
            .store(max.unwrap_or(0), Ordering::Relaxed);
    }

    fn set_name(&mut self, _name: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> gix::progress::Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, _level: gix::progress::MessageLevel, _message: String) {}
}

impl gix::NestedProgress for Node {
    type SubProgress = Self;

    fn add_child(&mut self, name: impl Into<String>) -> Self {
        self.add_child_with_id(name, gix::progress::UNKNOWN)
    }

    fn add_child_with_id(&mut self, _name: impl Into<String>, id: gix::progress::Id) -> Self {
        let what = match &id {
            b"IWIO" => What::Phase(Phase::Receiving),
            b"IWRO" => What::Phase(Phase::Resolving),
            _ => What::Other,
        };
        let counter = Counter {
            what,
            done: Arc::default(),
            total: Arc::default(),
        };
        if what != What::Other {
            lock(&self.counters.counters).push(counter.clone());
        }
        Self {
            counters: self.counters.clone(),
            counter,
        }
    }
}
