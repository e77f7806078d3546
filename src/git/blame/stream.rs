//! The files of a blame, each returned as soon as it is finished.

use std::collections::VecDeque;
use std::sync::Arc;

use super::report::{Reporter, RequestedFile};
use super::rows::FileBlame;
use super::walk::BlameWalk;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::progress::{Phase, Progress, ProgressSink};

/// The files of [`Repo::blame`](crate::git::Repo::blame), each returned as soon as its last line is
/// placed. Dropping the stream stops the work.
pub struct BlameStream {
    pub(super) walk: BlameWalk,
    pub(super) asked: Vec<RequestedFile>,
    pub(super) failed: VecDeque<FileBlame>,
    pub(super) reporter: Reporter,
    pub(super) subject: String,
    pub(super) progress: Arc<dyn ProgressSink>,
    pub(super) steps: u64,
    pub(super) cancel: CancelToken,
    /// Stops the lookahead when the stream is dropped.
    pub(super) stop: CancelToken,
    pub(super) has_ended: bool,
}

impl std::fmt::Debug for BlameStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlameStream")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Drop for BlameStream {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Iterator for BlameStream {
    type Item = Result<FileBlame>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(failed) = self.failed.pop_front() {
            return Some(Ok(failed));
        }
        if self.has_ended {
            return None;
        }
        let file = self.next_file().transpose();
        self.has_ended = !matches!(file, Some(Ok(_)));
        file
    }
}

impl BlameStream {
    /// Number of commits between two progress events.
    const PROGRESS_STEP: u64 = 256;

    fn next_file(&mut self) -> Result<Option<FileBlame>> {
        let finished = self.walk.next_finished(&self.cancel, |walk| {
            self.steps += 1;
            if self.steps.is_multiple_of(Self::PROGRESS_STEP) {
                let (done, total) = walk.progress();
                self.progress.progress(Progress {
                    subject: self.subject.clone(),
                    phase: Phase::Blame,
                    done,
                    total: Some(total),
                    bytes: 0,
                });
            }
        })?;
        let Some(finished) = finished else {
            return Ok(None);
        };
        let asked = &self.asked[finished.file as usize];
        let file = self.reporter.file(&self.walk, asked, finished.placed)?;
        Ok(Some(file))
    }
}
