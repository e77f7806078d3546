//! The number of repositories in one GraphQL request, learned from earlier requests.

use std::sync::Mutex;

use crate::mutex::lock;

/// Repositories in the first request.
const FIRST_BATCH: usize = 80;

/// The number of repositories that one request may contain.
#[derive(Debug, Default)]
pub(super) struct GraphqlBatch(Mutex<Known>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The largest size that worked.
    good: usize,
    /// The smallest size that failed.
    bad: Option<usize>,
    /// Batches that worked since the last failure.
    successes: u32,
    /// Number of times that the size `bad`, or a larger one, was tried again and failed.
    trials: u32,
}

/// Successes after which a size that failed is tried again; doubled each time it fails again.
const BEFORE_TRIAL: u32 = 8;

impl GraphqlBatch {
    pub(super) fn size(&self) -> usize {
        let known = *lock(&self.0);
        let Some(bad) = known.bad else {
            return known.good.max(FIRST_BATCH);
        };
        let is_due = known.successes >= BEFORE_TRIAL << known.trials.min(16);
        match known.good {
            _ if is_due => bad,
            0 => (bad / 2).max(1),
            // Stop searching when the gap is a quarter of `good` or less.
            good if bad - good > good / 4 => usize::midpoint(good, bad),
            good => good,
        }
    }

    pub(super) fn worked(&self, size: usize) {
        let mut known = lock(&self.0);
        known.good = known.good.max(size);
        known.successes += 1;
        if known.bad.is_some_and(|bad| bad <= size) {
            known.bad = None;
            known.trials = 0;
        }
    }

    pub(super) fn failed(&self, size: usize) {
        let mut known = lock(&self.0);
        if known.bad.is_some_and(|bad| bad <= size) {
            known.trials += 1;
        }
        known.successes = 0;
        known.bad = Some(known.bad.map_or(size, |bad| bad.min(size)));
        if known.good >= size {
            known.good = 0; // a size that worked for other repositories fails for these
        }
    }

    /// Forgets all sizes. To be called after a request for a single repository failed: such a
    /// failure says nothing about larger batches.
    pub(super) fn forget(&self) {
        *lock(&self.0) = Known::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_size_settles_below_the_failing_size() {
        for most in [1, 7, 50, 60, 75, 79, 80, 500] {
            let batches = GraphqlBatch::default();
            let (mut requests, mut rest) = (0, 1000);
            while rest > 0 {
                let size = batches.size().min(rest);
                requests += 1;
                if size > most {
                    batches.failed(size);
                } else {
                    batches.worked(size);
                    rest -= size;
                }
            }
            let least = 1000usize.div_ceil(most.min(FIRST_BATCH));
            assert!(
                requests <= least * 5 / 4 + 8,
                "{most}: {requests} for {least}"
            );
            if most >= 60 {
                assert!(requests <= 20, "{most}: {requests}");
            }
        }
    }

    #[test]
    fn batch_with_a_failing_item_costs_the_others_little() {
        let (batches, toxic) = (GraphqlBatch::default(), 123);
        let (mut requests, mut next) = (0, 0);
        while next < 1000 {
            let size = batches.size().min(1000 - next);
            requests += 1;
            match size {
                _ if !(next..next + size).contains(&toxic) => {
                    batches.worked(size);
                    next += size;
                }
                1 => {
                    batches.forget();
                    next += 1;
                }
                _ => batches.failed(size),
            }
        }
        assert!(requests < 40, "{requests}");
    }
}
