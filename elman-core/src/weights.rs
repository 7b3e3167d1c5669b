//! Weights packed once per update for the inner loop, and the [`Model`] that inference holds.
//!
//! ```text
//! packed     = per layer and direction: [b; W_in] (I → H) │ W_rec (H → H)     then [c; W_out] (H → O)
//! transposed = per layer and direction: W_recᵀ (H → H) │ W_inᵀ (H → I)        then W_outᵀ (O → H)
//! ```
//! `W_inᵀ` of the first layer is there only for token nets: nothing flows back into dense rows.

use crate::error::{Error, check_len, check_room};
use crate::kernel::pack::{self, packed_strips};
use crate::params::{Place, TensorKind};
use crate::simd::{LANES, Strip, View};
use crate::spec::{Input, Spec};

/// One packed matrix.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a> {
    /// Strips of the matrix itself.
    pub matrix: View<'a>,
    /// Its bias strips; meaningless if it was packed without.
    pub bias: View<'a>,
}

impl<'a> Panels<'a> {
    /// The matrix of `depth` rows behind `extra` bias rows that starts at strip `offset`.
    #[inline]
    fn at(packed: &'a [Strip], offset: usize, depth: usize, extra: usize) -> Self {
        let data = Strip::floats(packed.get(offset..).unwrap_or(&[]));
        let bias = View {
            data,
            outer: (depth + extra) * LANES,
            inner: LANES,
        };
        Self {
            matrix: bias.from(0, extra),
            bias,
        }
    }
}

impl Spec {
    /// Strips of the packed weights that inference needs.
    pub const fn packed_len(&self) -> usize {
        let head = if self.has_head() {
            packed_strips(self.top_width(), self.output_width(), 1)
        } else {
            0
        };
        self.packed_offset(Place {
            layer: self.layers.len(),
            reverse: false,
        }) + head
    }

    /// Strips of the transposed weights that the backward pass needs in addition.
    pub const fn transposed_len(&self) -> usize {
        let head = if self.has_head() {
            packed_strips(self.output_width(), self.top_width(), 0)
        } else {
            0
        };
        self.transposed_offset(Place {
            layer: self.layers.len(),
            reverse: false,
        }) + head
    }

    const fn packed_offset(&self, place: Place) -> usize {
        let (mut offset, mut l) = (0, 0);
        while l < place.layer {
            offset += self.packed_direction(l) * self.layer(l).directions();
            l += 1;
        }
        if place.reverse {
            offset + self.packed_direction(place.layer)
        } else {
            offset
        }
    }

    const fn packed_direction(&self, layer: usize) -> usize {
        let hidden = self.layer(layer).hidden;
        packed_strips(self.layer_input_width(layer), hidden, 1) + packed_strips(hidden, hidden, 0)
    }

    const fn transposed_offset(&self, place: Place) -> usize {
        let (mut offset, mut l) = (0, 0);
        while l < place.layer {
            offset += self.transposed_direction(l) * self.layer(l).directions();
            l += 1;
        }
        if place.reverse {
            offset + self.transposed_direction(place.layer)
        } else {
            offset
        }
    }

    const fn transposed_direction(&self, layer: usize) -> usize {
        let hidden = self.layer(layer).hidden;
        let below = if self.flows_below(layer) {
            packed_strips(hidden, self.layer_input_width(layer), 0)
        } else {
            0
        };
        packed_strips(hidden, hidden, 0) + below
    }

    /// Whether a gradient flows below this layer: into another layer, or into embeddings.
    pub(crate) const fn flows_below(&self, layer: usize) -> bool {
        layer > 0 || matches!(self.input, Input::Tokens { .. })
    }
}

/// Packs the weights for the forward pass: [`Spec::packed_len`] strips.
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
pub fn pack(spec: &Spec, params: &[f32], packed: &mut [Strip]) -> Result<(), Error> {
    spec.check()?;
    check_len("params", spec.params_len(), params.len())?;
    check_len("packed", spec.packed_len(), packed.len())?;
    for tensor in spec.tensors() {
        let (offset, extra) = match tensor.kind {
            TensorKind::InputWeights(place) => (spec.packed_offset(place), 1),
            TensorKind::RecurrentWeights(place) => {
                let input = packed_strips(spec.layer_input_width(place.layer), tensor.columns, 1);
                (spec.packed_offset(place) + input, 0)
            }
            TensorKind::HeadWeights => (
                spec.packed_offset(Place {
                    layer: spec.layers.len(),
                    reverse: false,
                }),
                1,
            ),
            _ => continue,
        };
        let bias = match tensor.kind {
            TensorKind::InputWeights(place) => bias_of(spec, params, TensorKind::Bias(place)),
            TensorKind::HeadWeights => bias_of(spec, params, TensorKind::HeadBias),
            _ => None,
        };
        let len = packed_strips(tensor.rows, tensor.columns, extra);
        let to = packed.get_mut(offset..offset + len).unwrap_or(&mut []);
        pack::pack(
            params.get(tensor.range()).unwrap_or(&[]),
            bias,
            tensor.columns,
            to,
        );
    }
    Ok(())
}

