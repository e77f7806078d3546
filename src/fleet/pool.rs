//! Several jobs at once, each contained: a panic is that job's outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Runs `work` on each input, at most `jobs` at a time, and returns results in input order. Inputs that had not started at
/// a cancellation are [`Error::Cancelled`].
pub(super) fn run<I: Sync, T: Send>(
    inputs: &[I],
    jobs: usize,
    cancel: &CancelToken,
    work: impl Fn(&I) -> Result<T> + Sync,
) -> Vec<Result<T>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<T>>>> = inputs.iter().map(|_| Mutex::new(None)).collect();
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(input), Some(slot)) = (inputs.get(index), results.get(index)) else {
                return;
            };
            let result = cancel.check().and_then(|()| {
                catch_unwind(AssertUnwindSafe(|| work(input)))
                    .unwrap_or_else(|payload| Err(Error::from_panic(&*payload)))
            });
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, inputs.len().max(1)) {
            scope.spawn(worker);
        }
    });
    let finished = results
        .into_iter()
        .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    finished
        .map(|result| result.unwrap_or_else(|| Err(Error::internal("a job was never started"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    proptest::proptest! {
        #[test]
        fn results_keep_the_order_of_inputs_for_any_mix_of_failures(failing in proptest::collection::vec(0u8..3, 0..20), jobs in 1usize..6) {
            let results = run(&failing, jobs, &CancelToken::new(), |&what| match what {
                0 => Ok(what),
                1 => Err(Error::unsupported("x")),
                _ => panic!("two"),
            });
            let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(Error::kind)).collect();
            let expected: Vec<_> = failing.iter().map(|what| match what {
                0 => None,
                1 => Some(ErrorKind::Unsupported),
                _ => Some(ErrorKind::Internal),
            }).collect();
            proptest::prop_assert_eq!(kinds, expected);
        }
    }

    #[test]
    fn nothing_starts_after_a_cancellation() {
        let cancel = CancelToken::new();
        cancel.cancel();
        let results = run(&[1, 2], 2, &cancel, |_| Ok(()));
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Err(Error::Cancelled)))
        );
    }
}
