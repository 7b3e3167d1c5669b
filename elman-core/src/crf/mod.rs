//! A linear-chain conditional random field on top of the outputs (Lafferty, McCallum and Pereira 2001; Lample et al. 2016):
//! labels of a sequence are scored together, by what the net says of every step and by what may follow what.
//!
//! ```text
//! score(y) = start[y[0]] + Σ logits[t][y[t]] + Σ transitions[y[t-1]][y[t]] + end[y[T-1]]
//! P(y)     = exp(score(y)) / Σ exp(score(y'))          over all y' without a forbidden transition
//! ```
//!
//! Everything is plain f64 in one fixed order, with the exponential and the logarithm of `libm`: the same bits on every
//! [`Level`], fused or not.
//!
//! ```
//! # use elman_core::{crf, Batch, Level, Target};
//! // One sequence of two steps, two labels; the net knows nothing, and label 1 likes to follow label 0.
//! let (mut rows, targets) = ([0.0; 4], [Target::class(0), Target::class(1)]);
//! let mut scores = [0.0; crf::params_len(2)];
//! scores[1] = 1.0; // from 0 to 1
//! let transitions = crf::Transitions { scores: &scores, legal: &[true; crf::params_len(2)] };
//! let (mut scratch, mut gradients) = ([0.0; crf::scratch_len(2, 2)], [0.0; crf::params_len(2)]);
//! let (level, batch) = (Level::detect(), Batch::uniform(2, 1)?);
//! let nats = crf::negative_log_likelihood(level, &batch, &mut rows, 2, &targets, transitions, 1.0, &mut scratch, &mut gradients)?;
//! let others = 3.0; // paths of score 0 beside the one of score 1
//! assert!((nats - (1.0 + others / 1f64.exp()).ln()).abs() < 1e-12);
//! assert!(gradients[1] < 0.0); // going down it, the score rises further
//! # Ok::<(), elman_core::Error>(())
//! ```

mod lattice;

use crate::batch::Batch;
use crate::error::{Error, check_len, check_room, check_shape};
use crate::loss::{Target, check_total};
use crate::simd::{Level, Operation, Simd};
use crate::slices::{at, at_mut};
use lattice::{Lattice, Steps, Tables, split};

/// Scores of a chain of `labels` labels, in the names of pytorch-crf: `transitions` (L, L), row by row from one label to the
/// next, then `start_transitions` (L) and `end_transitions` (L).
///
/// ```
/// # use elman_core::crf;
/// const SCORES: usize = crf::params_len(9);
/// assert_eq!(SCORES, 9 * 9 + 9 + 9);
/// ```
pub const fn params_len(labels: usize) -> usize {
    labels.saturating_mul(labels.saturating_add(2))
}

/// Numbers that [`negative_log_likelihood`] works with, for batches of at most `steps` steps.
///
/// ```
/// # use elman_core::crf;
/// const SCRATCH: usize = crf::scratch_len(9, 100);
/// assert_eq!(SCRATCH, 3 * 9 * 9 + 6 * 9 + 100 * (3 * 9 + 1));
/// ```
pub const fn scratch_len(labels: usize, steps: usize) -> usize {
    let tables = labels.saturating_mul(labels.saturating_mul(3).saturating_add(6));
    let of_step = labels.saturating_mul(3).saturating_add(1);
    tables.saturating_add(steps.saturating_mul(of_step))
}

/// What may follow what, and how well it does; both slices lie as [`params_len`] says.
///
/// ```
/// # use elman_core::crf::Transitions;
/// // O, B and I: no sequence starts with I, and none goes from O to I.
/// let (no, yes) = (false, true);
/// let legal = [yes, yes, no, yes, yes, yes, yes, yes, yes, /* start */ yes, yes, no, /* end */ yes, yes, yes];
/// let transitions = Transitions { scores: &[0.0; 15], legal: &legal };
/// assert_eq!(transitions.legal.len(), transitions.scores.len());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Transitions<'a> {
    /// Learnt, in nats.
    pub scores: &'a [f32],
    /// False where a transition is forbidden: its score is not read, and its gradient stays as it is.
    pub legal: &'a [bool],
}

