//! What a person sees while training: a bar on a terminal, a line per epoch elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::live::Live;
use super::sparkline::Sparkline;
use crate::base::tell::tell;
use crate::train::doctor::Checkup;
use crate::train::measure::as_read;
use crate::train::report::Evidence;

/// An epoch, as `metrics.jsonl` holds it.
#[derive(Clone, Debug, Serialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean loss per item, with dropout.
    pub train_loss: f64,
    /// Mean loss per item of the validation data.
    pub valid_loss: f64,
    /// Validation score, and what it is called.
    pub score: f64,
    pub score_name: &'static str,
    /// Whether the score is the best so far.
    pub best: bool,
    /// At the end of the epoch.
    pub learning_rate: f64,
    /// Mean length of the gradients, before clipping.
    pub gradient_norm: f64,
    /// Share of updates whose gradient was clipped.
    pub clipped: f64,
    /// Items learnt from per second, in training alone.
    pub items_per_second: f64,
    /// Duration, validation included.
    pub seconds: f64,
    /// What the doctor found, if he looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doctor: Option<Checkup>,
}

/// The message beside the bar, or a picture above it.
const BESIDE: &str = "{bar:12} {percent:>3} %  {wide_msg} ≤ {eta} left";
const ABOVE: &str = "{msg}\n{bar:12} {percent:>3} %  ≤ {eta} left";

/// A bar of which so much was done before: its speed is that of what comes.
fn bar_from(bar: ProgressBar, done: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    // An update, which the speed starts from; a position from the start would count as done in no time.
    bar.set_position(done);
    bar.reset_eta();
    bar
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    All,
    Trouble,
    Nothing,
}

/// The bar, if standard error is a terminal. It has no colours, so `NO_COLOR` has nothing to forbid.
pub struct Progress {
    bar: Option<ProgressBar>,
    epochs: usize,
    voice: Voice,
    losses: Sparkline,
    /// `--live`.
    live: Option<Live>,
}

impl Progress {
    /// For a run of so many epochs and batches per epoch, of which some batches are done; perhaps with a picture.
    pub fn new(epochs: usize, batches: usize, done: usize, is_live: bool) -> Self {
        let (all, template) = (epochs * batches, if is_live { ABOVE } else { BESIDE });
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = bar_from(ProgressBar::new(all as u64), done as u64, template);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        if is_live && bar.is_none() {
            tell!("elman: note: --live draws on a terminal, and standard error is none");
        }
        Self {
            live: (is_live && bar.is_some()).then(|| Live::new(all, done)),
            bar,
            epochs,
            voice: Voice::All,
            losses: Sparkline::default(),
        }
    }

    /// Nothing is shown but trouble.
    pub fn quiet(epochs: usize) -> Self {
        Self {
            bar: None,
            epochs,
            voice: Voice::Trouble,
            losses: Sparkline::default(),
            live: None,
        }
    }

    /// Nothing is shown.
    pub fn none(epochs: usize) -> Self {
        Self {
            voice: Voice::Nothing,
            ..Self::quiet(epochs)
        }
    }

    /// Some batches are done; their loss, and the mean of the epoch.
    pub fn batches(
        &mut self,
        count: usize,
        epoch: usize,
        (loss, mean): (f64, f64),
        best: Option<(f64, usize)>,
    ) {
        if let Some(bar) = &self.bar {
            self.losses.push(loss);
            let best = best.map_or_else(String::new, |(best, _)| format!("  best score {best:.4}"));
            let line = match &mut self.live {
                None => format!("epoch {epoch}  loss {mean:.4} {}{best}", self.losses.draw()),
                Some(live) => {
                    live.push(count, loss);
                    format!(
                        "{}\nepoch {epoch}  loss {mean:.4}{best}",
                        live.lines().join("\n")
                    )
                }
            };
            bar.set_message(line);
            bar.inc(count as u64);
        }
    }

    /// An epoch is done.
    pub fn epoch(&self, epoch: &Epoch) {
        let Epoch {
            train_loss,
            valid_loss,
            score,
            score_name,
            seconds,
            ..
        } = epoch;
        let (number, epochs, star) = (
            epoch.epoch,
            self.epochs,
            if epoch.best { "  best" } else { "" },
        );
        let (score_name, score) = as_read(score_name, *score);
        self.say(&format!(
            "epoch {number:>3}/{epochs}  loss {train_loss:.4}  valid loss {valid_loss:.4}  {score_name} {score:.4}  \
             {seconds:.2} s{star}"
        ));
    }

    /// Whether the picture wants to show the net at work anew.
    pub fn wants_a_look(&self) -> bool {
        self.live.as_ref().is_some_and(Live::is_due)
    }

    /// What the net makes of the validation data, which were looked at from then on.
    pub fn look(&mut self, evidence: &[Evidence], began: Instant) {
        if let Some(live) = &mut self.live {
            live.look(evidence, began);
        }
    }

    /// A line above the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None if self.voice == Voice::All => tell!("{line}"),
            None => {}
        }
    }

    /// A line about trouble.
    pub fn warn(&self, line: &str) {
        match self.voice {
            Voice::Trouble => tell!("{line}"),
            Voice::All | Voice::Nothing => self.say(line),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_says_nothing_of_the_time_left() {
        let bar = bar_from(ProgressBar::hidden(), 1_000_000_000, BESIDE);
        bar.set_length(2_000_000_000);
        std::thread::sleep(Duration::from_millis(5));
        bar.inc(1);
        assert!(bar.per_sec() < 1e6, "{} per second", bar.per_sec());
    }
}
