//! How good the labels are.

use serde::Serialize;

use super::chain::Chain;
use super::confidence::{Confidence, ConfidenceJudge};
use super::judge::{Decoded, LabelJudge};
use super::labels::Labels;
use super::meaning::LabelMeaning;
use super::reliability::LabelReliability;
use crate::base::failure::Result;
use crate::base::json;
use crate::data::Sequences;
use crate::data::spans::{Counts, SpanScore};
use crate::net::judge::Both;
use crate::net::network::Network;
use crate::task::temperature::Temperature;
use crate::train::report::{Reliability, ReliabilityRow};

/// Finds labels, and how sure they are.
pub type LabelsAndConfidence<'a> = Both<LabelJudge<'a>, ConfidenceJudge<'a>>;

/// LabelScores over all sentences of a file.
#[derive(Clone, Debug)]
pub struct LabelScores {
    /// Mean nats per token with a label that the net knows.
    pub loss: f64,
    /// Tokens counted.
    pub items: usize,
    /// Share of tokens with the right label.
    pub accuracy: f64,
    /// Where labels mark spans.
    pub spans: Option<SpanScore>,
    /// How sure the labels were.
    pub reliability: LabelReliability,
}

/// The object that `eval --json` prints.
#[derive(Debug, Serialize)]
struct LabelScoresJson<'a> {
    loss: f64,
    accuracy: f64,
    #[serde(flatten)]
    spans: Option<SpanReport<'a>>,
    /// Expected calibration error of the labels, and of the spans.
    ece: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_ece: Option<f64>,
    /// Of spans where labels mark them, else of tokens.
    reliability: Vec<ReliabilityRow>,
    items: usize,
}

#[derive(Debug, Serialize)]
struct SpanReport<'a> {
    precision: f64,
    recall: f64,
    f1: f64,
    types: std::collections::BTreeMap<&'a str, TypeReport>,
}

#[derive(Debug, Serialize)]
struct TypeReport {
    precision: f64,
    recall: f64,
    f1: f64,
    spans: usize,
    found: usize,
}

impl LabelScores {
    /// Runs a net over sequences and compares what it finds with their targets. Runs on the threads of the rayon pool around
    /// it. The labels that were found come along, and how sure they are.
    ///
    /// # Errors
    /// None for sequences of this net.
    pub fn run(
        network: &Network,
        meaning: &LabelMeaning,
        sequences: &Sequences,
    ) -> Result<(Self, Vec<Decoded>, Vec<Confidence>)> {
        let chain = |temperature| Chain::new(&meaning.labels, network.transitions(), temperature);
        let chains = [Temperature::default(), meaning.temperature].map(chain);
        Self::judged(chains.each_ref(), sequences, |judge| {
            network.judge(sequences, judge)
        })
    }

    /// The same of whatever lets the judge see outputs of the sequences: labels are found and paid for by the first chain, and how
    /// sure they are the second one says.
    ///
    /// # Errors
    /// Those of `run`.
    pub fn judged<'a>(
        [plain, softened]: [&'a Chain<'a>; 2],
        sequences: &'a Sequences,
        run: impl FnOnce(&LabelsAndConfidence<'a>) -> Result<Vec<(Decoded, Confidence)>>,
    ) -> Result<(Self, Vec<Decoded>, Vec<Confidence>)> {
        let labels = plain.labels;
        let found = run(&Both(
            LabelJudge {
                chain: plain,
                sequences,
            },
            ConfidenceJudge {
                chain: softened,
                top: 0,
                targets: Some(sequences),
            },
        ))?;
        let (decoded, sure): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let reliability = LabelReliability::measure(labels, sequences, &sure);
        let scores = Self {
            reliability,
            ..Self::measure(labels, sequences, &decoded)
        };
        Ok((scores, decoded, sure))
    }

    /// Compares the labels that were found with the targets; how sure they were is not known.
    pub fn measure(labels: &Labels, sequences: &Sequences, decoded: &[Decoded]) -> Self {
        let (mut loss, mut right, mut items, mut costs) = (0.0, 0, 0, 0);
        let mut spans = labels.are_spans().then(SpanScore::default);
        for (sequence, decoded) in decoded.iter().enumerate() {
            let rows = sequences.rows_of(sequence);
            let mut real = Vec::with_capacity(rows.len());
            for (row, &found) in rows.zip(&decoded.labels) {
                if let Some(target) = sequences.classes()[row].get() {
                    right += usize::from(target as usize == found);
                    real.push(labels.tag(target as usize));
                } else if let Some(name) = sequences.unknown(row) {
                    real.push(labels.tag_of(name));
                }
            }
            items += real.len();
            costs += decoded.nats.len();
            decoded.nats.iter().for_each(|nats| loss += nats);
            if let Some(spans) = &mut spans {
                let found = decoded.labels.iter().map(|&id| labels.tag(id));
                spans.add(real, found);
            }
        }
        let count = items.max(1) as f64;
        Self {
            loss: loss / costs.max(1) as f64,
            items,
            accuracy: right as f64 / count,
            spans,
            reliability: LabelReliability::default(),
        }
    }

