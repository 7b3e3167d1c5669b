//! How good the classes are.

use std::fmt::Write as _;

use elman_core::Target;
use serde::Serialize;

use crate::task::label::{Labels, best, nats};

/// ClassScores over all sequences of a file.
#[derive(Clone, Debug)]
pub struct ClassScores {
    /// Mean nats per sequence.
    pub loss: f64,
    /// Sequences counted.
    pub items: usize,
    /// Share of sequences with the right class.
    pub accuracy: f64,
    /// Mean F1 of the classes that occur, in the data or among the answers.
    pub macro_f1: f64,
    /// How often a class (row) was taken for another (column).
    pub confusion: Vec<Vec<usize>>,
}

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct ClassScoresJson<'a> {
    loss: f64,
    accuracy: f64,
    macro_f1: f64,
    classes: &'a [String],
    confusion: &'a [Vec<usize>],
    items: usize,
}

impl ClassScores {
    /// Compares `probabilities` (B, classes) with the targets.
    pub fn measure(classes: usize, targets: &[Target], probabilities: &[f32]) -> Self {
        let mut confusion = vec![vec![0; classes]; classes];
        let (mut loss, mut items) = (0.0, 0);
        for (row, target) in probabilities.chunks_exact(classes).zip(targets) {
            if let Some(class) = target.get() {
                loss += nats(row[class as usize]);
                confusion[class as usize][best(row)] += 1;
                items += 1;
            }
        }
        let right: usize = (0..classes).map(|class| confusion[class][class]).sum();
        let count = items.max(1) as f64;
        Self {
            loss: loss / count,
            items,
            accuracy: right as f64 / count,
            macro_f1: macro_f1(&confusion),
            confusion,
        }
    }

    /// One JSON object.
    pub fn to_json(&self, classes: &Labels) -> String {
        let report = ClassScoresJson {
            loss: self.loss,
            accuracy: self.accuracy,
            macro_f1: self.macro_f1,
            classes: classes.names(),
            confusion: &self.confusion,
            items: self.items,
        };
        serde_json::to_string(&report).expect("numbers and names are valid JSON")
    }

    /// A table for people: a line per class, and the matrix where it fits.
    pub fn to_table(&self, classes: &Labels) -> String {
        let mut table = format!(
            "{} sequences, loss {:.4} nats per sequence, accuracy {:.2} %, macro F1 {:.2} %\n\n",
            self.items,
            self.loss,
            self.accuracy * 100.0,
            self.macro_f1 * 100.0
        );
        let names = classes.names();
        let longest = names.iter().map(|name| name.chars().count()).max();
        let width = longest.unwrap_or(0).max("class".len());
        let _ = writeln!(
            table,
            "{:width$}  precision    recall        F1  sequences  most often taken for",
            "class"
        );
        for (class, name) in names.iter().enumerate() {
            let [precision, recall, f1] = rates(&self.confusion, class).map(|rate| rate * 100.0);
            let row = &self.confusion[class];
            let (real, wrong) = (row.iter().sum::<usize>(), self.worst(class));
            let wrong = wrong.map_or_else(String::new, |other| {
                format!("{} ({})", names[other], row[other])
            });
            let line = format!(
                "{name:width$}  {precision:7.2} %  {recall:6.2} %  {f1:6.2} %  {real:9}  {wrong}"
            );
            let _ = writeln!(table, "{}", line.trim_end());
        }
        table + &self.matrix(names)
    }

    /// The class that a class is most often taken for.
    fn worst(&self, class: usize) -> Option<usize> {
        let row = self.confusion[class].iter().enumerate();
        let wrong = row.filter(|&(other, &count)| other != class && count > 0);
        // Of equals the first.
        wrong
            .rev()
            .max_by_key(|&(_, &count)| count)
            .map(|(other, _)| other)
    }

    /// The confusion matrix, if a terminal is wide enough for it.
    fn matrix(&self, names: &[String]) -> String {
        const CELL: usize = 6;
        const WIDEST: usize = 12;
        if names.len() > WIDEST {
            return String::new();
        }
        let short = |name: &str, length| name.chars().take(length).collect::<String>();
        let mut text = "\nconfusion: a row per class, a column per answer\n".to_owned();
        text += &" ".repeat(2 * CELL);
        for name in names {
            let _ = write!(text, " {:>CELL$}", short(name, CELL));
        }
        text.push('\n');
        for (name, row) in names.iter().zip(&self.confusion) {
            let _ = write!(text, "{:width$}", short(name, 2 * CELL), width = 2 * CELL);
            for count in row {
                let _ = write!(text, " {count:>CELL$}");
            }
            text.push('\n');
        }
        text
    }
}

/// Precision, recall and F1 of a class; 0 where there is nothing to divide by.
fn rates(confusion: &[Vec<usize>], class: usize) -> [f64; 3] {
    let right = confusion[class][class] as f64;
    let real: usize = confusion[class].iter().sum();
    let found: usize = confusion.iter().map(|row| row[class]).sum();
    let share = |of: usize| if of == 0 { 0.0 } else { right / of as f64 };
    let f1 = if real + found == 0 {
        0.0
    } else {
        2.0 * right / (real + found) as f64
    };
    [share(found), share(real), f1]
}

fn macro_f1(confusion: &[Vec<usize>]) -> f64 {
    let occurs = |&class: &usize| {
        confusion.iter().any(|row| row[class] > 0)
            || confusion[class].iter().any(|&count| count > 0)
    };
    let classes: Vec<usize> = (0..confusion.len()).filter(occurs).collect();
    let sum: f64 = classes
        .iter()
        .map(|&class| rates(confusion, class)[2])
        .sum();
    sum / classes.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_small_file() {
        let targets = [0, 0, 1, 1].map(Target::class);
        let probabilities = [0.9, 0.1, 0.0, 0.2, 0.8, 0.0, 0.1, 0.9, 0.0, 0.5, 0.5, 0.0];
        let scores = ClassScores::measure(3, &targets, &probabilities);
        assert_eq!(scores.confusion, [[1, 1, 0], [1, 1, 0], [0, 0, 0]]);
        // The third class does not occur, so it does not count.
        assert_eq!(
            (scores.accuracy, scores.macro_f1, scores.items),
            (0.5, 0.5, 4)
        );
        let expected = -(0.9f64.ln() + 0.2f64.ln() + 0.9f64.ln() + 0.5f64.ln()) / 4.0;
        assert!((scores.loss - expected).abs() < 1e-6);
        let classes = Labels::plain(["ant", "bee", "cow"]);
        let json: serde_json::Value = serde_json::from_str(&scores.to_json(&classes)).unwrap();
        assert_eq!(json["confusion"][1][0], 1);
        assert_eq!(json["classes"][2], "cow");
        let table = scores.to_table(&classes);
        assert!(
            table.contains("50.00 %") && table.contains("bee (1)"),
            "{table}"
        );
    }

    #[test]
    fn nothing_counted_is_no_division_by_zero() {
        let scores = ClassScores::measure(2, &[Target::IGNORED], &[0.5, 0.5]);
        assert_eq!((scores.loss, scores.macro_f1, scores.items), (0.0, 0.0, 0));
    }
}
