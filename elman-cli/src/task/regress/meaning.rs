//! What a regressing net's numbers mean, kept in the model file beside them.

use elman_core::{Head, HeadKind, Read, Spec};
use serde::{Deserialize, Serialize};

use super::samples::Sample;
use crate::base::failure::{Failure, Result};
use crate::data::reading::{Reading, Steps};
use crate::data::{Dialect, Sequences, Targets};
use crate::task::curve::Curve;
use crate::task::interval::ErrorSizes;
use crate::task::linear::Linear;
use crate::train::task::Meaning;

/// The name of the task, in commands and files.
pub const TASK: &str = "regress";

/// No linear sum looks farther back: a file may claim anything.
const FARTHEST_BACK: usize = 1 << 10;

/// From columns to what the net reads, and from what it puts out to the targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressMeaning {
    pub reading: Reading,
    pub goals: Vec<Goal>,
    /// Whether one answer is read, at the last step.
    pub reads_last: bool,
    /// Whether the target stands where the class of a sequence would.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_labelled: bool,
    /// What each input is where it is missing, for the linear sums: its mean in training.
    pub fallback: Vec<f64>,
    /// What was said about the table.
    #[serde(default, skip_serializing_if = "Dialect::is_usual")]
    pub dialect: Dialect,
    /// The column that says train, dev or test, if training had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    pub name: String,
    /// Where the linear sum and the net work.
    pub curve: Curve,
    pub regressors: Regressors,
    pub linear: Linear,
    /// What the linear sum misses in training, on the curve: the unit of the net's output.
    pub residual: f64,
    /// Smallest and largest value in training.
    pub range: [f64; 2],
    /// Mean in training.
    pub mean: f64,
    /// On the curve, of the validation data.
    #[serde(default, skip_serializing_if = "ErrorSizes::is_empty")]
    pub errors: ErrorSizes,
}

/// What a linear sum reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regressors {
    /// So many rows: the present one and those before; the first row stands for those before it.
    pub rows: usize,
    /// The mean of all rows so far as well.
    pub with_mean: bool,
}

/// Sequences as the net reads them, and what belongs to each of its answers.
#[derive(Debug)]
pub struct Encoded {
    pub sequences: Sequences,
    /// (outputs, targets): what the linear sum expects, on the curve.
    pub expected: Vec<f64>,
    /// (outputs, targets) in the units of the data; NaN where there is none.
    pub targets: Vec<f64>,
    /// Where each sequence begins in its file.
    pub lines: Vec<usize>,
}

impl Regressors {
    /// How many numbers are read of `inputs` columns.
    pub const fn len(self, inputs: usize) -> usize {
        inputs * (self.rows + self.with_mean as usize)
    }

    /// Walks over (T, inputs) rows: `visit` is handed the features of each.
    pub fn walk(self, rows: &[f64], fallback: &[f64], mut visit: impl FnMut(usize, &[f64])) {
        let inputs = fallback.len();
        let mut features = vec![0.0; self.len(inputs)];
        let mut sums = vec![0.0; inputs];
        let filled = |row: usize, column: usize| match rows[row * inputs + column] {
            missing if missing.is_nan() => fallback[column],
            value => value,
        };
        for row in 0..rows.len() / inputs {
            for (lag, place) in features
                .chunks_exact_mut(inputs)
                .take(self.rows)
                .enumerate()
            {
                let from = row.saturating_sub(lag);
                (0..inputs).for_each(|column| place[column] = filled(from, column));
            }
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum += filled(row, column);
            }
            if self.with_mean {
                let means = &mut features[self.rows * inputs..];
                let steps = (row + 1) as f64;
                means
                    .iter_mut()
                    .zip(&sums)
                    .for_each(|(mean, sum)| *mean = sum / steps);
            }
            visit(row, &features);
        }
    }
}

impl Goal {
    /// The estimate in the units of the data: what the linear sum expects, corrected by the net.
    pub fn value(&self, expected: f64, output: f32) -> f64 {
        self.curve
            .invert(expected + self.residual * f64::from(output))
    }
}

impl Goal {
    /// Where an estimate lies if it is moved so far on the curve.
    pub fn moved(&self, value: f64, by: f64) -> f64 {
        self.curve.invert(self.curve.apply(value) + by)
    }
}

