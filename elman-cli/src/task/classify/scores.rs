//! How good the classes are.

use std::fmt::Write as _;

use elman_core::Target;
use serde::Serialize;

use crate::base::failure::Result;
use crate::base::json;
use crate::data::Sequences;
use crate::net::judge::Judge;
use crate::net::network::Network;
use crate::task::label::{Labels, TargetNames, best, nats};
use crate::task::temperature::{Temperature, log_weight, soften, weigh};
use crate::train::report::{Confusion, Reliability, ReliabilityRow};

/// More classes than this have no matrix in `eval --json`: it would be megabytes of zeros.
const MATRIX: usize = 1000;

/// What is kept of the probabilities of one sequence.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// What the right class costs; none where the net has no output for it.
    pub nats: Option<f64>,
    pub found: usize,
    /// How probable that is.
    sure: f64,
}

/// Takes the answers of sequences with these classes while a net runs over them, as sure as they are at a temperature.
pub struct ClassJudge<'a>(pub &'a [Target], pub Temperature);

impl Judge for ClassJudge<'_> {
    type Notes = Option<Answer>;
    type Verdict = Option<Answer>;

    fn start(&self) -> Self::Notes {
        None
    }

    fn see(&self, answer: &mut Self::Notes, target: usize, row: &[f32]) {
        let class = self.0[target].get();
        let (found, mut probabilities) = (best(row), Vec::new());
        soften(row, self.1, &mut probabilities);
        *answer = Some(Answer {
            nats: class.map(|class| nats(row[class as usize])),
            found,
            sure: probabilities[found],
        });
    }

    fn end(&self, answer: Self::Notes) -> Self::Verdict {
        answer
    }
}

/// What the right classes cost at several temperatures.
struct NatsAt<'a>(&'a [Target], &'a [f64]);

impl Judge for NatsAt<'_> {
    type Notes = Vec<f64>;
    type Verdict = Vec<f64>;

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.1.len()]
    }

    fn see(&self, notes: &mut Vec<f64>, target: usize, row: &[f32]) {
        let (Some(class), mut weights) = (self.0[target].get(), vec![0.0; row.len()]) else {
            return;
        };
        for (cost, &temperature) in notes.iter_mut().zip(self.1) {
            weigh(row, temperature, &mut weights);
            let of_class = log_weight(row, class as usize, temperature);
            *cost = weights.iter().sum::<f64>().ln() - of_class;
        }
    }

    fn end(&self, notes: Vec<f64>) -> Vec<f64> {
        notes
    }
}

/// Whether each sequence that has a class was given it.
pub fn right(sequences: &Sequences, answers: &[Option<Answer>]) -> Vec<bool> {
    let answers = answers.iter().enumerate();
    let is_right = |(target, answer): (usize, &Option<Answer>)| {
        let answer = (*answer)?;
        match sequences.classes()[target].get() {
            Some(class) => Some(class as usize == answer.found),
            None => sequences.unknown(target).map(|_| false),
        }
    };
    answers.filter_map(is_right).collect()
}

/// ClassScores over all sequences of a file.
#[derive(Clone, Debug)]
pub struct ClassScores {
    /// What the real classes are called: those of the net, and behind them those that only the data have.
    pub names: Vec<String>,
    /// Mean nats per sequence with a class that the net knows.
    pub loss: f64,
    /// Sequences counted.
    pub items: usize,
    /// Share of sequences with the right class.
    pub accuracy: f64,
    /// Mean F1 of the classes that occur, in the data or among the answers.
    pub macro_f1: f64,
    /// How often a class (row) was taken for another (column).
    pub confusion: Confusion,
    /// How sure the answers were.
    pub reliability: Reliability,
}

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct ClassScoresJson<'a> {
    loss: f64,
    accuracy: f64,
    macro_f1: f64,
    classes: &'a [String],
    /// The whole matrix, of so few classes that it is no burden.
    #[serde(skip_serializing_if = "Option::is_none")]
    confusion: Option<Vec<Vec<usize>>>,
    /// Else what is not zero: real class, found class, how often.
    #[serde(skip_serializing_if = "Option::is_none")]
    confusion_cells: Option<Vec<[usize; 3]>>,
    /// Expected calibration error.
    ece: f64,
    reliability: Vec<ReliabilityRow>,
    items: usize,
}

