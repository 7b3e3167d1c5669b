//! Conditional random fields against every path there is, in f64: loss, slopes of logits and of transitions, on every level.

use elman_core::{Batch, Error, Level, Target, crf};
use elman_tests::{Generator, levels};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[path = "oracle/cases.rs"]
mod cases;

/// Central differences step this far; the error of the quotient is then about 1e-10.
const STEP: f64 = 1e-5;

/// The largest difference between a slope of core, an f32 of size one at most, and that of the oracle.
const WORST: f64 = 1e-6;

/// Sequences of a batch, longest first, with all that is known of them.
#[derive(Clone, Debug)]
struct Case {
    labels: usize,
    lengths: Vec<usize>,
    /// (R, L) and (R), sequence by sequence.
    logits: Vec<f64>,
    targets: Vec<Option<usize>>,
    scores: Vec<f64>,
    legal: Vec<bool>,
}

impl Case {
    /// One in `forbidden` transitions is; targets take none of them, and one in `ignored` steps has no target.
    fn new(
        labels: usize,
        mut lengths: Vec<usize>,
        (forbidden, ignored): (usize, usize),
        seed: u64,
    ) -> Self {
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let mut random = Generator::new(seed);
        let rows: usize = lengths.iter().sum();
        let numbers = |numbers: Vec<f32>| numbers.into_iter().map(f64::from).collect();
        let logits: Vec<f64> = numbers(random.numbers(rows * labels, 3.0));
        let scores: Vec<f64> = numbers(random.numbers(crf::params_len(labels), 2.0));
        // Label 0 may follow and be followed by everything, so that there always is a path.
        let square = labels * labels;
        let is_free = |i: usize| match i {
            i if i < square => i / labels == 0 || i % labels == 0,
            i => (i - square).is_multiple_of(labels),
        };
        let legal: Vec<bool> = (0..scores.len())
            .map(|i| is_free(i) || random.below(forbidden) > 0)
            .collect();
        let mut case = Self {
            labels,
            lengths,
            logits,
            targets: Vec::new(),
            scores,
            legal,
        };
        for sequence in 0..case.lengths.len() {
            let legal: Vec<Vec<usize>> = case.paths(case.lengths[sequence]);
            let path = &legal[random.below(legal.len())];
            let known = path
                .iter()
                .map(|&label| (random.below(ignored) > 0).then_some(label));
            case.targets.extend(known);
        }
        case
    }

    /// Numbers of the scores that a path takes.
    fn taken(&self, path: &[usize]) -> Vec<usize> {
        let square = self.labels * self.labels;
        let pairs = path.windows(2).map(|pair| pair[0] * self.labels + pair[1]);
        let ends = [
            square + path[0],
            square + self.labels + path[path.len() - 1],
        ];
        pairs.chain(ends).collect()
    }

    /// Every legal path of so many steps.
    fn paths(&self, len: usize) -> Vec<Vec<usize>> {
        let count = self.labels.pow(len as u32);
        let path = |mut number: usize| -> Vec<usize> {
            let step = |_| {
                let label = number % self.labels;
                number /= self.labels;
                label
            };
            (0..len).map(step).collect()
        };
        let is_legal = |path: &Vec<usize>| self.taken(path).iter().all(|&i| self.legal[i]);
        (0..count).map(path).filter(is_legal).collect()
    }

    /// `Σ log Z - log Z(targets)` over the sequences.
    fn nats(&self) -> f64 {
        let (mut nats, mut row) = (0.0, 0);
        for &len in &self.lengths {
            let targets = &self.targets[row..row + len];
            let (mut all, mut wanted) = (0.0, 0.0);
            for path in self.paths(len) {
                let logits = path
                    .iter()
                    .enumerate()
                    .map(|(t, label)| self.logits[(row + t) * self.labels + label]);
                let scores = self.taken(&path).into_iter().map(|i| self.scores[i]);
                let weight = logits.chain(scores).sum::<f64>().exp();
                let fits = |(label, target): (&usize, &Option<usize>)| {
                    target.is_none_or(|target| target == *label)
                };
                all += weight;
                if path.iter().zip(targets).all(fits) {
                    wanted += weight;
                }
            }
            nats += (all / wanted).ln();
            row += len;
        }
        nats
    }

    fn counted(&self) -> f64 {
        self.targets.iter().flatten().count() as f64
    }