    /// The figure that decides which epoch is best: F1 of the spans, or accuracy where there are none.
    pub fn decisive(&self) -> f64 {
        self.spans
            .as_ref()
            .map_or(self.accuracy, |spans| spans.total.f1())
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        let spans = self.spans.as_ref().map(|spans| SpanReport {
            precision: spans.total.precision(),
            recall: spans.total.recall(),
            f1: spans.total.f1(),
            types: spans
                .types
                .iter()
                .map(|(kind, counts)| (kind.as_str(), TypeReport::of(counts)))
                .collect(),
        });
        let report = LabelScoresJson {
            loss: self.loss,
            accuracy: self.accuracy,
            spans,
            ece: self.reliability.tokens.error(),
            span_ece: self.reliability.spans.as_ref().map(Reliability::error),
            reliability: self.reliability.main().1.rows(),
            items: self.items,
        };
        json::text(&report)
    }

    /// A table for people, one line per type as `conlleval` prints it.
    pub fn to_table(&self) -> String {
        let mut table = format!(
            "{} tokens, loss {:.4} nats per token, accuracy {:.2} %\n",
            self.items,
            self.loss,
            self.accuracy * 100.0
        );
        if let Some(spans) = &self.spans {
            table += &Self::spans_table(spans);
        }
        let (tokens, (what, reliability)) = (&self.reliability.tokens, self.reliability.main());
        table += &format!(
            "\nexpected calibration error {:.2} % of tokens",
            tokens.error() * 100.0
        );
        table += &match &self.reliability.spans {
            Some(spans) => format!(", {:.2} % of spans found\n", spans.error() * 100.0),
            None => "\n".to_owned(),
        };
        table + &reliability.to_table(what)
    }

    fn spans_table(spans: &SpanScore) -> String {
        let width = spans
            .types
            .keys()
            .map(|kind| kind.chars().count())
            .max()
            .unwrap_or(0)
            .max("all spans".len());
        let mut table = format!(
            "\n{:width$}  precision    recall        F1   spans  found\n",
            ""
        );
        let line = |name: &str, counts: &Counts| {
            let [precision, recall, f1] =
                [counts.precision(), counts.recall(), counts.f1()].map(|share| share * 100.0);
            format!(
                "{name:width$}  {precision:7.2} %  {recall:6.2} %  {f1:6.2} %  {:6} {:6}\n",
                counts.real, counts.found
            )
        };
        table += &line("all spans", &spans.total);
        table.extend(
            spans
                .types
                .iter()
                .filter(|(kind, _)| !kind.is_empty())
                .map(|(kind, counts)| line(kind, counts)),
        );
        table
    }
}

impl TypeReport {
    fn of(counts: &Counts) -> Self {
        Self {
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
            spans: counts.real,
            found: counts.found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::conll::Sentence;
    use crate::net::judge::judge_all;
    use elman_core::Target;

    fn measure(labels: &Labels, sequences: &Sequences, probabilities: &[f32]) -> LabelScores {
        let chain = &Chain::new(labels, None, Temperature::default());
        let judge = LabelJudge { chain, sequences };
        let decoded = judge_all(&judge, sequences, probabilities);
        LabelScores::measure(labels, sequences, &decoded)
    }

    fn setup(labels: &[&str], targets: &[u32]) -> (Labels, Sequences) {
        let sentence = Sentence {
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            ..Sentence::default()
        };
        let mut sequences = Sequences::of_tokens(1);
        targets
            .iter()
            .for_each(|&target| sequences.push_row([0], Target::class(target)));
        sequences.end_sequence();
        (Labels::collect(&[sentence]), sequences)
    }

    #[test]
    fn spans_are_scored_after_decoding() {
        let (labels, sequences) = setup(&["B", "I", "O"], &[0, 1, 2, 0]);
        let probabilities = [0.6, 0.2, 0.2, 0.1, 0.7, 0.2, 0.25, 0.25, 0.5, 0.1, 0.1, 0.8];
        let scores = measure(&labels, &sequences, &probabilities);
        assert_eq!((scores.items, scores.accuracy), (4, 0.75));
        assert_eq!(
            scores.spans.as_ref().unwrap().total,
            Counts {
                real: 2,
                found: 1,
                correct: 1
            }
        );
        let expected = -(0.6f64.ln() + 0.7f64.ln() + 0.5f64.ln() + 0.1f64.ln()) / 4.0;
        assert!((scores.loss - expected).abs() < 1e-6);
        let json: serde_json::Value = serde_json::from_str(&scores.to_json()).unwrap();
        assert_eq!(
            (json["precision"].as_f64(), json["recall"].as_f64()),
            (Some(1.0), Some(0.5))
        );
        assert!(scores.to_table().contains("all spans"));
    }

    #[test]
    fn labels_that_training_lacks_are_missed() {
        let (labels, mut sequences) = setup(&["B-a", "I-a", "O"], &[0, 2]);
        sequences.push_ids([0]);
        sequences.push_unknown("B-b");
        sequences.push_row([0], Target::class(2));
        sequences.end_sequence();
        let certain = [
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0],
        ];
        let scores = measure(&labels, &sequences, certain.as_flattened());
        assert_eq!((scores.items, scores.accuracy, scores.loss), (4, 0.75, 0.0));
        let spans = scores.spans.unwrap();
        assert_eq!((spans.types["b"].real, spans.types["b"].found), (1, 0));
        assert_eq!((spans.types["a"].found, spans.total.f1()), (2, 0.5));
    }

    #[test]
    fn labels_without_spans_have_an_accuracy_only() {
        let (labels, sequences) = setup(&["DET", "NOUN"], &[0, 1]);
        let scores = measure(&labels, &sequences, &[0.0, 1.0, 0.5, 0.5]);
        assert_eq!(scores.decisive(), 0.0);
        assert!(scores.loss.is_finite());
        assert!(!scores.to_json().contains("f1"));
    }
}
