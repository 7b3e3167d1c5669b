//! Weights packed once per update for the inner loop: how long they are, where each matrix lies, and how they get there.
//!
//! ```text
//! packed     = per layer and direction: [b; W_in] (I → H) │ W_rec (H → H) │ b of other sums     then [c; W_out] (H → O)
//! transposed = per layer and direction: W_inᵀ (H → I) │ W_recᵀ (H → H)                          then W_outᵀ (O → H)
//! ```
//! Of a cell with several sums per unit `[b; W_in]` and `W_rec` lie packed sum after sum, each from a strip of its own on;
//! the transposes are read along all sums of a matrix. Sums that x does not feed have their biases behind `W_rec`.
//!
//! `W_inᵀ` of the first layer is there only for token nets: nothing flows back into dense rows.

use crate::error::{Error, check_len};
use crate::kernel::pack::{self, packed_strips, pair_strips};
use crate::params::{Place, TensorKind};
use crate::simd::{LANES, PairStrip, Strip};
use crate::slices::{at, at_mut};
use crate::spec::{Input, Spec};

/// The three forms in which matrices are packed.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// Single precision, for the forward pass.
    Packed,
    /// Pairs of bfloat16, for the forward pass.
    Pairs,
    /// The transposes, for the backward pass.
    Transposed,
}

impl Form {
    /// Strips of one matrix.
    #[inline(always)]
    const fn strips(self, depth: usize, outputs: usize, extra: usize) -> usize {
        match self {
            Self::Packed => packed_strips(depth, outputs, extra),
            Self::Pairs => pair_strips(depth, outputs, extra),
            Self::Transposed => packed_strips(outputs, depth, 0),
        }
    }
}

impl Spec {
    /// Strips of the packed weights that inference needs.
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// // On a chip these are flash: two strips for 32 units, one for 5 outputs, a row for each bias.
    /// static PACKED: [Strip; SPEC.packed_len()] = [Strip::ZERO; (6 + 1 + 32) * 2 + 32 + 1];
    /// ```
    pub const fn packed_len(&self) -> usize {
        self.form_len(Form::Packed)
    }

    /// Strips of the packed weights in bfloat16: about half of [`Spec::packed_len`].
    ///
    /// ```
    /// # use elman_core::Spec;
    /// let spec = Spec::dense(128, 128, 10);
    /// assert_eq!((spec.packed_len(), spec.pairs_len()), (2185, 1097));
    /// ```
    pub const fn pairs_len(&self) -> usize {
        self.form_len(Form::Pairs)
    }

    /// Strips of the transposed weights that the backward pass needs in addition.
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// // Nothing flows back into dense rows, so of W_in there is no transpose.
    /// static TRANSPOSED: [Strip; SPEC.transposed_len()] = [Strip::ZERO; (32 + 5) * 2];
    /// ```
    pub const fn transposed_len(&self) -> usize {
        self.form_len(Form::Transposed)
    }

    const fn form_len(&self, form: Form) -> usize {
        let head = if self.has_head() {
            form.strips(self.top_width(), self.output_width(), 1)
        } else {
            0
        };
        self.first_matrix(form, self.head_place()) + head
    }

    /// Where the head's matrix lies: behind all layers.
    #[inline(always)]
    pub(crate) const fn head_place(&self) -> Place {
        Place {
            layer: self.layers.len(),
            reverse: false,
        }
    }

    /// Where the first matrix of a layer and direction starts: `W_in`, or its transpose.
    #[inline(always)]
    pub(crate) const fn first_matrix(&self, form: Form, place: Place) -> usize {
        let (mut offset, mut l) = (0, 0);
        while l < place.layer {
            offset += self.direction_strips(form, l) * self.layer(l).directions();
            l += 1;
        }
        if place.reverse {
            offset + self.direction_strips(form, place.layer)
        } else {
            offset
        }
    }

    /// Where the head's matrix starts.
    #[inline(always)]
    pub(crate) const fn head_matrix(&self, form: Form) -> usize {
        self.first_matrix(form, self.head_place())
    }

