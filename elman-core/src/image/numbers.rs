//! From raw samples to numbers in the units of the data, as an image holds it, around a net of either kind.

use core::num::NonZero;

use super::header::check_missing;
use crate::error::{Error, check_len};
use crate::feed::{ColumnScale, Curve, Lags, NumberGolden, Readout, Regression, Samples, Split};
use crate::golden::Golden;
use crate::quantized::QuantizedGolden;
use crate::simd::{of_floats, to_floats};
use crate::spec::{HeadKind, Input, Spec};

/// Words in front of the tables.
const HEAD: usize = 14;
/// Words of a readout: its curve, residual and start.
const READOUT: usize = 6;
const ROWS: u32 = 1;
const SERIES: u32 = 2;

/// How raw samples become answers in the units of the data, and which must come of the golden ones.
///
/// Letters: R samples of all golden sequences, C columns, O targets.
#[derive(Clone, Copy, Debug)]
pub struct NumberFront<'a> {
    /// What makes rows of inputs of samples.
    pub reads: NumberReads<'a>,
    /// Of every target: (O).
    pub readouts: Readouts<'a>,
    /// Of every share of values that intervals may hold: the share in per cent, then for every target how far off an answer may be on its
    /// curve for that, (shares, 1 + O).
    pub reaches: &'a [f32],
    /// Raw numbers, (R, C).
    pub raw: &'a [f32],
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Answers, step by step: (R, O).
    pub values: &'a [f32],
    /// How far the answer for each target may be off where multiply-adds are not fused: (O), or nothing where none may.
    pub value_tolerance: &'a [f32],
}

/// What makes rows of inputs of samples.
#[derive(Clone, Copy, Debug)]
pub enum NumberReads<'a> {
    /// Rows on one scale, and linear sums of them beside the net: for [`Estimates`](crate::feed::Estimates).
    Rows {
        /// (C).
        columns: &'a [ColumnScale],
        /// Where numbers on the scale are cut.
        farthest: f32,
        /// Rows that a step reads.
        window: usize,
        /// What the sums read.
        sums: Regression<'a>,
    },
    /// A series that is forecast: for a [`Series`](crate::feed::Series).
    Series(Lags<'a>),
}

impl NumberReads<'_> {
    /// Numbers of a raw sample.
    pub const fn columns(&self) -> usize {
        match self {
            Self::Rows { columns, .. } => columns.len(),
            Self::Series(lags) => lags.centers.len(),
        }
    }

    /// By how many samples an answer is late.
    pub const fn delay(&self) -> usize {
        match self {
            Self::Rows { window, .. } => *window / 2,
            Self::Series(_) => 0,
        }
    }

    /// Numbers of room for rows, and for what else is remembered, of a net of so many targets.
    pub const fn room_len(&self, targets: usize) -> [usize; 2] {
        match self {
            Self::Rows {
                columns,
                window,
                sums,
                ..
            } => [
                Samples::rows_len(columns.len(), *window),
                sums.memory_len(columns.len(), targets, *window),
            ],
            Self::Series(lags) => [0, lags.memory_len()],
        }
    }
}

/// How outputs become answers, as a program or as an image has it.
#[derive(Clone, Copy, Debug)]
pub struct Readouts<'a>(Listed<'a>);

