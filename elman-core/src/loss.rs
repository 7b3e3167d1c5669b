//! Losses: value and gradient in one pass, in place of the outputs.
//!
//! Every loss is a mean over the counted items. The divisor is handed in as `total`, so that the
//! shards of one mini-batch can share it.
//!
//! ```
//! # use elman_core::{loss, Level, Target};
//! // Logits of two rows, three classes each; the second row has no label.
//! let mut logits = [0.0; 6];
//! let (targets, level) = ([Target::class(2), Target::IGNORED], Level::detect());
//! let value = loss::softmax_cross_entropy(level, &mut logits, 3, &targets, None, 1.0)?;
//! assert!((value - 3f64.ln()).abs() < 1e-6);
//! assert!((logits[0] - 1.0 / 3.0).abs() < 1e-6 && logits[3..] == [0.0; 3]); // now the gradient
//! # Ok::<(), elman_core::Error>(())
//! ```

use crate::error::{Error, check_len, check_shape};
use crate::kernel::elementwise::{Map, Scale};
use crate::kernel::softmax::{Block, Logits, softmax_row};
use crate::simd::{LANES, Level, Operation, Simd};
use core::num::NonZeroU32;

/// The class a row should have, or none at all. Four bytes.
///
/// ```
/// # use elman_core::Target;
/// // Labels of four rows; the third has none.
/// let targets = [Some(2), Some(0), None, Some(1)].map(|label| label.map_or(Target::IGNORED, Target::class));
/// assert_eq!(targets.map(Target::get), [Some(2), Some(0), None, Some(1)]);
/// assert_eq!(size_of_val(&targets), 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target(Option<NonZeroU32>);

impl Target {
    /// A row that does not count.
    ///
    /// ```
    /// # use elman_core::Target;
    /// assert_eq!(Target::IGNORED.get(), None);
    /// ```
    pub const IGNORED: Self = Self(None);

    /// Class `index`, counted from 0; `u32::MAX` itself is ignored.
    ///
    /// ```
    /// # use elman_core::Target;
    /// const FIRST: Target = Target::class(0);
    /// assert_eq!(FIRST.get(), Some(0));
    /// assert_eq!(Target::class(u32::MAX), Target::IGNORED);
    /// ```
    pub const fn class(index: u32) -> Self {
        Self(NonZeroU32::new(index.wrapping_add(1)))
    }

    /// The class, if the row counts.
    ///
    /// ```
    /// # use elman_core::Target;
    /// let targets = [Target::class(1), Target::IGNORED, Target::class(1), Target::class(0)];
    /// let ones = targets.iter().filter(|target| target.get() == Some(1)).count();
    /// assert_eq!(ones, 2);
    /// ```
    pub const fn get(self) -> Option<u32> {
        match self.0 {
            Some(n) => Some(n.get() - 1),
            None => None,
        }
    }
}

/// What the mean divides by: the number of counted targets, or the sum of their class weights.
///
/// ```
/// # use elman_core::{loss, Target};
/// let targets = [Target::class(0), Target::IGNORED, Target::class(1)];
/// assert_eq!(loss::total_weight(&targets, None), 2.0);
/// // A rare class counts four times.
/// assert_eq!(loss::total_weight(&targets, Some(&[1.0, 4.0])), 5.0);
/// ```
pub fn total_weight(targets: &[Target], class_weights: Option<&[f32]>) -> f64 {
    targets
        .iter()
        .filter_map(|target| target.get())
        .map(|class| weight_of(class, class_weights))
        .sum()
}

pub(crate) fn check_total(total: f64) -> Result<(), Error> {
    if total >= 0.0 && total.is_finite() {
        Ok(())
    } else {
        Err(Error::Total(total))
    }
}

fn weight_of(class: u32, class_weights: Option<&[f32]>) -> f64 {
    class_weights.map_or(1.0, |weights| {
        weights.get(class as usize).map_or(0.0, |&w| f64::from(w))
    })
}

