//! Progress on a terminal: one bar per repository in progress, and one for the whole run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

use super::terminal;
use crate::mutex::lock;
use crate::progress::{EndStatus, Progress, ProgressSink};

/// Progress bars on standard error, which may be switched off.
pub(super) struct Bars {
    shown: Option<Shown>,
}

struct Shown {
    all: MultiProgress,
    /// The bar of the whole run; `None` if there is only one repository.
    total: Option<ProgressBar>,
    running: Mutex<HashMap<String, ProgressBar>>,
    failed: AtomicUsize,
}

impl Bars {
    pub(super) fn new(is_shown: bool, repositories: usize) -> Self {
        let shown = is_shown.then(|| {
            let all = MultiProgress::new();
            let total = (repositories > 1).then(|| {
                let bar = ProgressBar::new(repositories as u64).with_style(style(
                    "{bar:30.green} {pos}/{len} repositories{msg}, {eta} left",
                ));
                all.add(bar)
            });
            Shown {
                all,
                total,
                running: Mutex::default(),
                failed: AtomicUsize::new(0),
            }
        });
        Self { shown }
    }

    /// Removes every bar.
    pub(super) fn clear(&self) {
        if let Some(shown) = &self.shown {
            let _ = shown.all.clear(); // fails only if the terminal is gone
        }
    }
}

impl Shown {
    fn running(&self) -> MutexGuard<'_, HashMap<String, ProgressBar>> {
        lock(&self.running)
    }

    fn start(&self, subject: &str) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_prefix(terminal::line(subject));
        let bar = match &self.total {
            Some(total) => self.all.insert_before(total, bar),
            None => self.all.add(bar),
        };
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

impl ProgressSink for Bars {
    fn progress(&self, event: Progress) {
        let Some(shown) = &self.shown else { return };
        let bar = shown
            .running()
            .entry(event.subject.clone())
            .or_insert_with(|| shown.start(&event.subject))
            .clone();
        let template = match event.total {
            Some(_) => "{spinner} {prefix:.bold} {msg} {bar:30} {pos}/{len}",
            None => "{spinner} {prefix:.bold} {msg} {pos}",
        };
        let message = if event.bytes > 0 {
            let seconds = bar.elapsed().as_secs().max(1);
            let rate = HumanBytes(event.bytes / seconds);
            format!(
                "{} {}, {rate}/s",
                event.phase.name(),
                HumanBytes(event.bytes)
            )
        } else {
            event.phase.name().to_owned()
        };
        bar.set_message(message);
        if bar.length() != event.total || event.done == 0 {
            bar.set_style(style(template));
            if let Some(total) = event.total {
                bar.set_length(total);
            }
        }
        bar.set_position(event.done);
    }

    fn ended(&self, subject: &str, ending: &EndStatus) {
        let Some(shown) = &self.shown else { return };
        if let Some(bar) = shown.running().remove(subject) {
            bar.finish_and_clear();
        }
        if let Some(total) = &shown.total {
            if matches!(ending, EndStatus::Failed(_)) {
                let failed = shown.failed.fetch_add(1, Ordering::Relaxed) + 1;
                total.set_message(format!(", {failed} failed"));
            }
            total.inc(1);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
