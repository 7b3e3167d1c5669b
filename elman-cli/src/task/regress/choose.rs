//! Which linear sum estimates a target best: found on the training part only, by leaving out a fifth of it at a time.

use rayon::prelude::*;

use super::meaning::Regressors;
use super::samples::Sample;
use crate::task::curve::Curve;
use crate::task::linear::{Design, Linear};

/// Rows that are tried.
const ROWS: [usize; 5] = [0, 1, 2, 4, 8];
/// Ridges that are tried, see [`Design::fit`].
const RIDGES: [f64; 4] = [1e-9, 1e-4, 1e-2, 0.3];
/// Stretches of the file that are left out in turn: what is alike lies together, so each is new to the sum that it judges.
const FOLDS: usize = 5;
/// A sum reads no more numbers than that.
const WIDEST: usize = 256;
/// So many answers, evenly spread, decide; more would take longer and say the same.
const DECISIVE: usize = 20_000;
/// And so many fit what was decided.
const FITTED: usize = 200_000;

/// What was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    pub curve: Curve,
    pub regressors: Regressors,
    pub linear: Linear,
}

/// The answers to one of the targets.
pub struct Answers<'a> {
    pub samples: &'a [Sample],
    /// See [`RegressMeaning::fallback`](super::meaning::RegressMeaning).
    pub fallback: &'a [f64],
    /// Which of so many targets.
    pub target: usize,
    pub targets: usize,
}

/// Features and the target of some answers, in the order of the file.
struct Rows {
    features: Vec<f64>,
    targets: Vec<f64>,
}

/// One way to fit.
#[derive(Clone, Copy)]
struct Candidate {
    curve: Curve,
    regressors: Regressors,
    ridge: usize,
    error: f64,
}

impl Answers<'_> {
    fn of<'a>(&self, sample: &'a Sample) -> impl Iterator<Item = f64> + Clone + use<'a> {
        let (skipped, targets) = (self.target, self.targets);
        sample
            .targets
            .iter()
            .skip(skipped)
            .step_by(targets)
            .copied()
    }

    /// All that are known.
    pub fn known(&self) -> impl Iterator<Item = f64> + Clone {
        let all = self.samples.iter().flat_map(|sample| self.of(sample));
        all.filter(|target| !target.is_nan())
    }

    /// The root of the mean square of what a sum misses of them, on its curve.
    pub fn missed(&self, curve: Curve, regressors: Regressors, linear: &Linear) -> f64 {
        let rows = self.rows(regressors, 1);
        let width = regressors.len(self.fallback.len());
        let mut missed = 0.0;
        for (row, &target) in rows.targets.iter().enumerate() {
            let features = &rows.features[row * width..(row + 1) * width];
            missed += (curve.apply(target) - linear.apply(features)).powi(2);
        }
        (missed / rows.len().max(1) as f64).sqrt()
    }

    /// Features of every so many-th of them.
    fn rows(&self, regressors: Regressors, every: usize) -> Rows {
        let mut rows = Rows {
            features: Vec::new(),
            targets: Vec::new(),
        };
        let mut place = 0;
        for sample in self.samples {
            let steps = sample.inputs.len() / self.fallback.len();
            let unread = steps - sample.targets.len() / self.targets;
            let mut targets = self.of(sample);
            regressors.walk(&sample.inputs, self.fallback, |row, features| {
                if row < unread {
                    return;
                }
                let Some(target) = targets.next().filter(|target| !target.is_nan()) else {
                    return;
                };
                if place % every == 0 {
                    rows.features.extend_from_slice(features);
                    rows.targets.push(target);
                }
                place += 1;
            });
        }
        rows
    }
}

impl Rows {
    fn len(&self) -> usize {
        self.targets.len()
    }

    /// Those of some answers.
    fn design(&self, curve: Curve, width: usize, is_fitted: impl Fn(usize) -> bool) -> Design {
        let mut design = Design::new(width);
        for (row, &target) in self.targets.iter().enumerate() {
            if is_fitted(row) {
                let features = &self.features[row * width..(row + 1) * width];
                design.push(features, curve.apply(target));
            }
        }
        design
    }
}

/// Chooses and fits. There is at least one answer.
pub fn choose(answers: &Answers<'_>) -> Choice {
    let count = answers.known().count();
    let curves = Curve::candidates(answers.known());
    let sets = ROWS
        .iter()
        .flat_map(|&rows| [false, true].map(|with_mean| Regressors { rows, with_mean }));
    let sets: Vec<Regressors> = sets.collect();
    let tried = sets.par_iter().flat_map_iter(|&regressors| {
        let width = regressors.len(answers.fallback.len());
        let rows = match width {
            width if width > WIDEST => None,
            _ => Some(answers.rows(regressors, count.div_ceil(DECISIVE).max(1))),
        };
        let curves = curves.clone().into_iter();
        curves.flat_map(move |curve| match &rows {
            Some(rows) => validate(rows, curve, regressors, width),
            None => Vec::new(),
        })
    });
    let mut tried: Vec<Candidate> = tried.collect();
    // Of equals the first, which is the simplest, stays first.
    tried.sort_by(|a, b| a.error.total_cmp(&b.error));
    let best = tried.first().copied().unwrap_or(Candidate {
        curve: Curve::Identity,
        regressors: Regressors {
            rows: 0,
            with_mean: false,
        },
        ridge: 0,
        error: f64::NAN,
    });
    let rows = answers.rows(best.regressors, count.div_ceil(FITTED).max(1));
    let width = best.regressors.len(answers.fallback.len());
    let design = rows.design(best.curve, width, |_| true);
    let linear = design.fit(&RIDGES[best.ridge..=best.ridge]).remove(0);
    Choice {
        curve: best.curve,
        regressors: best.regressors,
        linear,
    }
}

/// How far off sums are that are fitted on the rest, one for each ridge; none where there is too little to fit on.
fn validate(rows: &Rows, curve: Curve, regressors: Regressors, width: usize) -> Vec<Candidate> {
    let mut errors = [0.0; RIDGES.len()];
    for fold in 0..FOLDS {
        let at = |fold: usize| fold * rows.len() / FOLDS;
        let left_out = at(fold)..at(fold + 1);
        let design = rows.design(curve, width, |row| !left_out.contains(&row));
        if design.len() < 2 * width + 1 || left_out.is_empty() {
            return Vec::new();
        }
        for (error, linear) in errors.iter_mut().zip(design.fit(&RIDGES)) {
            for row in left_out.clone() {
                let features = &rows.features[row * width..(row + 1) * width];
                *error += (curve.invert(linear.apply(features)) - rows.targets[row]).powi(2);
            }
        }
    }
    let candidates = errors.into_iter().enumerate();
    candidates
        .filter(|(_, error)| error.is_finite())
        .map(|(ridge, error)| Candidate {
            curve,
            regressors,
            ridge,
            error,
        })
        .collect()
}
