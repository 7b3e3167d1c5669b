//! A regressing net for a firmware: the linear sums and the scales around the net.

use elman_core::feed::{Readout, Split};

use super::meaning::{Goal, RegressMeaning, Regressors};
use crate::base::encoding::{Encoding, FED, Front, Numbers, Reads, Sums, Whose, single};

impl RegressMeaning {
    /// In words and numbers what [`RegressMeaning::encode`] does around the net.
    pub fn encoding(&self) -> Encoding {
        let mut encoding = self.reading.encoding();
        let outputs = "What the outputs are called.";
        encoding.add_names("targets", outputs, self.names());
        let fallback = "What each column is for the linear sums where it is missing.";
        encoding.add_numbers("fallback", fallback, &self.fallback);
        for (place, goal) in self.goals.iter().enumerate() {
            goal.describe(place, &mut encoding);
        }
        if self.reads_last {
            encoding.remark(
                "Outputs count after the last step. Start every sequence from a reset state.",
            );
        }
        encoding.remark(FED);
        encoding.answers = encoding.front.clone().and_then(|front| self.numbers(front));
        encoding
    }

    /// The same as tables in single precision. Sums count from what each column is where it is missing.
    fn numbers(&self, front: Front) -> Option<Numbers> {
        let regressors = self.goals.iter().map(|goal| goal.regressors);
        let all = Regressors {
            rows: regressors.clone().map(|one| one.rows).max()?,
            with_mean: regressors.clone().any(|one| one.with_mean),
        };
        let mut sums = Sums {
            rows: all.rows,
            with_mean: all.with_mean,
            ..Sums::default()
        };
        if !sums.is_none() {
            let centers = self.fallback.iter();
            sums.centers = centers.map(|&center| Split::new(center)).collect();
            for goal in &self.goals {
                sums.weights.extend(self.weights(goal, all).map(single));
            }
        }
        let readout = |goal: &Goal| {
            let centers = self.fallback.iter().cycle();
            let terms = goal.linear.weights.iter().zip(centers);
            let start = terms.map(|(weight, center)| weight * center).sum::<f64>();
            let (curve, start) = goal.curve.single(goal.linear.intercept + start);
            Readout {
                curve,
                residual: single(goal.residual),
                start: Split::new(start),
            }
        };
        let numbers = Numbers {
            reads: Reads::Rows(front, sums),
            readouts: self.goals.iter().map(readout).collect(),
            reaches: Vec::new(),
            errors_of: Whose::Own,
        };
        let reach = |share| {
            let goals = self.goals.iter();
            goals.map(|goal| goal.errors.reach(share).ok()).collect()
        };
        numbers.with_reaches(reach).sound()
    }

    /// The weights of a sum, with zeros for what others read and it does not.
    fn weights(&self, goal: &Goal, all: Regressors) -> impl Iterator<Item = f64> {
        let inputs = self.inputs().len();
        let (rows, means) = goal.linear.weights.split_at(goal.regressors.rows * inputs);
        let padded = |weights: &[f64], len: usize| {
            let zeros = std::iter::repeat_n(0.0, len - weights.len());
            weights.iter().copied().chain(zeros).collect::<Vec<f64>>()
        };
        let means_len = usize::from(all.with_mean) * inputs;
        padded(rows, all.rows * inputs)
            .into_iter()
            .chain(padded(means, means_len))
    }
}

impl Goal {
    fn describe(&self, place: usize, encoding: &mut Encoding) {
        let rows = match self.regressors.rows {
            0 => String::new(),
            1 => "its columns".to_owned(),
            rows => format!(
                "its columns, then those of each of the {} rows before it (the first row stands for those before it)",
                rows - 1
            ),
        };
        let features = match (self.regressors.with_mean, rows.as_str()) {
            (false, "") => "none".to_owned(),
            (false, rows) => rows.to_owned(),
            (true, "") => "the means of all rows so far".to_owned(),
            (true, rows) => format!("{rows}, then the means of all rows so far"),
        };
        encoding.remark(format!(
            "In double precision, features of a row for target {place}: {features}. expected = intercept_{place} + sum of \
             linear_{place}[i] * feature[i]"
        ));
        encoding.remark(format!(
            "Target {place}: {}, where v = expected + residual_{place} * output[{place}].",
            self.curve.inverse_formula("v")
        ));
        let mut add = |name: &str, about: &str, numbers: &[f64]| {
            encoding.add_numbers(format!("{name}_{place}"), about, numbers);
        };
        add("linear", "Weights of the linear sum.", &self.linear.weights);
        add(
            "intercept",
            "Intercept of the linear sum.",
            &[self.linear.intercept],
        );
        add(
            "residual",
            "Unit of the net's output, on the curve.",
            &[self.residual],
        );
    }
}