    /// Where the second one starts: `W_rec`, or its transpose.
    #[inline(always)]
    pub(crate) const fn second_matrix(&self, form: Form, place: Place) -> usize {
        self.first_matrix(form, place) + self.input_strips(form, place.layer)
    }

    #[inline(always)]
    pub(crate) const fn matrix(&self, form: Form, place: Place, second: bool) -> usize {
        if second {
            self.second_matrix(form, place)
        } else {
            self.first_matrix(form, place)
        }
    }

    #[inline(always)]
    const fn direction_strips(&self, form: Form, layer: usize) -> usize {
        let others = match form {
            Form::Packed | Form::Pairs => self.layer(layer).other_sum_strips(),
            Form::Transposed => 0,
        };
        self.input_strips(form, layer) + self.recurrent_strips(form, layer) + others
    }

    /// Where the biases of the sums that x does not feed start: sum after sum, full strips of units.
    #[inline(always)]
    pub(crate) const fn other_biases(&self, form: Form, place: Place) -> usize {
        self.second_matrix(form, place) + self.recurrent_strips(form, place.layer)
    }

    #[inline(always)]
    const fn recurrent_strips(&self, form: Form, layer: usize) -> usize {
        let columns = self.recurrent_columns(form, layer);
        form.strips(self.layer(layer).hidden, columns, 0)
    }

    /// Columns of `W_in`, in full strips.
    #[inline(always)]
    const fn input_columns(&self, form: Form, layer: usize) -> usize {
        let fed = self.layer(layer).cell.facts().from_x;
        self.columns(form, layer, fed.end - fed.start)
    }

    /// Columns of `W_rec`, in full strips.
    #[inline(always)]
    const fn recurrent_columns(&self, form: Form, layer: usize) -> usize {
        let fed = self.layer(layer).cell.facts().from_h;
        self.columns(form, layer, fed.end - fed.start)
    }

    /// Columns of a matrix that feeds `sums` sums of every unit: packed, full strips of units, sum beside sum; the transpose
    /// is read along them, one per gate and unit.
    #[inline(always)]
    const fn columns(&self, form: Form, layer: usize, sums: usize) -> usize {
        match form {
            Form::Transposed => self.gate_columns(layer),
            Form::Packed | Form::Pairs => sums * self.layer(layer).hidden.div_ceil(LANES) * LANES,
        }
    }

    #[inline(always)]
    const fn input_strips(&self, form: Form, layer: usize) -> usize {
        if matches!(form, Form::Transposed) && !self.flows_below(layer) {
            0
        } else {
            form.strips(
                self.layer_input_width(layer),
                self.input_columns(form, layer),
                1,
            )
        }
    }

    /// Whether a gradient flows below this layer: into another layer, or into embeddings.
    #[inline(always)]
    pub(crate) const fn flows_below(&self, layer: usize) -> bool {
        layer > 0 || matches!(self.input, Input::Tokens { .. })
    }
}

/// Packs the weights for the forward pass: [`Spec::packed_len`] strips.
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 20, 1);
/// let params = [0.1; SPEC.params_len()];
/// let mut packed = [Strip::ZERO; SPEC.packed_len()];
/// pack(&SPEC, &params, &mut packed)?; // again whenever the parameters have changed
/// assert_eq!(packed.len(), 2 * (1 + 2 + 20) + (1 + 20)); // 20 units take two strips
/// # Ok::<(), Error>(())
/// ```
pub fn pack(spec: &Spec, params: &[f32], packed: &mut [Strip]) -> Result<(), Error> {
    spec.check()?;
    check_len("params", spec.params_len(), params.len())?;
    check_len("packed", spec.packed_len(), packed.len())?;
    for place in spec.places() {
        pack_direction(spec, params, place, packed);
    }
    let head = spec.first_matrix(Form::Packed, spec.head_place());
    pack::pack(
        tensor_of(spec, params, TensorKind::HeadWeights),
        Some(tensor_of(spec, params, TensorKind::HeadBias)),
        spec.output_width(),
        at_mut(packed, head..),
    );
    Ok(())
}