fn bias_of<'a>(spec: &Spec, params: &'a [f32], kind: TensorKind) -> Option<&'a [f32]> {
    let tensor = spec.tensors().find(|tensor| tensor.kind == kind)?;
    params.get(tensor.range())
}

/// Packs the transposed weights for the backward pass: [`Spec::transposed_len`] strips.
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
pub fn pack_transposed(spec: &Spec, params: &[f32], transposed: &mut [Strip]) -> Result<(), Error> {
    spec.check()?;
    check_len("params", spec.params_len(), params.len())?;
    check_len("transposed", spec.transposed_len(), transposed.len())?;
    for tensor in spec.tensors() {
        let offset = match tensor.kind {
            TensorKind::RecurrentWeights(place) => spec.transposed_offset(place),
            TensorKind::InputWeights(place) if spec.flows_below(place.layer) => {
                spec.transposed_offset(place) + packed_strips(tensor.columns, tensor.columns, 0)
            }
            TensorKind::HeadWeights => spec.transposed_offset(Place {
                layer: spec.layers.len(),
                reverse: false,
            }),
            _ => continue,
        };
        let len = packed_strips(tensor.columns, tensor.rows, 0);
        let to = transposed.get_mut(offset..offset + len).unwrap_or(&mut []);
        pack::pack_transposed(
            params.get(tensor.range()).unwrap_or(&[]),
            tensor.columns,
            to,
        );
    }
    Ok(())
}

/// A net ready to run: the spec, the looked-up tables and the packed weights, all checked once.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    spec: Spec,
    tables: &'a [f32],
    packed: &'a [Strip],
}

impl<'a> Model<'a> {
    /// Joins a spec with its parameters. Of `params` only the first [`Spec::tables_len`] numbers
    /// (embeddings, initial states) are read here; a chip needs to keep no more of them.
    ///
    /// # Errors
    /// [`Error::Spec`], or [`Error::Length`] naming the slice.
    pub fn new(spec: Spec, params: &'a [f32], packed: &'a [Strip]) -> Result<Self, Error> {
        spec.check()?;
        check_room("params", spec.tables_len(), params.len())?;
        check_len("packed", spec.packed_len(), packed.len())?;
        let tables = params.get(..spec.tables_len()).unwrap_or(&[]);
        Ok(Self {
            spec,
            tables,
            packed,
        })
    }

    /// The shape of the net.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Sets the state of any number of sequences, (B, [`Spec::state_len`]), to the initial state.
    pub fn reset(&self, state: &mut [f32]) {
        let initial = self
            .tables
            .get(self.spec.initial_state_offset()..)
            .unwrap_or(&[]);
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
    pub(crate) fn embedding(&self, channel: usize, width: usize, id: u32) -> &'a [f32] {
        let start = self.spec.embedding_offset(channel) + id as usize * width;
        self.tables.get(start..start + width).unwrap_or(&[])
    }

    #[inline]
    pub(crate) fn input_weights(&self, place: Place) -> Panels<'a> {
        Panels::at(
            self.packed,
            self.spec.packed_offset(place),
            self.spec.layer_input_width(place.layer),
            1,
        )
    }

    #[inline]
    pub(crate) fn recurrent_weights(&self, place: Place) -> Panels<'a> {
        let hidden = self.spec.layer(place.layer).hidden;
        let input = packed_strips(self.spec.layer_input_width(place.layer), hidden, 1);
        Panels::at(
            self.packed,
            self.spec.packed_offset(place) + input,
            hidden,
            0,
        )
    }

    #[inline]
    pub(crate) fn head_weights(&self) -> Panels<'a> {
        let offset = self.spec.packed_offset(Place {
            layer: self.spec.layers.len(),
            reverse: false,
        });
        Panels::at(self.packed, offset, self.spec.top_width(), 1)
    }
}

/// The transposed weights of the backward pass.
#[derive(Clone, Copy)]
pub(crate) struct Transposed<'a> {
    pub spec: &'a Spec,
    pub strips: &'a [Strip],
}

impl<'a> Transposed<'a> {
    pub fn recurrent_weights(&self, place: Place) -> Panels<'a> {
        Panels::at(
            self.strips,
            self.spec.transposed_offset(place),
            self.spec.layer(place.layer).hidden,
            0,
        )
    }

    pub fn input_weights(&self, place: Place) -> Panels<'a> {
        let hidden = self.spec.layer(place.layer).hidden;
        let offset = self.spec.transposed_offset(place) + packed_strips(hidden, hidden, 0);
        Panels::at(self.strips, offset, hidden, 0)
    }

    pub fn head_weights(&self) -> Panels<'a> {
        let offset = self.spec.transposed_offset(Place {
            layer: self.spec.layers.len(),
            reverse: false,
        });
        Panels::at(self.strips, offset, self.spec.output_width(), 0)
    }
}
