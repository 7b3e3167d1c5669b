//! Tests of the tests, against other programs and by hand.

use super::*;

fn single(right: &[bool]) -> Outcomes {
    Outcomes::Right {
        noun: "sequences",
        sequences: right.iter().map(|&right| vec![right]).collect(),
    }
}

/// `binom.test(3, 15)$p.value` of R 4.3 is 0.03515625.
#[test]
fn disagreements_are_tested_exactly() {
    let mut a = vec![true; 40];
    let mut b = a.clone();
    a[..12].fill(false);
    b[12..15].fill(false);
    let found = test(&single(&a), &single(&b)).unwrap();
    assert!((found.p - 0.035_156_25).abs() < 1e-12, "{}", found.p);
    assert_eq!(
        (found.only_b_right, found.only_a_right, found.better),
        (Some(12), Some(3), Some("B"))
    );
    assert_eq!(
        found.sentence,
        "B is better: 12 sequences right that A has wrong, 3 the other way; p = 0.035"
    );
    let turned = test(&single(&b), &single(&a)).unwrap();
    assert_eq!((turned.better, turned.p), (Some("A"), found.p));
    let same = test(&single(&a), &single(&a)).unwrap();
    assert_eq!((same.p, same.better), (1.0, None));
    assert!(test(&single(&a), &single(&b[1..])).is_err());
}

#[test]
fn items_of_a_sequence_count_together() {
    // In every second sentence B has all ten tokens right and A none; else the other way, but for a few.
    let outcome = |is_right: &dyn Fn(usize) -> bool| Outcomes::Right {
        noun: "tokens",
        sequences: (0..40).map(|i| vec![is_right(i); 10]).collect(),
    };
    let a = outcome(&|i| i % 2 == 0 && i > 6);
    let b = outcome(&|i| i % 2 == 1);
    let found = test(&a, &b).unwrap();
    // Tokens alone, 200 against 160, would have p = 0.04.
    assert_eq!((found.kind, found.examples), (Kind::Bootstrap, 40));
    assert!(found.p > 0.3 && found.better.is_none(), "{found:?}");
    assert!(mcnemar(160, 200) < 0.05);
    let few = |all: &Outcomes| match all {
        Outcomes::Right { noun, sequences } => Outcomes::Right {
            noun,
            sequences: sequences[..6].to_vec(),
        },
        _ => unreachable!(),
    };
    let found = test(&few(&a), &few(&b)).unwrap();
    assert_eq!(found.kind, Kind::McNemar);
    assert!(
        found.sentence.contains("as if tokens"),
        "{}",
        found.sentence
    );
}

#[test]
fn spans_are_drawn_sentence_by_sentence() {
    let counts = |correct| Counts {
        real: 2,
        found: 2,
        correct,
    };
    let a: Vec<Counts> = (0..60).map(|i| counts(usize::from(i % 3 > 0))).collect();
    let b: Vec<Counts> = (0..60)
        .map(|i| counts(1 + usize::from(i % 3 > 1)))
        .collect();
    let [of_a, of_b] = [a, b].map(Outcomes::Spans);
    let found = test(&of_a, &of_b).unwrap();
    assert_eq!(found.better, Some("B"));
    let [low, high] = found.interval.unwrap();
    let gain = 1.0 / 3.0;
    assert!(
        0.2 < low && low < gain && gain < high && high < 0.5,
        "{low} {high}"
    );
    assert!(
        found.sentence.contains("33.33 points higher"),
        "{}",
        found.sentence
    );
    assert_eq!(test(&of_a, &of_a).unwrap().p, 1.0);
}

#[test]
fn forecasts_are_tested_by_their_squared_errors() {
    let differences = vec![vec![0.5, -0.25, 0.75, 0.5, 0.0, 0.25, -0.5, 1.0, 0.5, 0.25]];
    // Mean 0.3, variance 0.185 (over n): t = sqrt(0.9) * 0.3 / sqrt(0.0185) = 2.0924, nine degrees of freedom,
    // whose density was integrated numerically in another program.
    let p = diebold_mariano(&differences, 1);
    assert!((p - 0.065_92).abs() < 1e-4, "{p}");
    assert_eq!(diebold_mariano(&[vec![0.0; 9]], 1), 1.0);
    let errors = |shift: f64, steps: std::ops::Range<usize>| {
        Outcomes::Errors(Errors {
            unit: "steps",
            horizon: 2,
            by_step: steps
                .map(|step| ((step / 40, step), shift + (step * step % 7) as f64))
                .collect(),
        })
    };
    let found = test(&errors(2.0, 0..80), &errors(0.0, 5..90)).unwrap();
    assert_eq!((found.better, found.examples), (Some("B"), 75));
    assert!(test(&errors(2.0, 0..4), &errors(0.0, 0..4)).is_err());
}

#[test]
fn lines_of_a_text_are_drawn_anew() {
    let a: Vec<f64> = (0..50).map(|i| 20.0 + f64::from(i % 5)).collect();
    let b: Vec<f64> = (0..50).map(|i| 20.0 + f64::from(i % 7)).collect();
    let found = test(&Outcomes::Nats(a.clone()), &Outcomes::Nats(b)).unwrap();
    assert_eq!(found.better, Some("A"));
    let less: Vec<f64> = a.iter().map(|nats| nats - 1.0).collect();
    let found = test(&Outcomes::Nats(a), &Outcomes::Nats(less)).unwrap();
    assert!(
        found.sentence.contains("1.0000 nats less"),
        "{}",
        found.sentence
    );
}
