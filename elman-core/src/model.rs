//! Packed weights in the hands of the passes: the [`Model`] that inference holds, the transposes that training reads.

use crate::error::{Error, check_len, check_room};
use crate::kernel::pack::Panels;
use crate::params::Place;
use crate::simd::{PairStrip, Strip};
use crate::slices::at;
use crate::spec::Spec;
use crate::weights::Form;

/// A net ready to run: the spec, the looked-up tables and the packed weights, all checked once.
///
/// ```
/// # use elman_core::*;
/// let spec = Spec { initial_state: InitialState::Trained, ..Spec::dense(1, 2, 1) };
/// let mut params = vec![0.0; spec.params_len()];
/// params[..spec.tables_len()].copy_from_slice(&[0.5, -0.5]);
/// let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// pack(&spec, &params, &mut packed)?;
/// let model = Model::new(spec, &params, &packed)?;
/// let mut state = [0.0; 2 * 2]; // of two sequences
/// model.reset(&mut state);
/// assert_eq!(state, [0.5, -0.5, 0.5, -0.5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    spec: Spec,
    tables: &'a [f32],
    packed: Packed<'a>,
    /// Where the head's matrix starts, behind all layers: a loop that is not run at every step, nor left in a chip's code.
    head: usize,
}

#[derive(Clone, Copy, Debug)]
enum Packed<'a> {
    Single(&'a [Strip]),
    Pairs(&'a [PairStrip]),
}

impl<'a> Model<'a> {
    /// Joins a spec with its parameters. Of `params` only the first [`Spec::tables_len`] numbers
    /// (embeddings, initial states) are read here; a chip needs to keep no more of them.
    ///
    /// # Errors
    /// [`Error::Spec`], or [`Error::Length`] naming the slice.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// let model = Model::new(SPEC, &params, &packed)?;
    /// assert_eq!(model.spec(), &SPEC);
    /// // Weights of another net are refused.
    /// assert!(Model::new(Spec::dense(3, 3, 1), &params, &packed).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(spec: Spec, params: &'a [f32], packed: &'a [Strip]) -> Result<Self, Error> {
        spec.check()?;
        check_len("packed", spec.packed_len(), packed.len())?;
        Self::join(spec, params, Packed::Single(packed))
    }

    /// The same with weights in bfloat16, from [`pack_bfloat16`](crate::pack_bfloat16): for inference.
    ///
    /// # Errors
    /// As [`Model::new`].
    ///
    /// ```
    /// # use elman_core::*;
    /// let spec = Spec::dense(2, 3, 1);
    /// let params = vec![0.1; spec.params_len()];
    /// let (mut packed, mut pairs) = (vec![Strip::ZERO; spec.packed_len()], vec![PairStrip::ZERO; spec.pairs_len()]);
    /// pack(&spec, &params, &mut packed)?;
    /// pack_bfloat16(&spec, &packed, &mut pairs)?;
    /// let model = Model::with_bfloat16(spec, &params, &pairs)?;
    /// # let (mut state, mut scratch) = (vec![0.0; spec.state_len()], vec![Strip::ZERO; spec.stream_len()]);
    /// let mut y = [0.0];
    /// Stream::new(Level::detect(), model, &mut state, &mut scratch)?.step(Inputs::Dense(&[0.5, -1.0]), &mut y)?;
    /// assert!((y[0] - 0.115).abs() < 1e-3); // eight bits of every weight are left
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_bfloat16(
        spec: Spec,
        params: &'a [f32],
        pairs: &'a [PairStrip],
    ) -> Result<Self, Error> {
        spec.check()?;
        check_len("pairs", spec.pairs_len(), pairs.len())?;
        Self::join(spec, params, Packed::Pairs(pairs))
    }

    fn join(spec: Spec, params: &'a [f32], packed: Packed<'a>) -> Result<Self, Error> {
        check_room("params", spec.tables_len(), params.len())?;
        let tables = at(params, ..spec.tables_len());
        let head = spec.head_matrix(match packed {
            Packed::Single(_) => Form::Packed,
            Packed::Pairs(_) => Form::Pairs,
        });
        Ok(Self {
            spec,
            tables,
            packed,
            head,
        })
    }

    /// The shape of the net.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// let model = Model::new(SPEC, &params, &packed)?;
    /// assert_eq!(model.spec().output_width(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Sets the state of any number of sequences, (B, [`Spec::state_len`]), to the initial state.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// let model = Model::new(SPEC, &params, &packed)?;
    /// let mut state = [9.0; 2 * SPEC.state_len()]; // of two sequences
    /// model.reset(&mut state);
    /// assert_eq!(state, [0.0; 6]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reset(&self, state: &mut [f32]) {
        self.view().reset(state);
    }

    /// What the passes read.
    #[inline(always)]
    pub(crate) const fn view(&self) -> ModelView<'_, 'a> {
        ModelView {
            spec: &self.spec,
            tables: self.tables,
            packed: self.packed,
            head: self.head,
        }
    }
}