    /// The row of a batch that is this step of this sequence, for each of them.
    fn places(&self) -> Vec<usize> {
        let steps = (0..self.lengths[0]).flat_map(|t| {
            let going = self.lengths.iter().filter(move |&&len| len > t).count();
            (0..going).map(move |sequence| (sequence, t))
        });
        let steps: Vec<(usize, usize)> = steps.collect();
        let of = |(sequence, &len): (usize, &usize)| {
            let steps = &steps;
            (0..len)
                .map(move |t| {
                    steps
                        .iter()
                        .position(|&step| step == (sequence, t))
                        .expect("a row")
                })
                .collect::<Vec<_>>()
        };
        self.lengths.iter().enumerate().flat_map(of).collect()
    }

    /// Loss, slopes of the logits sequence by sequence, and of the scores, as core finds them in a dirty scratch.
    fn run(&self, level: Level) -> (f64, Vec<f32>, Vec<f32>) {
        let (places, labels) = (self.places(), self.labels);
        let mut rows = vec![f32::NAN; self.logits.len()];
        let mut targets = vec![Target::IGNORED; self.targets.len()];
        for (row, &place) in places.iter().enumerate() {
            for label in 0..labels {
                rows[place * labels + label] = self.logits[row * labels + label] as f32;
            }
            targets[place] =
                self.targets[row].map_or(Target::IGNORED, |label| Target::class(label as u32));
        }
        let mut active = vec![0; self.lengths[0]];
        let batch = Batch::ragged(Batch::fill_active(&self.lengths, &mut active).unwrap()).unwrap();
        let scores: Vec<f32> = self.scores.iter().map(|&score| score as f32).collect();
        let mut scratch = vec![f64::NAN; crf::scratch_len(labels, batch.steps())];
        let mut gradients = vec![0.0; scores.len()];
        let transitions = crf::Transitions {
            scores: &scores,
            legal: &self.legal,
        };
        let nats = crf::negative_log_likelihood(
            level,
            &batch,
            &mut rows,
            labels,
            &targets,
            transitions,
            self.counted(),
            &mut scratch,
            &mut gradients,
        );
        let slopes = places
            .iter()
            .flat_map(|&place| &rows[place * labels..(place + 1) * labels]);
        (nats.unwrap(), slopes.copied().collect(), gradients)
    }

    /// Slope of the oracle's loss along the numbers that `pick` points at.
    fn slope(&self, pick: impl Fn(&mut Self) -> &mut f64) -> f64 {
        let mut moved = self.clone();
        let mut at = |step: f64| {
            moved.clone_from(self);
            *pick(&mut moved) += step;
            moved.nats() / self.counted()
        };
        (at(STEP) - at(-STEP)) / (2.0 * STEP)
    }
}

fn case() -> impl Strategy<Value = Case> {
    let shape = (1usize..=4, prop::collection::vec(1usize..=4, 1..=4));
    (shape, (2usize..=6, 2usize..=6), any::<u64>())
        .prop_map(|((labels, lengths), shares, seed)| Case::new(labels, lengths, shares, seed))
        .prop_filter("nothing counts", |case| case.counted() > 0.0)
}

#[test]
fn slopes_are_those_of_all_paths() {
    let config = ProptestConfig {
        cases: 300,
        ..cases::config()
    };
    let property = |case: Case| {
        let expected = case.nats() / case.counted();
        let of_logits: Vec<f64> = (0..case.logits.len())
            .map(|i| case.slope(|case| &mut case.logits[i]))
            .collect();
        let of_scores: Vec<f64> = (0..case.scores.len())
            .map(|i| case.slope(|case| &mut case.scores[i]))
            .collect();
        for level in levels() {
            let (nats, slopes, gradients) = case.run(level);
            prop_assert!(
                (nats - expected).abs() < 1e-6 * expected.max(1.0),
                "{level}: {nats} and {expected}"
            );
            for (what, found, expected) in [
                ("logit", &slopes, &of_logits),
                ("score", &gradients, &of_scores),
            ] {
                for (i, (&found, expected)) in found.iter().zip(expected).enumerate() {
                    let error = (f64::from(found) - expected).abs();
                    prop_assert!(error < WORST, "{level}: {what} {i}: {found} and {expected}");
                }
            }
        }
        Ok(())
    };
    if let Err(error) = TestRunner::new(config).run(&case(), property) {
        panic!("{error}");
    }
}

