//! Runs asynchronous calls to hosting services, and blocks until they end.

use std::time::Duration;

use crate::cancel::CancelToken;
use crate::durable::refuse_few_descriptors;
use crate::error::{Error, Result};

/// Time between two checks for a cancellation.
const POLL: Duration = Duration::from_millis(50);

/// Runs `work` on a runtime of its own. A cancellation drops the work.
pub(crate) fn run<T>(
    cancel: &CancelToken,
    work: impl AsyncFnOnce(&CancelToken) -> Result<T>,
) -> Result<T> {
    let runtime = refuse_few_descriptors().and_then(|()| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    });
    let runtime = runtime.map_err(Error::storage("start", "a connection"))?;
    runtime.block_on(async {
        let cancelled = async {
            while !cancel.is_cancelled() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::select! {
            done = work(cancel) => done,
            () = cancelled => Err(Error::Cancelled),
        }
    })
}