/// Packs the matrices of one layer and direction, sum after sum.
fn pack_direction(spec: &Spec, params: &[f32], place: Place, packed: &mut [Strip]) {
    let (layer, facts) = (
        spec.layer(place.layer),
        spec.layer(place.layer).cell.facts(),
    );
    let row = spec.gate_columns(place.layer);
    let w_in = tensor_of(spec, params, TensorKind::InputWeights(place));
    let w_rec = tensor_of(spec, params, TensorKind::RecurrentWeights(place));
    let biases = tensor_of(spec, params, TensorKind::Bias(place));
    let units = |gate: usize| gate * layer.hidden..(gate + 1) * layer.hidden;
    // A sum without a bias starts from zero.
    let bias_of = |sum| match facts.bias_of(sum) {
        Some(index) => at(biases, units(index)),
        None => &[],
    };
    let width = layer.unit_strips();
    let first = |start: usize, strips: usize, index: usize| {
        let start = start + index * strips;
        start..start + strips
    };
    let start = spec.first_matrix(Form::Packed, place);
    let strips = packed_strips(spec.layer_input_width(place.layer), layer.hidden, 1);
    for (index, sum) in facts.from_x.clone().enumerate() {
        let to = at_mut(packed, first(start, strips, index));
        let columns = units(facts.gate_of(sum));
        pack::pack_columns((w_in, row), columns, Some(bias_of(sum)), to);
    }
    let start = spec.second_matrix(Form::Packed, place);
    let strips = packed_strips(layer.hidden, layer.hidden, 0);
    for (index, sum) in facts.from_h.clone().enumerate() {
        let to = at_mut(packed, first(start, strips, index));
        pack::pack_columns((w_rec, row), units(facts.gate_of(sum)), None, to);
    }
    let start = spec.other_biases(Form::Packed, place);
    let scalars = tensor_of(spec, params, TensorKind::Scalars(place));
    for (index, sum) in (facts.from_x.end..facts.sums).enumerate() {
        let to = at_mut(packed, first(start, width, index));
        match (sum + facts.scalars).checked_sub(facts.sums) {
            Some(scalar) => {
                let shared = scalars.get(scalar).map_or(0.0, |&raw| scalar_sigmoid(raw));
                to.fill(Strip([shared; LANES]));
            }
            None => pack::pack(bias_of(sum), None, layer.hidden, to),
        }
    }
}

/// The parameters that weights were packed from, the inverse of [`pack()`]: what a chip that learns starts from. Embeddings and initial
/// states, the first [`Spec::tables_len`] numbers, are not packed: `params` has them already, and they stay. Of FastRNN and FastGRNN
/// the numbers that all units share come back as numbers that pack to the same bits, which may be neighbours of those that they were.
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 20, 1);
/// let mut params = [0.0; SPEC.params_len()];
/// # for (i, p) in params.iter_mut().enumerate() { *p = i as f32; }
/// let mut packed = [Strip::ZERO; SPEC.packed_len()];
/// pack(&SPEC, &params, &mut packed)?;
/// let mut again = [0.0; SPEC.params_len()];
/// unpack(&SPEC, &packed, &mut again)?;
/// assert_eq!(again, params);
/// # Ok::<(), Error>(())
/// ```
pub fn unpack(spec: &Spec, packed: &[Strip], params: &mut [f32]) -> Result<(), Error> {
    spec.check()?;
    check_len("packed", spec.packed_len(), packed.len())?;
    check_len("params", spec.params_len(), params.len())?;
    for place in spec.places() {
        unpack_direction(spec, packed, place, params);
    }
    if spec.has_head() {
        let strips = at(packed, spec.head_matrix(Form::Packed)..);
        unpack_head(spec, strips, at_mut(params, spec.head_range()));
    }
    Ok(())
}

/// The parameters of the head from its packed weights.
pub(crate) fn unpack_head(spec: &Spec, strips: &[Strip], weights: &mut [f32]) {
    let columns = spec.output_width();
    let (weights, bias) = weights
        .split_at_mut_checked(spec.top_width() * columns)
        .unwrap_or_default();
    pack::unpack_columns(strips, (weights, columns), 0..columns, Some(bias));
}

