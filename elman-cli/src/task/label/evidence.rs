//! What a report page shows of a labelling net.

use super::judge::Decoded;
use super::labels::Labels;
use super::meaning::LabelMeaning;
use super::mistakes::{Origin, mistakes};
use super::scores::LabelScores;
use super::targets::TargetNames;
use crate::base::failure::Result;
use crate::data::Sequences;
use crate::data::spans::{Counts, SpanScore};
use crate::net::network::Network;
use crate::train::report::{Confusion, Evidence, KindScore, NamedConfusion, ReliabilityCurve};

/// What a net makes of some sequences. Runs on the threads of the rayon pool around it.
///
/// # Errors
/// None for sequences of this net.
pub fn evidence(
    network: &Network,
    meaning: &LabelMeaning,
    sequences: &Sequences,
    origin: &Origin,
) -> Result<Vec<Evidence>> {
    let (scores, decoded, sure) = LabelScores::run(network, meaning, sequences)?;
    let (what, reliability) = scores.reliability.main();
    let curve = Evidence::Reliability(ReliabilityCurve {
        what: what.to_owned(),
        reliability: reliability.clone(),
        temperature: meaning.temperature.get(),
    });
    let labels = &meaning.labels;
    let worst = mistakes(labels, sequences, &sure, origin);
    let mut evidence = found(labels, sequences, &decoded, scores.spans);
    evidence.extend([curve, Evidence::Mistakes(worst)]);
    Ok(evidence)
}

/// Scores per type where labels mark spans, else who is taken for whom.
fn found(
    labels: &Labels,
    sequences: &Sequences,
    decoded: &[Decoded],
    spans: Option<SpanScore>,
) -> Vec<Evidence> {
    let Some(spans) = spans else {
        return vec![Evidence::Confusion(confusion(labels, sequences, decoded))];
    };
    let mut kinds = vec![KindScore {
        is_total: true,
        ..kind("all spans", &spans.total)
    }];
    // Spans without a type are all there are.
    let types = spans.types.iter().filter(|(name, _)| !name.is_empty());
    kinds.extend(types.map(|(name, counts)| kind(name, counts)));
    vec![Evidence::Spans(kinds)]
}

fn kind(name: &str, counts: &Counts) -> KindScore {
    KindScore {
        name: name.to_owned(),
        precision: counts.precision(),
        recall: counts.recall(),
        f1: counts.f1(),
        support: counts.real,
        is_total: false,
    }
}

fn confusion(labels: &Labels, sequences: &Sequences, decoded: &[Decoded]) -> NamedConfusion {
    let names = TargetNames::new(labels, sequences);
    let mut counts = Confusion::new(names.len());
    for (sequence, decoded) in decoded.iter().enumerate() {
        for (row, &found) in sequences.rows_of(sequence).zip(&decoded.labels) {
            if let Some(real) = names.number(row) {
                counts.add(real, found, 1);
            }
        }
    }
    NamedConfusion {
        classes: names.all(),
        counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::conll::Sentence;
    use crate::net::judge::judge_all;
    use crate::task::label::chain::Chain;
    use crate::task::label::judge::LabelJudge;
    use crate::task::temperature::Temperature;
    use elman_core::Target;

    fn evidence_of(names: [&str; 2]) -> Evidence {
        let sentence = Sentence {
            labels: names.map(str::to_owned).to_vec(),
            ..Sentence::default()
        };
        let mut sequences = Sequences::of_tokens(1);
        for class in [0, 0, 1] {
            sequences.push_row([0], Target::class(class));
        }
        sequences.push_row([0], Target::IGNORED);
        sequences.end_sequence();
        let probabilities = [0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.5, 0.5];
        let labels = Labels::collect(&[sentence]);
        let judge = LabelJudge {
            chain: &Chain::new(&labels, None, Temperature::default()),
            sequences: &sequences,
        };
        let decoded = judge_all(&judge, &sequences, &probabilities);
        let spans = LabelScores::measure(&labels, &sequences, &decoded).spans;
        found(&labels, &sequences, &decoded, spans).remove(0)
    }

    #[test]
    fn spans_are_shown_by_type_and_other_labels_as_a_confusion() {
        let Evidence::Spans(kinds) = evidence_of(["B-PER", "O"]) else {
            panic!("IOB labels are spans");
        };
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        assert_eq!((names, kinds[0].support), (vec!["all spans", "PER"], 2));
        let Evidence::Confusion(confusion) = evidence_of(["DET", "NOUN"]) else {
            panic!("these are no spans");
        };
        assert_eq!(confusion.classes, ["DET", "NOUN"]);
        assert_eq!(confusion.counts, Confusion::of(&[&[1, 1], &[0, 1]]));
    }
}
