//! What the first layer reads: dense rows, or embeddings of a window of tokens.

use core::ops::Range;

use crate::batch::{Batch, Step};
use crate::error::{Error, check_shape};
use crate::model::{Model, ModelView};
use crate::slices::{at, at_mut, copy};
use crate::spec::{Channel, Input, Spec};

/// What the first layer reads, one row per row of the batch.
///
/// ```
/// # use elman_core::*;
/// // Embeddings of one number, summed up by a unit that forgets nothing.
/// let channels = Channels::of([Channel { vocabulary: 2, width: 1 }]);
/// let layers = Layers::of([Layer { cell: Cell::elman(Activation::Identity), ..Layer::tanh(1) }]);
/// let head = Head { kind: HeadKind::None, read: Read::EveryStep };
/// let spec = Spec { input: Input::Tokens { channels, window: 1 }, layers, head, ..Spec::dense(1, 1, 1) };
/// let params = [10.0, 20.0, 30.0, 1.0, 1.0, 0.0]; // embeddings of 0, 1 and padding, then W_in, W_rec, b
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// # let (batch, mut workspace) = (Batch::uniform(3, 1)?, vec![Strip::ZERO; spec.workspace_len(3, 1)]);
/// let (mut state, mut sums) = ([0.0], [0.0; 3]);
/// forward(Level::detect(), &model, &batch, Inputs::Tokens(&[1, 0, 2]), &mut state, &mut workspace, &mut sums)?;
/// assert_eq!(sums, [20.0, 30.0, 60.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a> {
    /// (R, I) numbers.
    Dense(&'a [f32]),
    /// (R, channels) token ids; the id `vocabulary` is the padding row.
    Tokens(&'a [u32]),
}

impl<'a> Inputs<'a> {
    /// The inputs from a row on.
    pub(crate) fn after(self, spec: &Spec, row: usize) -> Self {
        match self {
            Self::Dense(numbers) => Self::Dense(at(numbers, row * spec.input.width()..)),
            Self::Tokens(ids) => {
                let start = row * spec.input.channel_count();
                Self::Tokens(at(ids, start..))
            }
        }
    }

    /// Checks kind, length and every token id.
    pub(crate) fn check(&self, spec: &Spec, rows: usize) -> Result<(), Error> {
        match (self, &spec.input) {
            (Self::Dense(numbers), Input::Dense { width }) => {
                check_shape("inputs", [rows, *width], numbers.len())
            }
            (Self::Tokens(ids), Input::Tokens { channels, .. }) => {
                let channels = channels.as_slice();
                check_shape("inputs", [rows, channels.len()], ids.len())?;
                for (row, ids) in ids.chunks_exact(channels.len().max(1)).enumerate() {
                    for (channel, (&id, c)) in ids.iter().zip(channels).enumerate() {
                        if id as usize > c.vocabulary {
                            return Err(Error::Token {
                                row,
                                channel,
                                id,
                                vocabulary: c.vocabulary,
                            });
                        }
                    }
                }
                Ok(())
            }
            _ => Err(Error::InputKind),
        }
    }
}

/// Forward: `x[t] = [E[token[t - w]], …, E[token[t + w]]]` for every row of `steps`, the padding row
/// outside the sequence. `x` is (R, I).
pub(crate) fn gather(
    model: &Model,
    batch: &Batch,
    steps: Range<usize>,
    ids: &[u32],
    x: &mut [f32],
) {
    let Input::Tokens { channels, window } = &model.spec().input else {
        return;
    };
    let (channels, width) = (channels.as_slice(), model.spec().input.width());
    let step_width: usize = channels.iter().map(|c| c.width).sum();
    for step in batch.walk(steps) {
        for (place, neighbour) in neighbours(batch, step, *window).enumerate() {
            for sequence in 0..step.active {
                let row = neighbour.filter(|n| sequence < n.active);
                let known = row.map(|n| at(ids, (n.first_row + sequence) * channels.len()..));
                let id = |channel: usize, c: &Channel| {
                    known.map_or(c.vocabulary as u32, |ids| {
                        ids.get(channel).copied().unwrap_or(0)
                    })
                };
                let ids = channels.iter().enumerate().map(|(i, c)| id(i, c));
                let start = (step.first_row + sequence) * width + place * step_width;
                embed_step(model.view(), ids, at_mut(x, start..));
            }
        }
    }
}

/// The embeddings of one time step's ids, channel after channel, at the start of `x`; gives what lies behind them.
#[inline]
pub(crate) fn embed_step<'x>(
    model: ModelView,
    ids: impl Iterator<Item = u32>,
    x: &'x mut [f32],
) -> &'x mut [f32] {
    let Input::Tokens { channels, .. } = &model.spec.input else {
        return x;
    };
    let mut rest = x;
    for (channel, (id, c)) in ids.zip(channels.as_slice()).enumerate() {
        let (part, behind) = rest.split_at_mut_checked(c.width).unwrap_or_default();
        copy(model.embedding(channel, c.width, id), part);
        rest = behind;
    }
    rest
}

/// Backward: adds `d_x` (R, I) to the gradients of the embeddings. Only the rows in use are touched.
pub(crate) fn scatter(
    spec: &Spec,
    batch: &Batch,
    steps: Range<usize>,
    ids: &[u32],
    d_x: &[f32],
    gradients: &mut [f32],
) {
    for_each_embedding(spec, batch, steps, ids, |row, column, c, channel, id| {
        let from = row * spec.input.width() + column;
        let to = spec.embedding_offset(channel) + id as usize * c.width;
        let from = at(d_x, from..from + c.width);
        for (to, &x) in at_mut(gradients, to..to + c.width).iter_mut().zip(from) {
            *to += x;
        }
    });
}

/// Calls `f(row, column, channel, index of the channel, id)` for every embedding that a row is made of.
#[inline]
fn for_each_embedding(
    spec: &Spec,
    batch: &Batch,
    steps: Range<usize>,
    ids: &[u32],
    mut f: impl FnMut(usize, usize, &Channel, usize, u32),
) {
    let Input::Tokens { channels, window } = &spec.input else {
        return;
    };
    let channels = channels.as_slice();
    for step in batch.walk(steps) {
        let mut column = 0;
        for neighbour in neighbours(batch, step, *window) {
            for (channel, c) in channels.iter().enumerate() {
                for sequence in 0..step.active {
                    let inside = neighbour.filter(|n| sequence < n.active);
                    let id = inside
                        .and_then(|n| ids.get((n.first_row + sequence) * channels.len() + channel));
                    f(
                        step.first_row + sequence,
                        column,
                        c,
                        channel,
                        *id.unwrap_or(&(c.vocabulary as u32)),
                    );
                }
                column += c.width;
            }
        }
    }
}

/// The steps of a window around a step, first to last; `None` outside the batch.
fn neighbours(batch: &Batch, around: Step, window: usize) -> impl Iterator<Item = Option<Step>> {
    let reach = window / 2;
    let start = around.t.saturating_sub(reach);
    let missing = reach - (around.t - start);
    let mut first_row = (start..around.t).fold(around.first_row, |row, t| row - batch.active(t));
    let inside = (start..=around.t + reach).map(move |t| {
        let active = batch.active(t);
        let step = Step {
            t,
            first_row,
            active,
        };
        first_row += active;
        (active > 0).then_some(step)
    });
    core::iter::repeat_n(None, missing).chain(inside)
}
