//! A regressing net for a firmware: the linear sums and the scales around the net.

use super::meaning::{Goal, RegressMeaning};
use crate::base::encoding::Encoding;

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
        encoding
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