/// Softmax and cross-entropy over rows of `classes` logits (PyTorch's `CrossEntropyLoss`).
///
/// Replaces each row by `∂loss/∂logits = w·(softmax - onehot) / total`, ignored rows by zero; returns
/// `Σ w·(-log softmax[target]) / total`, in nats, where `w` is the class weight or 1. `total` is
/// [`total_weight`] of the whole mini-batch; where it is 0 nothing counts and all is zero.
///
/// # Errors
/// [`Error::Length`] for slices that do not match, [`Error::Target`] for a class without an output,
/// [`Error::Total`].
///
/// ```
/// # use elman_core::{loss, Level, Target};
/// let mut rows = [0.0, 0.0, 5.0, -5.0];
/// let targets = [Target::class(1), Target::IGNORED];
/// let total = loss::total_weight(&targets, None);
/// let nats = loss::softmax_cross_entropy(Level::detect(), &mut rows, 2, &targets, None, total)?;
/// assert!((nats - f64::ln(2.0)).abs() < 1e-7);
/// assert_eq!(rows, [0.5, -0.5, 0.0, 0.0]);
/// # Ok::<(), elman_core::Error>(())
/// ```
pub fn softmax_cross_entropy(
    level: Level,
    rows: &mut [f32],
    classes: usize,
    targets: &[Target],
    class_weights: Option<&[f32]>,
    total: f64,
) -> Result<f64, Error> {
    check_shape("rows", [targets.len(), classes], rows.len())?;
    check_total(total)?;
    if let Some(weights) = class_weights {
        check_len("class weights", classes, weights.len())?;
    }
    for (row, target) in targets.iter().enumerate() {
        if let Some(class) = target.get().filter(|&class| class as usize >= classes) {
            return Err(Error::Target {
                row,
                class,
                classes,
            });
        }
    }
    if total == 0.0 || rows.is_empty() {
        rows.fill(0.0);
        return Ok(0.0);
    }
    Ok(level.run(CrossEntropy {
        rows,
        classes,
        targets,
        class_weights,
        total,
    }))
}

/// The same of one row of logits, for firmware that learns from one answer at a time: the bits of [`softmax_cross_entropy`] without
/// its code for many rows, 16 KB on a Cortex-M4F.
///
/// # Errors
/// [`Error::Target`] for a class without an output, [`Error::Total`].
///
/// ```
/// # use elman_core::{loss, Level, Target};
/// let (level, mut row, mut same) = (Level::detect(), [0.25, 1.5, -1.0], [0.25, 1.5, -1.0]);
/// let nats = loss::softmax_cross_entropy_row(level, &mut row, 2, 3.0)?;
/// assert_eq!(nats, loss::softmax_cross_entropy(level, &mut same, 3, &[Target::class(2)], None, 3.0)?);
/// assert_eq!(row, same);
/// # Ok::<(), elman_core::Error>(())
/// ```
pub fn softmax_cross_entropy_row(
    level: Level,
    row: &mut [f32],
    class: u32,
    total: f64,
) -> Result<f64, Error> {
    check_total(total)?;
    let classes = row.len();
    if class as usize >= classes {
        return Err(Error::Target {
            row: 0,
            class,
            classes,
        });
    }
    if total == 0.0 {
        row.fill(0.0);
        return Ok(0.0);
    }
    Ok(level.run(CrossEntropyRow { row, class, total }))
}

struct CrossEntropyRow<'a> {
    row: &'a mut [f32],
    class: u32,
    total: f64,
}

impl Operation for CrossEntropyRow<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let (target, mut nats) = (Target::class(self.class), Nats::default());
        let weigh = |class| weight_of(class, None) / self.total;
        single(s, self.row, target, weigh, &mut nats);
        nats.total()
    }
}

struct CrossEntropy<'a> {
    rows: &'a mut [f32],
    classes: usize,
    targets: &'a [Target],
    class_weights: Option<&'a [f32]>,
    total: f64,
}

impl Operation for CrossEntropy<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let Self {
            rows,
            classes,
            targets,
            ..
        } = self;
        let classes = classes.max(1);
        let mut nats = Nats::default();
        let blocks = rows.chunks_mut((LANES * classes).max(1));
        for (rows, targets) in blocks.zip(targets.chunks(LANES)) {
            let weigh = |class| weight_of(class, self.class_weights) / self.total;
            if Block::is_worth(classes, targets.len()) {
                block(s, rows, classes, targets, weigh, &mut nats);
            } else {
                for (row, target) in rows.chunks_exact_mut(classes).zip(targets) {
                    single(s, row, *target, weigh, &mut nats);
                }
            }
        }
        nats.total()
    }
}

/// One row after the other.
#[inline(always)]
fn single<S: Simd>(
    s: S,
    row: &mut [f32],
    target: Target,
    weigh: impl Fn(u32) -> f64,
    nats: &mut Nats,
) {
    let Some(class) = target.get() else {
        row.fill(0.0);
        return;
    };
    let weight = weigh(class);
    let logit = row.get(class as usize).copied().unwrap_or(f32::NAN);
    nats.add(weight, softmax_row(s, row), logit);
    if let Some(p) = row.get_mut(class as usize) {
        *p -= 1.0;
    }
    s.run(Map {
        function: Scale(weight as f32),
        data: row,
    });
}