/// The inverse of [`pack_direction`].
fn unpack_direction(spec: &Spec, packed: &[Strip], place: Place, params: &mut [f32]) {
    let (layer, row) = (spec.layer(place.layer), spec.gate_columns(place.layer));
    let facts = layer.cell.facts();
    let units = |gate: usize| gate * layer.hidden..(gate + 1) * layer.hidden;
    let tensor = |kind| spec.range_of(kind);
    let biases = tensor(TensorKind::Bias(place));
    let bias_of = |sum| {
        let index = facts.bias_of(sum)?;
        Some(biases.start + units(index).start..biases.start + units(index).end)
    };
    let of = |start: usize, strips: usize, index: usize| {
        at(packed, start + index * strips..start + (index + 1) * strips)
    };
    let start = spec.first_matrix(Form::Packed, place);
    let strips = packed_strips(spec.layer_input_width(place.layer), layer.hidden, 1);
    for (index, sum) in facts.from_x.clone().enumerate() {
        let (from, columns) = (of(start, strips, index), units(facts.gate_of(sum)));
        let w_in = at_mut(params, tensor(TensorKind::InputWeights(place)));
        // A sum without a bias has a row of zeros in front.
        pack::unpack_columns(from, (w_in, row), columns, Some(&mut []));
        if let Some(range) = bias_of(sum) {
            let depth = spec.layer_input_width(place.layer) + 1;
            unpack_rows(from, depth, at_mut(params, range));
        }
    }
    let start = spec.second_matrix(Form::Packed, place);
    let strips = packed_strips(layer.hidden, layer.hidden, 0);
    for (index, sum) in facts.from_h.clone().enumerate() {
        let w_rec = at_mut(params, tensor(TensorKind::RecurrentWeights(place)));
        let columns = units(facts.gate_of(sum));
        pack::unpack_columns(of(start, strips, index), (w_rec, row), columns, None);
    }
    let start = spec.other_biases(Form::Packed, place);
    for (index, sum) in (facts.from_x.end..facts.sums).enumerate() {
        let from = of(start, layer.unit_strips(), index);
        match (sum + facts.scalars).checked_sub(facts.sums) {
            Some(scalar) => {
                let shared = from.first().map_or(0.5, |strip| strip.0[0]);
                let scalars = at_mut(params, tensor(TensorKind::Scalars(place)));
                if let Some(raw) = scalars.get_mut(scalar) {
                    *raw = scalar_logit(shared);
                }
            }
            None => {
                if let Some(range) = bias_of(sum) {
                    unpack_rows(from, 1, at_mut(params, range));
                }
            }
        }
    }
}

/// The first row of every panel of `depth` rows, one behind the other.
fn unpack_rows(packed: &[Strip], depth: usize, row: &mut [f32]) {
    for (panel, part) in packed.chunks_exact(depth).zip(row.chunks_mut(LANES)) {
        let Some(Strip(first)) = panel.first() else {
            continue;
        };
        part.iter_mut()
            .zip(first)
            .for_each(|(to, from)| *to = *from);
    }
}

