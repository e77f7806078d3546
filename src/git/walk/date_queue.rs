//! A queue of commits, newest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A commit in the queue.
struct Queued<T> {
    seconds: u64,
    order: Reverse<u64>,
    item: T,
}

impl<T> PartialEq for Queued<T> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl<T> Eq for Queued<T> {}

impl<T> PartialOrd for Queued<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Queued<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.seconds, self.order).cmp(&(other.seconds, other.order))
    }
}

/// A queue ordered by date, newest first; among equal dates, in the order of insertion.
pub(super) struct DateQueue<T> {
    heap: BinaryHeap<Queued<T>>,
    pushed: u64,
}

impl<T> DateQueue<T> {
    pub(super) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            pushed: 0,
        }
    }

    pub(super) fn push(&mut self, seconds: u64, item: T) {
        self.pushed += 1;
        self.heap.push(Queued {
            seconds,
            order: Reverse(self.pushed),
            item,
        });
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|queued| queued.item)
    }

    pub(super) fn next_seconds(&self) -> Option<u64> {
        self.heap.peek().map(|queued| queued.seconds)
    }
}
