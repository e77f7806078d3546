//! One network transfer, as seen by the thread that waits for it: progress, limits, cancellation.

use std::path::Path;

use super::{Counters, Deadline, on_another_thread};
use crate::context::Context;
use crate::durable::refuse_full_disk;
use crate::error::Result;
use crate::progress::{Phase, Progress};
use crate::remote::options::CloneOptions;
use crate::remote::transport::TransferMonitor;

/// The context of a transfer.
pub(crate) struct Transfer<'a> {
    /// The subject of progress reports, without credentials.
    pub(crate) subject: &'a str,
    /// The destination of the objects.
    pub(crate) into: &'a Path,
    pub(crate) options: &'a CloneOptions,
    pub(crate) context: &'a Context,
}

impl Transfer<'_> {
    /// Runs `work` on a thread of its own. Returns its result, and the monitor with the number of
    /// bytes received and the final URL.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&TransferMonitor, &Counters) -> Result<T> + Send + 'static,
    ) -> Result<(T, TransferMonitor)> {
        let monitor = TransferMonitor::new(self.options.limits.max_bytes);
        let counters = Counters::default();
        let tell = |phase, done, total| {
            self.context.progress.progress(Progress {
                subject: self.subject.to_owned(),
                phase,
                done,
                total,
                bytes: monitor.bytes(),
            });
        };
        tell(Phase::Connecting, 0, None);
        let work = {
            let (monitor, counters) = (monitor.clone(), counters.clone());
            move || work(&monitor, &counters)
        };
        let look = || {
            if let Some((phase, done, total)) = counters.now() {
                tell(phase, done, total);
            }
            refuse_full_disk(self.into, self.options.limits.min_free_bytes)
        };
        let deadline = Deadline::starting_now(self.subject, self.options.limits.max_time);
        let answer = on_another_thread(work, &monitor, &deadline, &self.context.cancel, look)?;
        Ok((answer, monitor))
    }
}