/// Rounds packed weights to bfloat16, [`Spec::pairs_len`] strips: half the memory to read, which is what
/// bounds single sequences of large nets. Sums and biases stay in single precision. Each weight is off by
/// at most 2⁻⁹ of itself (of the smallest normal number, below that), so a pre-activation by at most `2⁻⁹·Σ|w·h|`; the widened weights are exact,
/// so the results are the same bits on all fused levels here too.
///
/// # Errors
/// [`Error::Bfloat16Range`] for a weight that is not finite, [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(4)]),
/// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #     head: Head { kind: HeadKind::Linear { outputs: 2 }, read: Read::EveryStep } };
/// # let params = vec![0.1; spec.params_len()];
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// let mut pairs = vec![PairStrip::ZERO; spec.pairs_len()];
/// pack_bfloat16(&spec, &packed, &mut pairs)?;
/// let model = Model::with_bfloat16(spec, &params, &pairs)?;
/// assert_eq!((packed.len(), pairs.len()), (13, 8));
/// # Ok::<(), Error>(())
/// ```
pub fn pack_bfloat16(spec: &Spec, packed: &[Strip], pairs: &mut [PairStrip]) -> Result<(), Error> {
    spec.check()?;
    check_len("packed", spec.packed_len(), packed.len())?;
    check_len("pairs", spec.pairs_len(), pairs.len())?;
    let (mut packed, mut pairs) = (packed, pairs);
    let mut next = |depth: usize, outputs: usize, extra: usize| {
        let (from, packed_rest) = packed
            .split_at_checked(packed_strips(depth, outputs, extra))
            .unwrap_or_default();
        let (to, pairs_rest) = core::mem::take(&mut pairs)
            .split_at_mut_checked(pair_strips(depth, outputs, extra))
            .unwrap_or_default();
        (packed, pairs) = (packed_rest, pairs_rest);
        pack::to_pairs(from, depth, extra, to)
    };
    for place in spec.places() {
        let (layer, form) = (place.layer, Form::Pairs);
        let columns = spec.input_columns(form, layer);
        next(spec.layer_input_width(layer), columns, 1)?;
        let columns = spec.recurrent_columns(form, layer);
        next(spec.layer(layer).hidden, columns, 0)?;
        next(0, spec.layer(layer).other_sum_strips() * LANES, 1)?;
    }
    if spec.has_head() {
        next(spec.top_width(), spec.output_width(), 1)
    } else {
        Ok(())
    }
}

/// The sigmoid of a trained number that all units share, as packed weights hold it: the same on every machine, whatever it
/// multiplies with.
///
/// ```
/// assert_eq!(elman_core::scalar_sigmoid(0.0), 0.5);
/// ```
#[must_use]
pub fn scalar_sigmoid(raw: f32) -> f32 {
    (1.0 / (1.0 + libm::exp(-f64::from(raw)))) as f32
}

/// A number whose [`scalar_sigmoid`] is this one.
fn scalar_logit(shared: f32) -> f32 {
    let shared_wide = f64::from(shared);
    let raw = libm::log(shared_wide / (1.0 - shared_wide)) as f32;
    // The nearest number may round to a neighbour of the sigmoid.
    let near = [raw, raw.next_down(), raw.next_up()];
    let exact = near.into_iter().find(|&raw| scalar_sigmoid(raw) == shared);
    exact.unwrap_or(raw)
}

fn tensor_of<'a>(spec: &Spec, params: &'a [f32], kind: TensorKind) -> &'a [f32] {
    at(params, spec.range_of(kind))
}

/// Packs the transposed weights for the backward pass: [`Spec::transposed_len`] strips.
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 3, 1);
/// let params = [0.1; SPEC.params_len()];
/// let mut transposed = [Strip::ZERO; SPEC.transposed_len()];
/// pack_transposed(&SPEC, &params, &mut transposed)?;
/// assert_eq!(transposed.len(), 3 + 1); // W_recᵀ and W_outᵀ: nothing flows back into dense rows
/// # Ok::<(), Error>(())
/// ```
pub fn pack_transposed(spec: &Spec, params: &[f32], transposed: &mut [Strip]) -> Result<(), Error> {
    spec.check()?;
    check_len("params", spec.params_len(), params.len())?;
    check_len("transposed", spec.transposed_len(), transposed.len())?;
    for tensor in spec.tensors() {
        // Along k the sums that a matrix feeds follow one another in their own order, which may begin with a later gate.
        let (offset, first) = match tensor.kind {
            TensorKind::InputWeights(place) if spec.flows_below(place.layer) => {
                let layer = spec.layer(place.layer);
                let gate = layer.cell.facts().gate_of(0);
                let offset = spec.first_matrix(Form::Transposed, place);
                (offset, gate * layer.hidden)
            }
            TensorKind::RecurrentWeights(place) => (spec.second_matrix(Form::Transposed, place), 0),
            TensorKind::HeadWeights => (spec.first_matrix(Form::Transposed, spec.head_place()), 0),
            _ => continue,
        };
        let len = packed_strips(tensor.columns, tensor.rows, 0);
        let to = at_mut(transposed, offset..offset + len);
        let weights = at(params, tensor.range());
        pack::pack_transposed(weights, tensor.columns, first, to);
    }
    Ok(())
}