/// A model as the passes read it. The spec is behind a reference, so that a chip's is a constant in flash: as a part of a
/// model it would be copied to the stack at every step.
#[derive(Clone, Copy)]
pub(crate) struct ModelView<'s, 'a> {
    pub spec: &'s Spec,
    tables: &'a [f32],
    packed: Packed<'a>,
    head: usize,
}

impl<'s, 'a> ModelView<'s, 'a> {
    /// Of a constant spec, for lengths that were checked; `head` is [`Spec::head_matrix`].
    #[inline(always)]
    pub const fn fixed(
        spec: &'s Spec,
        tables: &'a [f32],
        packed: &'a [Strip],
        head: usize,
    ) -> Self {
        Self {
            spec,
            tables,
            packed: Packed::Single(packed),
            head,
        }
    }

    /// [`Model::reset`]
    pub fn reset(&self, state: &mut [f32]) {
        let initial = at(self.tables, self.spec.initial_state_offset()..);
        if initial.is_empty() {
            state.fill(0.0);
        } else {
            for sequence in state.chunks_mut(initial.len()) {
                for (h, &start) in sequence.iter_mut().zip(initial) {
                    *h = start;
                }
            }
        }
    }

    /// Row `id` of the embedding table of `channel`.
    #[inline]
    pub fn embedding(&self, channel: usize, width: usize, id: u32) -> &'a [f32] {
        let start = self.spec.embedding_offset(channel) + id as usize * width;
        at(self.tables, start..start + width)
    }

    #[inline(always)]
    pub fn input_weights(&self, place: Place) -> Panels<'a> {
        let depth = self.spec.layer_input_width(place.layer);
        self.panels(place, false, depth, 1)
    }

    #[inline(always)]
    pub fn recurrent_weights(&self, place: Place) -> Panels<'a> {
        let depth = self.spec.layer(place.layer).hidden;
        self.panels(place, true, depth, 0)
    }

    /// The biases of the sums that x does not feed, in panels without a matrix: sum after sum, strips of units.
    #[inline(always)]
    pub fn other_biases(&self, place: Place) -> Panels<'a> {
        match self.packed {
            Packed::Single(strips) => {
                let start = self.spec.other_biases(Form::Packed, place);
                Panels::single(at(strips, start..), 0, 1)
            }
            Packed::Pairs(strips) => {
                let start = self.spec.other_biases(Form::Pairs, place);
                Panels::pairs(at(strips, start..), 0, 1)
            }
        }
    }

    /// Nothing where there is no head.
    #[inline(always)]
    pub fn head_weights(&self) -> Panels<'a> {
        if !self.spec.has_head() {
            return Panels::single(&[], 0, 1);
        }
        let depth = self.spec.top_width();
        match self.packed {
            Packed::Single(strips) => Panels::single(at(strips, self.head..), depth, 1),
            Packed::Pairs(strips) => Panels::pairs(at(strips, self.head..), depth, 1),
        }
    }

    /// The first matrix of a place, or the second.
    #[inline(always)]
    fn panels(&self, place: Place, second: bool, depth: usize, extra: usize) -> Panels<'a> {
        match self.packed {
            Packed::Single(strips) => {
                let start = self.spec.matrix(Form::Packed, place, second);
                Panels::single(at(strips, start..), depth, extra)
            }
            Packed::Pairs(strips) => {
                let start = self.spec.matrix(Form::Pairs, place, second);
                Panels::pairs(at(strips, start..), depth, extra)
            }
        }
    }
}

/// The transposed weights of the backward pass.
#[derive(Clone, Copy)]
pub(crate) struct Transposed<'a> {
    pub spec: &'a Spec,
    pub strips: &'a [Strip],
}

impl<'a> Transposed<'a> {
    #[inline(always)]
    pub fn input_weights(&self, place: Place) -> Panels<'a> {
        let offset = self.spec.first_matrix(Form::Transposed, place);
        self.panels(offset, self.spec.gate_columns(place.layer))
    }

    #[inline(always)]
    pub fn recurrent_weights(&self, place: Place) -> Panels<'a> {
        let offset = self.spec.second_matrix(Form::Transposed, place);
        self.panels(offset, self.spec.gate_columns(place.layer))
    }

    #[inline(always)]
    pub fn head_weights(&self) -> Panels<'a> {
        let offset = self
            .spec
            .first_matrix(Form::Transposed, self.spec.head_place());
        self.panels(offset, self.spec.output_width())
    }

    #[inline(always)]
    fn panels(&self, offset: usize, depth: usize) -> Panels<'a> {
        Panels::single(at(self.strips, offset..), depth, 0)
    }
}
