//! Series as the net reads them.

use elman_core::Read;

use super::history::History;
use super::meaning::ForecastMeaning;
use super::scores::Item;
use super::series::Series;
use crate::data::table::Part;
use crate::data::{Rows, Sequences, Targets};

/// Steps of a series that are learnt from together; as many before them only bring the state about.
const STRETCH: usize = 32;

/// What the net should make up for is cut at so many spreads: one freak must not lead it.
const FARTHEST: f64 = 6.0;

/// Series as the net reads them.
#[derive(Clone, Debug)]
pub struct Encoded {
    pub sequences: Sequences,
    /// One per row.
    pub items: Vec<Item>,
    /// The line of its file where a sequence begins.
    pub lines: Vec<usize>,
    /// The series that a sequence is of.
    pub series: Vec<usize>,
}

impl ForecastMeaning {
    /// Every series as one sequence; targets of that part count, or of all.
    pub fn encode(&self, series: &[Series], part: Option<Part>) -> Encoded {
        let mut encoded = Encoded::new(self.width());
        for (number, one) in series.iter().enumerate() {
            let history = one.history(self.view.scale.curve, &self.fallback);
            let is_counted = |step: usize| {
                History::is_complete(step, &self.view)
                    && part.is_none_or(|part| one.part(step + self.view.horizon) == part)
            };
            let last =
                (0..one.len().saturating_sub(self.view.horizon)).rfind(|&step| is_counted(step));
            let steps = last.map_or(0, |last| last + 1);
            self.encode_steps((number, one), &history, 0..steps, is_counted, &mut encoded);
        }
        encoded
    }

    /// The training parts in stretches, each after as many steps that bring the state about.
    pub fn encode_stretches(&self, series: &[Series]) -> Encoded {
        let mut encoded = Encoded::new(self.width());
        for (number, one) in series.iter().enumerate() {
            let history = one.history(self.view.scale.curve, &self.fallback);
            let steps = one.len().saturating_sub(self.view.horizon);
            for start in (0..steps).step_by(STRETCH) {
                let end = (start + STRETCH).min(steps);
                let is_counted = |step: usize| {
                    step >= start
                        && History::is_complete(step, &self.view)
                        && one.part(step + self.view.horizon) == Part::Train
                        && !one.target(step + self.view.horizon).is_nan()
                };
                if (start..end).any(is_counted) {
                    let before = start.saturating_sub(STRETCH);
                    self.encode_steps(
                        (number, one),
                        &history,
                        before..end,
                        is_counted,
                        &mut encoded,
                    );
                }
            }
        }
        encoded
    }

    fn encode_steps(
        &self,
        (number, series): (usize, &Series),
        history: &History,
        steps: std::ops::Range<usize>,
        is_counted: impl Fn(usize) -> bool,
        encoded: &mut Encoded,
    ) {
        if steps.is_empty() {
            return;
        }
        let mut scratch = Vec::new();
        encoded.lines.push(series.line + steps.start);
        encoded.series.push(number);
        for step in steps {
            let expected = self.expect(history, step, &mut scratch);
            let target = if is_counted(step) {
                series.target(step + self.view.horizon)
            } else {
                f64::NAN
            };
            let missed = self.view.scale.curve.apply(target) - expected;
            let goal = if self.residual > 0.0 {
                (missed / self.residual).clamp(-FARTHEST, FARTHEST)
            } else {
                0.0
            };
            let inputs = self.net_inputs(history, step, expected, &mut scratch);
            encoded.sequences.push_numbers(inputs);
            let goal = if target.is_nan() {
                f32::NAN
            } else {
                goal as f32
            };
            encoded.sequences.push_goal([goal]);
            encoded.items.push(Item {
                expected,
                present: history.known[step],
                target,
            });
        }
        encoded.sequences.end_sequence();
    }
}

impl Encoded {
    fn new(width: usize) -> Self {
        Self {
            sequences: Sequences::new(Rows::numbers(width), Targets::numbers(1), Read::EveryStep),
            items: Vec::new(),
            lines: Vec::new(),
            series: Vec::new(),
        }
    }

    /// The first sequences.
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.sequences.len());
        let sequences = self.sequences.select(0..count);
        Self {
            items: self.items[..sequences.rows()].to_vec(),
            lines: self.lines[..count].to_vec(),
            series: self.series[..count].to_vec(),
            sequences,
        }
    }
}
