//! Whether what a net is so sure of is right so often.

use serde::Serialize;

/// Intervals of confidence, all of one width.
const BINS: usize = 15;

/// Answers counted by how sure they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    bins: Vec<Bin>,
}

impl Default for Reliability {
    fn default() -> Self {
        Self {
            bins: vec![Bin::default(); BINS],
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bin {
    count: usize,
    right: usize,
    /// Sum of the confidences.
    sure: f64,
}

/// The answers of an interval of confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityRow {
    pub from: f64,
    pub to: f64,
    pub count: usize,
    /// Mean confidence of its answers.
    pub confidence: f64,
    /// Share of them that is right.
    pub accuracy: f64,
}

impl Reliability {
    /// Counts an answer.
    pub fn add(&mut self, confidence: f64, is_right: bool) {
        let place = (confidence * BINS as f64) as usize;
        let bin = &mut self.bins[place.min(BINS - 1)];
        bin.count += 1;
        bin.right += usize::from(is_right);
        bin.sure += confidence;
    }

    /// Answers counted.
    pub fn count(&self) -> usize {
        self.bins.iter().map(|bin| bin.count).sum()
    }

    /// The expected calibration error: how far confidence and accuracy lie apart, on the mean over all answers (Guo et al.
    /// 2017); 0 where there are none.
    pub fn error(&self) -> f64 {
        let apart = self
            .bins
            .iter()
            .map(|bin| (bin.sure - bin.right as f64).abs());
        apart.sum::<f64>() / self.count().max(1) as f64
    }

    /// The intervals that have answers, the least sure first.
    pub fn rows(&self) -> Vec<ReliabilityRow> {
        let bins = self.bins.iter().enumerate();
        let row = |(place, bin): (usize, &Bin)| {
            let count = bin.count as f64;
            (bin.count > 0).then(|| ReliabilityRow {
                from: place as f64 / BINS as f64,
                to: (place + 1) as f64 / BINS as f64,
                count: bin.count,
                confidence: bin.sure / count,
                accuracy: bin.right as f64 / count,
            })
        };
        bins.filter_map(row).collect()
    }

    /// A table for people; `what` are the answers.
    pub fn to_table(&self, what: &str) -> String {
        let mut table = format!("\n{:13}  {what:>9}  confidence    right\n", "confidence");
        for row in self.rows() {
            let [from, to, confidence, accuracy] =
                [row.from, row.to, row.confidence, row.accuracy].map(|share| share * 100.0);
            table += &format!(
                "{from:3.0} to {to:3.0} %  {:9}  {confidence:8.2} %  {accuracy:6.2} %\n",
                row.count
            );
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_distance_of_confidence_and_accuracy() {
        let mut reliability = Reliability::default();
        assert_eq!((reliability.error(), reliability.rows().len()), (0.0, 0));
        for (confidence, is_right) in [
            (1.0, true),
            (0.98, false),
            (0.5, true),
            (0.52, false),
            (0.0, false),
        ] {
            reliability.add(confidence, is_right);
        }
        // Two intervals of two answers, and one of a single one that knew it was wrong.
        let expected = (2.0 * (0.99 - 0.5) + 2.0 * (0.51 - 0.5)) / 5.0;
        assert!((reliability.error() - expected).abs() < 1e-12);
        let rows = reliability.rows();
        assert_eq!(
            rows.iter().map(|row| row.count).collect::<Vec<_>>(),
            [1, 2, 2]
        );
        assert_eq!((rows[2].to, rows[2].accuracy), (1.0, 0.5));
        let table = reliability.to_table("spans");
        assert!(
            table.contains("93 to 100 %          2     99.00 %   50.00 %"),
            "{table}"
        );
    }
}