impl ClassScores {
    /// What the right classes cost together at some temperatures.
    ///
    /// # Errors
    /// None for sequences of this net.
    pub fn nats_at(
        network: &Network,
        sequences: &Sequences,
        temperatures: &[f64],
    ) -> Result<Vec<f64>> {
        let nats = network.judge(sequences, &NatsAt(sequences.classes(), temperatures))?;
        let mut sums = vec![0.0; temperatures.len()];
        for nats in &nats {
            sums.iter_mut()
                .zip(nats)
                .for_each(|(sum, nats)| *sum += nats);
        }
        Ok(sums)
    }

    /// Compares the answers with the targets of the sequences.
    pub fn measure(classes: &Labels, sequences: &Sequences, answers: &[Option<Answer>]) -> Self {
        let names = TargetNames::new(classes, sequences);
        let mut confusion = Confusion::new(names.len());
        let (mut loss, mut costs) = (0.0, 0);
        let mut reliability = Reliability::default();
        for (target, answer) in answers.iter().enumerate() {
            let (Some(answer), Some(class)) = (answer, names.number(target)) else {
                continue;
            };
            confusion.add(class, answer.found, 1);
            reliability.add(answer.sure, class == answer.found);
            if let Some(nats) = answer.nats {
                loss += nats;
                costs += 1;
            }
        }
        let items = confusion.total();
        Self {
            names: names.all(),
            loss: loss / f64::from(costs.max(1)),
            items,
            accuracy: confusion.right() as f64 / items.max(1) as f64,
            macro_f1: macro_f1(&confusion),
            confusion,
            reliability,
        }
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        let is_small = self.names.len() <= MATRIX;
        let cells = self.confusion.cells();
        let cells = cells.map(|((real, found), count)| [real, found, count]);
        let report = ClassScoresJson {
            loss: self.loss,
            accuracy: self.accuracy,
            macro_f1: self.macro_f1,
            classes: &self.names,
            confusion: is_small.then(|| self.confusion.matrix()),
            confusion_cells: (!is_small).then(|| cells.collect()),
            ece: self.reliability.error(),
            reliability: self.reliability.rows(),
            items: self.items,
        };
        json::text(&report)
    }

    /// A table for people: a line per class, and the matrix where it fits.
    pub fn to_table(&self) -> String {
        let mut table = format!(
            "{} sequences, loss {:.4} nats per sequence, accuracy {:.2} %, macro F1 {:.2} %\n\n",
            self.items,
            self.loss,
            self.accuracy * 100.0,
            self.macro_f1 * 100.0
        );
        let names = &self.names;
        let longest = names.iter().map(|name| name.chars().count()).max();
        let width = longest.unwrap_or(0).max("class".len());
        let _ = writeln!(
            table,
            "{:width$}  precision    recall        F1  sequences  most often taken for",
            "class"
        );
        for (class, name) in names.iter().enumerate() {
            let [precision, recall, f1] = rates(&self.confusion, class).map(|rate| rate * 100.0);
            let (real, wrong) = (self.confusion.real(class), self.worst(class));
            let wrong = wrong.map_or_else(String::new, |(other, count)| {
                format!("{} ({count})", names[other])
            });
            let line = format!(
                "{name:width$}  {precision:7.2} %  {recall:6.2} %  {f1:6.2} %  {real:9}  {wrong}"
            );
            let _ = writeln!(table, "{}", line.trim_end());
        }
        table += &self.matrix(names);
        table += &format!(
            "\nexpected calibration error {:.2} %\n",
            self.reliability.error() * 100.0
        );
        table + &self.reliability.to_table("sequences")
    }