/// Sizes around those of strips; nothing is enumerated here, so they may be large.
#[test]
fn bits_are_the_same_on_every_level_and_in_every_company() {
    for labels in [2, 3, 15, 16, 17, 40] {
        let mut case = Case::new(labels, vec![1], (3, 4), labels as u64);
        case.lengths = vec![9, 7, 7, 2, 1];
        let mut random = Generator::new(labels as u64);
        let numbers: Vec<f32> = random.numbers(26 * labels, 30.0);
        case.logits = numbers.into_iter().map(f64::from).collect();
        // All through label 0, which may follow everything.
        case.targets = (0..26).map(|row| (row % 5 > 0).then_some(0)).collect();
        let bits = |(nats, slopes, gradients): &(f64, Vec<f32>, Vec<f32>)| {
            let floats = slopes.iter().chain(gradients);
            (
                nats.to_bits(),
                floats.map(|x| x.to_bits()).collect::<Vec<_>>(),
            )
        };
        let results = levels().into_iter().map(|level| case.run(level));
        let results: Vec<_> = results.collect();
        assert!(
            results
                .iter()
                .all(|result| bits(result) == bits(&results[0]))
        );
        let (nats, slopes, _) = &results[0];
        assert!(nats.is_finite() && *nats > 0.0 && slopes.iter().any(|&slope| slope != 0.0));
        // The last sequence alone, whose mean divides by another number.
        let mut alone = case.clone();
        alone.lengths = vec![1];
        alone.logits = case.logits[25 * labels..].to_vec();
        alone.targets = vec![Some(0)];
        case.targets[25] = Some(0);
        let (together, alone) = (case.run(levels()[0]).1, alone.run(levels()[0]).1);
        for (together, alone) in together[25 * labels..].iter().zip(&alone) {
            let alone = f64::from(*alone) / case.counted();
            assert!((f64::from(*together) - alone).abs() < 1e-8);
        }
    }
}

#[test]
fn logits_and_scores_of_every_size_have_a_finite_loss() {
    let mut case = Case::new(3, vec![4, 2], (1000, 1000), 3);
    case.logits
        .iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x = [9e37, -3e38, 800.0][i % 3]);
    case.scores.iter_mut().for_each(|score| *score *= 100.0);
    case.targets.fill(Some(2));
    let (nats, slopes, gradients) = case.run(Level::detect());
    assert!(nats.is_finite() && nats > 1e36, "{nats}");
    assert!(
        slopes
            .iter()
            .chain(&gradients)
            .all(|slope| slope.is_finite())
    );
}

#[test]
fn targets_that_are_forbidden_cost_everything() {
    let mut case = Case::new(2, vec![3, 2, 2], (1000, 1000), 5);
    case.legal[1] = false; // from 0 to 1
    case.targets = [1, 1, 0, 0, 1, 1, 0].map(Some).to_vec();
    assert_eq!(case.run(Level::detect()).0, f64::INFINITY);
    case.targets[4] = None;
    let (nats, slopes, gradients) = case.run(Level::detect());
    assert!((nats - case.nats() / 6.0).abs() < 1e-9);
    assert!(slopes.iter().all(|slope| slope.is_finite()));
    assert_eq!(gradients[1], 0.0);
}

#[test]
fn nothing_that_counts_is_no_loss() {
    let mut case = Case::new(3, vec![3, 1], (4, 4), 7);
    case.targets.fill(None);
    let (nats, slopes, gradients) = case.run(Level::detect());
    assert_eq!(nats, 0.0);
    assert!(slopes.iter().chain(&gradients).all(|&slope| slope == 0.0));
}

#[test]
fn labels_without_a_logit_are_refused() {
    let batch = Batch::uniform(2, 1).unwrap();
    let targets = [Target::class(1), Target::class(2)];
    let transitions = crf::Transitions {
        scores: &[0.0; 8],
        legal: &[true; 8],
    };
    let mut scratch = [0.0; crf::scratch_len(2, 2)];
    let mut learn = |total| {
        let gradients = &mut [0.0; 8];
        crf::negative_log_likelihood(
            Level::detect(),
            &batch,
            &mut [0.0; 4],
            2,
            &targets,
            transitions,
            total,
            &mut scratch,
            gradients,
        )
    };
    assert_eq!(
        learn(2.0),
        Err(Error::Target {
            row: 1,
            class: 2,
            classes: 2
        })
    );
    assert!(matches!(learn(f64::NAN), Err(Error::Total(_))));
}