#[derive(Clone, Copy, Debug)]
enum Listed<'a> {
    Plain(&'a [Readout]),
    /// As they lie in a file that was read.
    Words(&'a [[u32; READOUT]]),
}

impl<'a> Readouts<'a> {
    /// These.
    pub const fn new(readouts: &'a [Readout]) -> Self {
        Self(Listed::Plain(readouts))
    }

    /// How many targets.
    pub const fn len(&self) -> usize {
        match self.0 {
            Listed::Plain(readouts) => readouts.len(),
            Listed::Words(words) => words.len(),
        }
    }

    /// Whether there is no target.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// That of a target, if there is such.
    pub fn get(&self, target: usize) -> Option<Readout> {
        match self.0 {
            Listed::Plain(readouts) => readouts.get(target).copied(),
            Listed::Words(words) => words.get(target).and_then(read_readout),
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Readout> {
        (0..self.len()).filter_map(|target| self.get(target))
    }
}

impl<'a> NumberFront<'a> {
    /// How far off an answer for each target may be on its curve, if intervals are to hold so many per cent of the values: (O).
    pub fn reach(&self, percent: u32) -> Option<&'a [f32]> {
        reach(self.reaches, self.readouts.len(), percent)
    }

    /// Numbers of 32 bits that readouts, outputs, answers, rows and memory take in one piece, as firmware in C reserves it.
    pub fn room_len(&self) -> usize {
        let targets = self.readouts.len();
        let [rows, memory] = self.reads.room_len(targets);
        rows.saturating_add(memory)
            .saturating_add((READOUT + 2) * targets)
    }

    /// Golden samples, for [`NumberFeed::check`](crate::feed::NumberFeed::check), beside the golden vectors of a float net.
    pub const fn golden(&self, golden: &Golden<'a>) -> NumberGolden<'a> {
        NumberGolden {
            lengths: golden.lengths,
            raw: self.raw,
            missing: self.missing,
            outputs: golden.outputs,
            values: self.values,
            tolerance: golden.tolerance,
            value_tolerance: self.value_tolerance,
        }
    }

    /// The same beside the golden vectors of an int8 net, of which answers alone are compared: every bit of them must be the same.
    pub const fn golden_int8(&self, golden: &QuantizedGolden<'a>) -> NumberGolden<'a> {
        NumberGolden {
            lengths: golden.lengths,
            raw: self.raw,
            missing: self.missing,
            outputs: &[],
            values: self.values,
            tolerance: 0.0,
            value_tolerance: &[],
        }
    }

    /// Whether everything fits a net and so many golden rows.
    pub(super) fn check(&self, spec: &Spec, rows: usize) -> Result<(), Error> {
        let is_fed = matches!(spec.input, Input::Dense { .. })
            && !matches!(spec.head.kind, HeadKind::Softmax { .. })
            && !spec.is_bidirectional();
        let (targets, columns) = (spec.output_width(), self.reads.columns());
        check_len("readouts", targets, self.readouts.len())?;
        let width = match &self.reads {
            NumberReads::Rows { window, .. } => columns.saturating_mul(*window),
            NumberReads::Series(lags) => lags.inputs.len(),
        };
        if !is_fed || columns == 0 || width != spec.input_width() || !self.is_sound() {
            return Err(Error::Image(
                "what leads from raw samples to numbers is not for this net",
            ));
        }
        check_len(
            "golden samples",
            rows.saturating_mul(columns),
            self.raw.len(),
        )?;
        check_len(
            "golden answers",
            rows.saturating_mul(targets),
            self.values.len(),
        )?;
        let tolerances = self.value_tolerance.len();
        check_len(
            "tolerances of answers",
            if tolerances == 0 { 0 } else { targets },
            tolerances,
        )?;
        let reaches = self.reaches.len();
        let beyond = reaches % NonZero::<usize>::MIN.saturating_add(targets);
        check_len("reaches", reaches.saturating_sub(beyond), reaches)?;
        // Without golden vectors nothing is missing.
        check_missing(self.missing, self.raw.len().max(1))
    }

    /// Whether tables are as long as they say, so that a feed takes them.
    fn is_sound(&self) -> bool {
        let targets = self.readouts.len();
        let all_read = self.readouts.iter().count() == targets;
        all_read
            && match &self.reads {
                NumberReads::Rows {
                    columns,
                    farthest,
                    window,
                    sums,
                } => {
                    let features = sums.features(columns.len());
                    let centers = if features == 0 { 0 } else { columns.len() };
                    *farthest > 0.0
                        && window % 2 == 1
                        && sums.centers.len() == centers
                        && sums.weights.len() == targets.saturating_mul(features)
                }
                NumberReads::Series(lags) => {
                    let others = 2 * (lags.centers.len() - 1);
                    // As a file can say it.
                    let is_said = |len: usize| u32::try_from(len).is_ok();
                    targets == 1
                        && is_said(lags.span)
                        && is_said(lags.base.map_or(0, |base| base.saturating_add(1)))
                        && lags.farthest > 0.0
                        && lags.weights.len() >= others
                        && lags.inputs.len() >= others + 2
                }
            }
    }

    /// Words of 32 bits that this takes in an image, golden samples apart.
    pub fn words_len(&self) -> usize {
        let tables = match &self.reads {
            NumberReads::Rows { columns, sums, .. } => {
                3 * columns.len() + 2 * sums.centers.len() + sums.weights.len()
            }
            NumberReads::Series(lags) => {
                2 * lags.centers.len() + lags.weights.len() + 3 * lags.inputs.len()
            }
        };
        let of_targets = READOUT * self.readouts.len() + self.value_tolerance.len();
        HEAD + tables + of_targets + self.reaches.len()
    }

    /// What lies in a file.
    pub(super) fn words(&self) -> impl Iterator<Item = u32> {
        let (head, tables) = match &self.reads {
            NumberReads::Rows {
                columns,
                farthest,
                window,
                sums,
            } => {
                let head = [
                    ROWS,
                    columns.len() as u32,
                    *window as u32,
                    sums.rows as u32,
                    u32::from(sums.with_mean),
                    farthest.to_bits(),
                    0,
                    0,
                    0,
                    0,
                    sums.centers.len() as u32,
                    sums.weights.len() as u32,
                ];
                let tables = [to_floats(columns), to_floats(sums.centers), sums.weights];
                (head, tables)
            }
            NumberReads::Series(lags) => {
                let [kind, floor, unit] = curve_words(lags.curve);
                let head = [
                    SERIES,
                    lags.inputs.len() as u32,
                    lags.span as u32,
                    lags.base.map_or(0, |base| base as u32 + 1),
                    0,
                    lags.farthest.to_bits(),
                    lags.offset.to_bits(),
                    kind,
                    floor,
                    unit,
                    lags.centers.len() as u32,
                    lags.weights.len() as u32,
                ];
                let tables = [
                    to_floats(lags.inputs),
                    to_floats(lags.centers),
                    lags.weights,
                ];
                (head, tables)
            }
        };
        let counts = [self.readouts.len(), self.value_tolerance.len()].map(|n| n as u32);
        let bits = |numbers: &'a [f32]| numbers.iter().map(|x| x.to_bits());
        let tables = tables.into_iter().flat_map(bits);
        let readouts = self.readouts.iter().flat_map(readout_words);
        let rest = bits(self.value_tolerance).chain(bits(self.reaches));
        head.into_iter()
            .chain(counts)
            .chain(tables)
            .chain(readouts)
            .chain(rest)
    }

    /// What was read, without golden samples. `words` and `numbers` are the same memory.
    pub(super) fn read(words: &'a [u32], numbers: &'a [f32]) -> Option<Self> {
        let (head, words) = words.split_first_chunk::<HEAD>()?;
        let numbers = numbers.get(HEAD..)?;
        let &[
            kind,
            first,
            size,
            second,
            third,
            farthest,
            offset,
            curve_kind,
            floor,
            unit,
            centers,
            weights,
            targets,
            tolerances,
        ] = head;
        let mut tables = Tables { words, numbers };
        let first: &[ColumnScale] = of_floats(tables.floats(first, 3)?);
        let centers: &[Split] = of_floats(tables.floats(centers, 2)?);
        let weights = tables.floats(weights, 1)?;
        let readouts = tables.words(targets, READOUT as u32)?.as_chunks().0;
        let value_tolerance = tables.floats(tolerances, 1)?;
        let reads = match kind {
            ROWS => NumberReads::Rows {
                columns: first,
                farthest: f32::from_bits(farthest),
                window: size as usize,
                sums: Regression {
                    centers,
                    weights,
                    rows: second as usize,
                    with_mean: third != 0,
                },
            },
            SERIES => NumberReads::Series(Lags {
                curve: read_curve([curve_kind, floor, unit])?,
                centers,
                weights,
                inputs: first,
                farthest: f32::from_bits(farthest),
                span: size as usize,
                base: (second as usize).checked_sub(1),
                offset: f32::from_bits(offset),
            }),
            _ => return None,
        };
        Some(Self {
            reads,
            readouts: Readouts(Listed::Words(readouts)),
            reaches: tables.numbers,
            raw: &[],
            missing: 0,
            values: &[],
            value_tolerance,
        })
    }
}

/// Tables that are still to be read, as words and as numbers.
struct Tables<'a> {
    words: &'a [u32],
    numbers: &'a [f32],
}

impl<'a> Tables<'a> {
    /// The next `count` items of `width` words, as numbers.
    fn floats(&mut self, count: u32, width: u32) -> Option<&'a [f32]> {
        let numbers = self.numbers;
        let len = self.words(count, width)?.len();
        numbers.get(..len)
    }

    /// The same as words.
    fn words(&mut self, count: u32, width: u32) -> Option<&'a [u32]> {
        let len = count.checked_mul(width)? as usize;
        let (taken, rest) = self.words.split_at_checked(len)?;
        self.words = rest;
        self.numbers = self.numbers.get(len..)?;
        Some(taken)
    }
}

/// Of every share that intervals may hold, in per cent, how far off answers for each target may be: that of one.
pub(super) fn reach(reaches: &[f32], targets: usize, percent: u32) -> Option<&[f32]> {
    let mut shares = reaches.chunks_exact(targets.saturating_add(1));
    let found = shares.find(|share| share.first() == Some(&(percent as f32)))?;
    found.get(1..)
}

fn curve_words(curve: Curve) -> [u32; 3] {
    match curve {
        Curve::Identity => [0; 3],
        Curve::Root => [1, 0, 0],
        Curve::Log { floor, unit } => [2, floor.to_bits(), unit.to_bits()],
    }
}

fn read_curve([kind, floor, unit]: [u32; 3]) -> Option<Curve> {
    let [floor, unit] = [floor, unit].map(f32::from_bits);
    match kind {
        0 => Some(Curve::Identity),
        1 => Some(Curve::Root),
        2 => Some(Curve::Log { floor, unit }),
        _ => None,
    }
}

fn readout_words(readout: Readout) -> [u32; READOUT] {
    let [kind, floor, unit] = curve_words(readout.curve);
    let start = readout.start;
    let [residual, high, low] = [readout.residual, start.high, start.low].map(f32::to_bits);
    [kind, floor, unit, residual, high, low]
}

fn read_readout(&[kind, floor, unit, residual, high, low]: &[u32; READOUT]) -> Option<Readout> {
    let [residual, high, low] = [residual, high, low].map(f32::from_bits);
    Some(Readout {
        curve: read_curve([kind, floor, unit])?,
        residual,
        start: Split { high, low },
    })
}