/// Up to sixteen rows of few classes side by side.
#[inline(always)]
fn block<S: Simd>(
    s: S,
    rows: &mut [f32],
    classes: usize,
    targets: &[Target],
    weigh: impl Fn(u32) -> f64,
    nats: &mut Nats,
) {
    let mut block = Block::transpose(rows, classes);
    block.softmax(s);
    let mut weights = [0.0; LANES];
    for (lane, (weight, target)) in weights.iter_mut().zip(targets).enumerate() {
        if let Some(class) = target.get() {
            let class = class as usize;
            let logit = rows.get(lane * classes + class).copied();
            let of_row = weigh(class as u32);
            nats.add(of_row, block.logits(lane), logit.unwrap_or(f32::NAN));
            block.take_one(lane, class);
            *weight = of_row as f32;
        }
    }
    block.scale(s, &weights);
    block.transpose_back(rows);
    for (row, target) in rows.chunks_exact_mut(classes).zip(targets) {
        if target.get().is_none() {
            row.fill(0.0);
        }
    }
}

/// `Σ weight·(log sum + largest - logit)` in f64: a logit far below the largest keeps its full loss, and no
/// bits are lost in the sum. Neighbouring rows of one weight share a logarithm, since `log a + log b = log ab`.
struct Nats {
    sum: f64,
    weight: f64,
    product: f64,
}

impl Default for Nats {
    fn default() -> Self {
        Self {
            sum: 0.0,
            weight: 0.0,
            product: 1.0,
        }
    }
}

impl Nats {
    /// Far from the end of f64 even after one more factor below 2^24.
    const LARGE: f64 = 1e290;

    #[inline(always)]
    fn add(&mut self, weight: f64, logits: Logits, logit: f32) {
        if weight != self.weight || self.product > Self::LARGE {
            self.sum += self.weight * libm::log(self.product);
            (self.weight, self.product) = (weight, 1.0);
        }
        self.product *= f64::from(logits.sum);
        self.sum += weight * (f64::from(logits.largest) - f64::from(logit));
    }

    fn total(self) -> f64 {
        self.sum + self.weight * libm::log(self.product)
    }
}

/// Mean squared error (PyTorch's `MSELoss`) over rows of `width` numbers.
///
/// Replaces each output by `∂loss/∂output = 2·(y - target) / total`; returns `Σ (y - target)² / total`.
/// Rows for which `counted` is false are ignored and get gradient zero. `total` is how many numbers
/// of the whole mini-batch count.
///
/// # Errors
/// [`Error::Length`] for slices that do not match or hold no whole rows, [`Error::Total`].
///
/// ```
/// # use elman_core::loss;
/// let mut outputs = [1.0, 3.0];
/// let mse = loss::mean_squared_error(&mut outputs, 1, &[1.0, 1.0], None, 2.0)?;
/// assert_eq!((mse, outputs), (2.0, [0.0, 2.0]));
/// # Ok::<(), elman_core::Error>(())
/// ```
pub fn mean_squared_error(
    outputs: &mut [f32],
    width: usize,
    targets: &[f32],
    counted: Option<&[bool]>,
    total: f64,
) -> Result<f64, Error> {
    check_len("targets", outputs.len(), targets.len())?;
    check_shape(
        "outputs",
        [outputs.len() / width.max(1), width],
        outputs.len(),
    )?;
    if let Some(counted) = counted {
        check_len("counted", outputs.len() / width.max(1), counted.len())?;
    }
    check_total(total)?;
    if total == 0.0 {
        outputs.fill(0.0);
        return Ok(0.0);
    }
    let width = width.max(1);
    let counts =
        |row: usize| counted.is_none_or(|counted| counted.get(row).copied().unwrap_or(false));
    let mut sum = 0.0;
    for (row, (outputs, targets)) in outputs
        .chunks_mut(width)
        .zip(targets.chunks(width))
        .enumerate()
    {
        if !counts(row) {
            outputs.fill(0.0);
            continue;
        }
        for (y, &target) in outputs.iter_mut().zip(targets) {
            let error = f64::from(*y) - f64::from(target);
            sum += error * error;
            *y = (2.0 * error / total) as f32;
        }
    }
    Ok(sum / total)
}
