//! How far a transfer is, from gix's counters.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::progress::Phase;

/// gix's counters, read now and then instead of being told of each step.
#[derive(Clone, Default)]
pub(crate) struct Counters {
    counters: Arc<Mutex<Vec<Counter>>>,
    /// What the other side says is wrong, a line each.
    words: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Counter {
    what: What,
    done: Arc<AtomicUsize>,
    /// 0 while unknown.
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
        self.counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What the other side said was wrong.
    pub(crate) fn words(&self) -> Vec<String> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone()
    }

    fn heard(&self, words: &str) {
        const MOST: usize = 8;
        let mut known = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines {
            if known.len() < MOST {
                known.push(format!("{}\n", line.chars().take(500).collect::<String>()));
            }
        }
    }

    /// The phase that started last.
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

/// One node of gix's tree of progress.
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

    /// The other side's progress comes as names; what its programs complain about is among it.
    fn set_name(&mut self, name: String) {
        if ["fatal:", "error:"]
            .iter()
            .any(|start| name.starts_with(start))
        {
            self.counters.heard(&name);
        }
    }

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> gix::progress::Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, level: gix::progress::MessageLevel, message: String) {
        if level == gix::progress::MessageLevel::Failure {
            self.counters.heard(&message);
        }
    }
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
            self.counters
                .counters
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(counter.clone());
        }
        Self {
            counters: self.counters.clone(),
            counter,
        }
    }
}
