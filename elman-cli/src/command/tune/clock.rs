//! How long the search may last, and what a person sees of it meanwhile: a bar on a terminal, a line per trial everywhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::base::tell::tell;

/// Steps of the bar.
const LENGTH: f64 = 10_000.0;

/// The time, and the bar.
pub struct Clock {
    end: Option<Instant>,
    began: Instant,
    trials: Option<usize>,
    bar: Option<ProgressBar>,
    is_quiet: bool,
}

impl Clock {
    /// From now on, of a search of so much time and so many trials.
    pub fn start(time: Option<Duration>, trials: Option<usize>, is_quiet: bool) -> Self {
        let began = Instant::now();
        let bar = (std::io::stderr().is_terminal() && !is_quiet).then(|| {
            let bar = ProgressBar::new(LENGTH as u64);
            let style =
                ProgressStyle::with_template("{bar:12} {percent:>3} %  {wide_msg} ≤ {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            // A limit that no clock can tell is none.
            end: time.and_then(|time| began.checked_add(time)),
            began,
            trials,
            bar,
            is_quiet,
        }
    }

    /// Whether no time is left.
    pub fn is_up(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// So many trials are done, and one is so far.
    pub fn show(&self, done: usize, words: impl FnOnce() -> String) {
        let Some(bar) = &self.bar else {
            return;
        };
        let of_time = self.end.map_or(0.0, |end| {
            let all = end.duration_since(self.began).as_secs_f64();
            self.began.elapsed().as_secs_f64() / all
        });
        let of_trials = self.trials.map_or(0.0, |all| done as f64 / all as f64);
        bar.set_position((LENGTH * of_time.max(of_trials).min(1.0)) as u64);
        bar.set_message(words());
    }

    /// A line above the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None if self.is_quiet => {}
            None => tell!("{line}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