/// The loss of whole sequences under a linear-chain conditional random field, by the forward algorithm, and its gradients.
///
/// `rows` (R, `labels`) are the logits of every row of the batch. Each becomes `∂loss/∂logits = (P(label) - wanted) / total`,
/// and `∂loss/∂scores` is *added* to `gradients`, which lie as the scores do. Returns `Σ -log P(targets) / total`, in nats. `total` is
/// how many targets of the whole mini-batch count; where it is 0 nothing counts and rows are zero.
///
/// A row whose target is ignored may have any label: `P(targets)` is the sum over all of them, and a sequence without targets
/// does not count. Where targets take a forbidden transition the loss is infinite, and the gradients are of no use.
///
/// # Errors
/// [`Error::Length`] for slices that do not match (`scratch` may be longer than [`scratch_len`] for the steps of the batch),
/// [`Error::Target`] for a label without a logit, [`Error::Total`].
///
/// ```
/// # use elman_core::{crf, Batch, Level, Target};
/// // Without scores and rules it is softmax and cross-entropy, row by row.
/// let (mut rows, targets) = ([0.0, 0.0, 5.0, -5.0], [Target::class(1), Target::IGNORED]);
/// let transitions = crf::Transitions { scores: &[0.0; 8], legal: &[true; 8] };
/// let (mut scratch, mut gradients) = ([0.0; crf::scratch_len(2, 2)], [0.0; 8]);
/// let (level, batch) = (Level::detect(), Batch::uniform(2, 1)?);
/// let nats = crf::negative_log_likelihood(level, &batch, &mut rows, 2, &targets, transitions, 1.0, &mut scratch, &mut gradients)?;
/// assert!((nats - f64::ln(2.0)).abs() < 1e-12);
/// assert_eq!(rows[..2], [0.5, -0.5]);
/// assert!(rows[2].abs() < 1e-12);
/// # Ok::<(), elman_core::Error>(())
/// ```
#[allow(clippy::too_many_arguments)]
pub fn negative_log_likelihood(
    level: Level,
    batch: &Batch<'_>,
    rows: &mut [f32],
    labels: usize,
    targets: &[Target],
    transitions: Transitions<'_>,
    total: f64,
    scratch: &mut [f64],
    gradients: &mut [f32],
) -> Result<f64, Error> {
    check_shape("rows", [batch.rows(), labels], rows.len())?;
    check_len("targets", batch.rows(), targets.len())?;
    let len = params_len(labels);
    check_len("transitions", len, transitions.scores.len())?;
    check_len("legal", len, transitions.legal.len())?;
    check_len("gradients", len, gradients.len())?;
    let needed = scratch_len(labels, batch.steps());
    check_room("scratch", needed, scratch.len())?;
    check_total(total)?;
    for (row, target) in targets.iter().enumerate() {
        if let Some(class) = target.get().filter(|&class| class as usize >= labels) {
            return Err(Error::Target {
                row,
                class,
                classes: labels,
            });
        }
    }
    if total == 0.0 || rows.is_empty() {
        rows.fill(0.0);
        return Ok(0.0);
    }
    Ok(level.run(Likelihood {
        batch,
        rows,
        labels,
        targets,
        transitions,
        total,
        scratch: at_mut(scratch, ..needed),
        gradients,
    }))
}

struct Likelihood<'a> {
    batch: &'a Batch<'a>,
    rows: &'a mut [f32],
    labels: usize,
    targets: &'a [Target],
    transitions: Transitions<'a>,
    total: f64,
    scratch: &'a mut [f64],
    gradients: &'a mut [f32],
}

impl Operation for Likelihood<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> f64 {
        let Self { batch, labels, .. } = self;
        let (tables, steps) = split(self.scratch, labels * (3 * labels + 6));
        let Transitions { scores, legal } = self.transitions;
        let mut tables = Tables::new(labels, (scores, legal), tables);
        let mut nats = 0.0;
        for sequence in 0..batch.sequences() {
            let mut sequence = Sequence {
                batch,
                number: sequence,
                len: batch.len_of(sequence),
            };
            let mut lattice = Lattice {
                labels,
                tables: &mut tables,
                steps: Steps::new(labels, sequence.len, steps),
            };
            nats += sequence.learn(&mut lattice, self.rows, self.targets, self.total);
        }
        tables.add_gradients(legal, self.total, self.gradients);
        nats / self.total
    }
}

/// Where the rows of a sequence lie.
struct Sequence<'a> {
    batch: &'a Batch<'a>,
    number: usize,
    len: usize,
}

impl Sequence<'_> {
    /// Row of every step, first to last.
    #[inline(always)]
    fn rows(&self) -> impl Iterator<Item = usize> {
        let steps = self.batch.walk(0..self.len);
        steps.map(|step| step.first_row + self.number)
    }

    /// Nats of the targets; the logits become slopes.
    #[inline(always)]
    fn learn(
        &mut self,
        lattice: &mut Lattice<'_, '_>,
        rows: &mut [f32],
        targets: &[Target],
        total: f64,
    ) -> f64 {
        let labels = lattice.labels;
        let place = |row: usize| row * labels..(row + 1) * labels;
        let target = |row: usize| targets.get(row).and_then(|target| target.get());
        if self.rows().all(|row| target(row).is_none()) {
            for row in self.rows() {
                at_mut(rows, place(row)).fill(0.0);
            }
            return 0.0;
        }
        lattice.steps.clear();
        // Paths through the targets, then all paths: what the latter have more of must go down.
        let wanted = {
            let logits = self.rows().map(|row| (at(rows, place(row)), target(row)));
            lattice.pass(logits, -1.0)
        };
        let all = {
            let logits = self.rows().map(|row| (at(rows, place(row)), None));
            lattice.pass(logits, 1.0)
        };
        for (row, slopes) in self.rows().zip(lattice.steps.slopes()) {
            for (x, slope) in at_mut(rows, place(row)).iter_mut().zip(slopes) {
                *x = (slope / total) as f32;
            }
        }
        all - wanted
    }
}