impl Meaning for RegressMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "inputs and targets do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        let inputs = self.reading.columns().map_or(0, <[String]>::len);
        let is_sound = |goal: &Goal| {
            goal.regressors.rows <= FARTHEST_BACK
                && goal.linear.weights.len() == goal.regressors.len(inputs)
        };
        inputs > 0
            && !self.goals.is_empty()
            && self.reading.fits(&spec.input)
            && spec.head == self.head()
            && self.fallback.len() == inputs
            && self.goals.iter().all(is_sound)
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        let read = if self.reads_last { "last" } else { "every" };
        let mut flags = self.reading.flags();
        flags.push(("read", read.to_owned()));
        flags
    }

    fn errors(&self) -> Vec<Vec<f64>> {
        let goals = self.goals.iter();
        goals.map(|goal| goal.errors.sizes().to_vec()).collect()
    }

    fn set_errors(&mut self, errors: Vec<Vec<f64>>) {
        if errors.len() == self.goals.len() {
            for (goal, errors) in self.goals.iter_mut().zip(errors) {
                goal.errors = errors.into();
            }
        }
    }
}

impl RegressMeaning {
    /// Whether the net learns just these targets, and at these steps.
    ///
    /// # Errors
    /// It does not.
    pub fn must_learn(&self, targets: &[String], read: Read) -> Result<()> {
        if self.names() != targets {
            return Err(Failure::input(format!(
                "that net learns {}, and these data are to teach {}",
                self.names().join(", "),
                targets.join(", ")
            )));
        }
        if self.read() != read {
            return Err(Failure::input(
                "that net answers at the last step or at every one, and these data are read otherwise: leave out --read",
            ));
        }
        Ok(())
    }

    /// The targets as they are, over the ranges that they have in other data too.
    pub fn seen_by(&self, others: &[Goal]) -> Vec<Goal> {
        let both = |(own, other): (&Goal, &Goal)| {
            let [[low, high], [least, most]] = [own.range, other.range];
            Goal {
                range: [low.min(least), high.max(most)],
                ..own.clone()
            }
        };
        self.goals.iter().zip(others).map(both).collect()
    }

    /// A number for every target.
    pub const fn head(&self) -> Head {
        Head {
            kind: HeadKind::Linear {
                outputs: self.goals.len(),
            },
            read: self.read(),
        }
    }

    /// When the targets are read.
    pub const fn read(&self) -> Read {
        if self.reads_last {
            Read::LastStep
        } else {
            Read::EveryStep
        }
    }

    /// What outputs of the net say in the units of the data, where the linear sums expect this.
    pub fn values(&self, expected: &[f64], outputs: &[f32]) -> Vec<f64> {
        let pairs = expected.iter().zip(outputs).zip(self.goals.iter().cycle());
        pairs
            .map(|((&expected, &output), goal)| goal.value(expected, output))
            .collect()
    }

    /// The columns that are read.
    pub fn inputs(&self) -> &[String] {
        self.reading.columns().unwrap_or_default()
    }

    /// What the targets are called.
    pub fn names(&self) -> Vec<String> {
        self.goals.iter().map(|goal| goal.name.clone()).collect()
    }

    /// Sequences as the net reads them.
    ///
    /// # Errors
    /// None for samples of this model.
    pub fn encode(&self, samples: &[Sample]) -> Result<Encoded> {
        let mut encoded = Encoded {
            sequences: Sequences::new(
                self.reading.rows(),
                Targets::numbers(self.goals.len()),
                self.read(),
            ),
            expected: Vec::new(),
            targets: Vec::new(),
            lines: Vec::new(),
        };
        for sample in samples {
            let first = encoded.expected.len();
            self.push_expected(&sample.inputs, &mut encoded.expected);
            encoded.targets.extend_from_slice(&sample.targets);
            self.push_goals(&mut encoded, first);
            encoded.lines.push(sample.line);
            let steps = Steps::Numbers(sample.inputs.clone());
            self.reading.push(&steps, &mut encoded.sequences)?;
            encoded.sequences.end_sequence();
        }
        Ok(encoded)
    }

    /// What the linear sums expect of (T, inputs) rows, where the net answers.
    fn push_expected(&self, rows: &[f64], expected: &mut Vec<f64>) {
        let (goals, steps) = (self.goals.len(), rows.len() / self.inputs().len());
        let answers = if self.reads_last { 1 } else { steps };
        let first = expected.len();
        expected.resize(first + answers * goals, 0.0);
        for (place, goal) in self.goals.iter().enumerate() {
            goal.regressors.walk(rows, &self.fallback, |row, features| {
                if let Some(answer) = row.checked_sub(steps - answers) {
                    expected[first + answer * goals + place] = goal.linear.apply(features);
                }
            });
        }
    }

    /// What the net should put out for the targets from place `first` on.
    fn push_goals(&self, encoded: &mut Encoded, first: usize) {
        let pairs = encoded.targets[first..]
            .iter()
            .zip(&encoded.expected[first..]);
        let goals = self.goals.iter().cycle();
        let goals = pairs.zip(goals).map(|((&target, &expected), goal)| {
            match target.is_nan() {
                // Curves make a number of it.
                true => f32::NAN,
                false => ((goal.curve.apply(target) - expected) / goal.residual) as f32,
            }
        });
        encoded.sequences.push_goal(goals);
    }
}