    /// The class that a class is most often taken for, and how often.
    fn worst(&self, class: usize) -> Option<(usize, usize)> {
        let row = self.confusion.row(class);
        let wrong = row.filter(|&(other, _)| other != class);
        // Of equals the first.
        wrong.rev().max_by_key(|&(_, count)| count)
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
        for (name, row) in names.iter().zip(self.confusion.matrix()) {
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
fn rates(confusion: &Confusion, class: usize) -> [f64; 3] {
    let right = confusion.count(class, class) as f64;
    let (real, found) = (confusion.real(class), confusion.found(class));
    let share = |of: usize| if of == 0 { 0.0 } else { right / of as f64 };
    let f1 = if real + found == 0 {
        0.0
    } else {
        2.0 * right / (real + found) as f64
    };
    [share(found), share(real), f1]
}

fn macro_f1(confusion: &Confusion) -> f64 {
    let occurs = |&class: &usize| confusion.real(class) + confusion.found(class) > 0;
    let classes: Vec<usize> = (0..confusion.classes()).filter(occurs).collect();
    let sum: f64 = classes
        .iter()
        .map(|&class| rates(confusion, class)[2])
        .sum();
    sum / classes.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Rows, Targets};
    use elman_core::Read;

    /// Sequences of these classes; `None` is one that the net has no output for.
    fn sequences(targets: &[Option<u32>]) -> Sequences {
        let mut sequences = Sequences::new(Rows::ids(1), Targets::classes(), Read::LastStep);
        for target in targets {
            sequences.push_ids([0]);
            match target {
                Some(class) => sequences.push_class(Target::class(*class)),
                None => sequences.push_unknown("dog"),
            }
            sequences.end_sequence();
        }
        sequences
    }

    fn measure(classes: &Labels, sequences: &Sequences, probabilities: &[f32]) -> ClassScores {
        let judge = ClassJudge(sequences.classes(), Temperature::default());
        let rows = probabilities.chunks_exact(classes.len()).enumerate();
        let answers = rows.map(|(target, row)| {
            let mut notes = judge.start();
            judge.see(&mut notes, target, row);
            judge.end(notes)
        });
        ClassScores::measure(classes, sequences, &answers.collect::<Vec<_>>())
    }

    #[test]
    fn many_classes_are_counted_without_zeros() {
        let names: Vec<String> = (0..=MATRIX).map(|class| class.to_string()).collect();
        let classes = |count: usize| Labels::plain(names[..count].iter().map(String::as_str));
        let answer = Some(Answer {
            nats: Some(1.0),
            found: 7,
            sure: 0.5,
        });
        let json = |count| -> serde_json::Value {
            let targets = sequences(&[Some(5), Some(5), Some(7)]);
            let scores = ClassScores::measure(&classes(count), &targets, &[answer; 3]);
            serde_json::from_str(&scores.to_json()).unwrap()
        };
        let (few, many) = (json(MATRIX), json(MATRIX + 1));
        assert_eq!(few["confusion"][5][7], 2);
        assert!(few["confusion_cells"].is_null() && many["confusion"].is_null());
        assert_eq!(
            many["confusion_cells"],
            serde_json::json!([[5, 7, 2], [7, 7, 1]])
        );
    }

    #[test]
    fn scores_of_a_small_file() {
        let targets = sequences(&[Some(0), Some(0), Some(1), Some(1)]);
        let classes = Labels::plain(["ant", "bee", "cow"]);
        let probabilities = [0.9, 0.1, 0.0, 0.2, 0.8, 0.0, 0.1, 0.9, 0.0, 0.5, 0.5, 0.0];
        let scores = measure(&classes, &targets, &probabilities);
        assert_eq!(scores.confusion.matrix(), [[1, 1, 0], [1, 1, 0], [0, 0, 0]]);
        // The third class does not occur, so it does not count.
        assert_eq!(
            (scores.accuracy, scores.macro_f1, scores.items),
            (0.5, 0.5, 4)
        );
        let expected = -(0.9f64.ln() + 0.2f64.ln() + 0.9f64.ln() + 0.5f64.ln()) / 4.0;
        assert!((scores.loss - expected).abs() < 1e-6);
        let json: serde_json::Value = serde_json::from_str(&scores.to_json()).unwrap();
        assert_eq!(json["confusion"][1][0], 1);
        assert_eq!(json["classes"][2], "cow");
        let table = scores.to_table();
        assert!(
            table.contains("50.00 %") && table.contains("bee (1)"),
            "{table}"
        );
    }

    #[test]
    fn a_class_that_training_lacks_is_missed() {
        let classes = Labels::plain(["ant", "bee"]);
        let targets = sequences(&[Some(0), None, Some(1), None]);
        let certain = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        let scores = measure(&classes, &targets, &certain);
        assert_eq!((scores.items, scores.accuracy, scores.loss), (4, 0.5, 0.0));
        assert_eq!(scores.confusion.matrix(), [[1, 0, 0], [0, 1, 0], [1, 1, 0]]);
        // Two thirds, two thirds and nothing.
        assert!((scores.macro_f1 - 4.0 / 9.0).abs() < 1e-12);
        assert_eq!(scores.names, ["ant", "bee", "dog"]);
        assert!(scores.to_table().contains("dog"));
    }

    #[test]
    fn nothing_counted_is_no_division_by_zero() {
        let mut one = Sequences::new(Rows::ids(1), Targets::classes(), Read::LastStep);
        one.push_ids([0]);
        one.push_class(Target::IGNORED);
        one.end_sequence();
        let scores = measure(&Labels::plain(["a", "b"]), &one, &[0.5, 0.5]);
        assert_eq!((scores.loss, scores.macro_f1, scores.items), (0.0, 0.0, 0));
    }
}
