//! Int8 nets: weights in 8 bits, everything that flows between them in 16, sums in 32.
//!
//! From the first multiply to the logits there is no floating-point operation, so the numbers are the same on every
//! machine, with an FPU or without. Rounding `f32` inputs to 16 bits and turning logits back into `f32` happen at the
//! border; [`Integers`] and the `integers` methods leave both out.
//!
//! ```
//! # use elman_core::{*, quantized::*};
//! # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
//! # let params: Vec<f32> = (0..spec.params_len()).map(|i| (i as f32 * 1.7).sin()).collect();
//! # let mut packed = vec![Strip::ZERO; spec.packed_len()];
//! # pack(&spec, &params, &mut packed)?;
//! # let model = Model::new(spec, &params, &packed)?;
//! # let inputs: Vec<f32> = (0..64).map(|i| 0.5 * (i as f32 * 0.9).cos()).collect();
//! # let (batch, mut buffer) = (Batch::uniform(32, 1)?, vec![Strip::ZERO; spec.tape_len(32, 1)]);
//! // Whole sequences of the user's data, in `f32`, tell how large numbers become.
//! let mut tape = Tape::new(&spec, batch, Inputs::Dense(&inputs), 0, &mut buffer)?;
//! tape.start(&model, None)?;
//! tape.record(level, &model, 0..32)?;
//! let mut numbers = vec![0.0; spec.int8().calibration_len()];
//! let mut calibration = Calibration::new(&spec, &mut numbers)?;
//! calibration.observe(&tape)?;
//! let (mut words, mut bytes) = (vec![0; spec.int8().model_len()], vec![0; spec.int8().bytes_len()]);
//! # let mut scratch = vec![0.0; spec.int8().scratch_len()];
//! quantize(&spec, &params, &calibration, &mut words, &mut bytes, &mut scratch)?;
//! let model = QuantizedModel::new(spec, &words)?;
//! # let (mut state, mut scratch) = (vec![0; spec.int8().state_len()], vec![0; spec.int8().stream_len()]);
//! let (mut net, mut y) = (QuantizedStream::new(model, &mut state, &mut scratch)?, [0.0]);
//! for (x, expected) in inputs.chunks(2).zip(tape.outputs(0..32)) {
//!     net.step(Inputs::Dense(x), &mut y)?;
//!     assert!((y[0] - *expected).abs() < 0.02);
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! # What is computed
//!
//! ```text
//! z = bias + ⌊Σ w_in·x · m_in / 2¹⁶⌋ + ⌊Σ w_rec·h · m_rec / 2¹⁶⌋      w 8 bits, x and h 16, m 16, bias and z 32
//! h' = tanh(z / 2^shift / 2¹⁴) · 2¹⁵,  or  max(0, z / 2^shift),  or  z / 2^shift          rounded, limited to 16 bits,
//!                                                                          and to ±limit where the layer has a clip
//! logit = bias + ⌊Σ w_out·h · m_out / 2¹⁶⌋                            times `unit` where `f32` is asked for
//! ```
//!
//! A GRU has four such sums per unit, `[n_in r z n_rec]`, an LSTM `[i f g o]`, a FastRNN `[n]`, a FastGRNN `[u b_z b_n]`; `n_in`
//! reads no h, `n_rec` no x, and `b_z` and `b_n` are biases alone. T(t) is `tanh(t / 2¹⁴)·2¹⁵`; where the layer has a clip, its
//! argument is limited, to ±limit·4, or ±limit·2 where a sum is halved. α, β, ζ and ν are in units of 2⁻¹⁶:
//!
//! ```text
//! gates     σ(s) = 2¹⁵ + T(⌊s / 2^(shift+1)⌋)                            since sigmoid(x) = (1 + tanh(x/2)) / 2; times 2¹⁶
//! GRU       u = T(⌊r / 2^(shift+1)⌋)      n = T(⌊(n_in + ⌊n_rec / 2⌋ + ⌊n_rec·u / 2¹⁶⌋) / 2^shift⌋)
//!           h' = ⌊(σ(z)·h + (2¹⁶ - σ(z))·n + 2¹⁵) / 2¹⁶⌋
//! LSTM      c' = ⌊(⌊σ(f)·c / 2⌋ + ⌊σ(i)·T(⌊g / 2^shift⌋) / 2^(1+e)⌋ + 2¹⁴) / 2¹⁵⌋, limited to 16 bits, in units of 2^(e-15)
//!           h' = ⌊(σ(o)·T(⌊c'·2^e / 2⌋) + 2¹⁵) / 2¹⁶⌋                   e from calibration
//! FastRNN   h' = ⌊(⌊β·h / 2⌋ + ⌊α·T(⌊n / 2^shift⌋) / 2^(1+e)⌋ + 2¹⁴) / 2¹⁵⌋, limited to 16 bits, in units of 2^(e-15)
//! FastGRNN  z = σ(u + b_z)      n = T(⌊(u + b_n) / 2^shift⌋)      s = ⌊(ζ·(2¹⁶ - z) + 2¹⁵) / 2¹⁶⌋
//!           h' = ⌊(⌊z·h / 4⌋ + ⌊s·n / 2^(2+e)⌋ + ⌊ν·n / 2^(2+e)⌋ + 2¹³) / 2¹⁴⌋, the same
//! ```
//!
//! Every row (output) has multipliers of its own: they are the scales per output channel. Sums over more than 504
//! inputs are cut into pieces of 504, each scaled by itself: `504·128·2¹⁵ < 2³¹`, so no sum overflows.
//! [`QuantizedModel::new`] checks for every row that `z` cannot overflow either, and that no sum reaches 2³⁰
//! where a unit has several or shares numbers.
//! Tanh is a table of 256 lines, off by at most 8·10⁻⁵.
//!
//! # The flat layout
//!
//! A model is one `[u32]` of [`Int8Lengths::model_len`] words, the same on every machine: it may lie in flash, and is read
//! where it lies. Bytes and halves count from the low end of a word.
//!
//! ```text
//! input scale          1 word: f32, how many units of x make 1.0
//! embeddings           per channel, per id (V + 1 of them): multiplier m, then ⌈E/4⌉ words of four bytes e: x = ⌊(e·m + 64) / 2⁷⌋
//! initial state        if trained: as one sequence's state
//! layer and direction  shift + e·2⁸ + limit·2¹⁶ │ unit (f32: what one unit of h is worth) │ per four units: a group for each sum
//!                      of FastRNN and FastGRNN, behind the unit: α or ζ (low) and β or ν (high)
//! head                 0     │ unit (f32: what one unit of a logit is worth) │ per four rows: a group, without W_rec
//! group                4 × bias │ 4 × (m_in low, m_rec high) │ blocks of W_in │ blocks of W_rec       (those that the sum reads; b_z and b_n: none)
//! block                8 words: columns 0..4 of rows 0, 1, 2, 3, then columns 4..8 of them
//! word of weights      columns 0, 2, 1, 3: two of them are one SXTB16, the other two one SXTB16 with ROR 8
//! ```
//!
//! Numbers of 16 bits lie in pairs. What a matrix reads is padded to blocks of eight: the state of every layer and
//! direction by itself, a row of inputs as a whole, each embedding in it to four. Padding meets zero weights. A sequence's
//! state is, layer by layer, h forward, h reverse, and of an LSTM c forward, c reverse.
//!
//! Lost against this layout: two rows in one half-word, `256·a + b`, summed by SMLALD and apart from it `b` by SMLAD, an
//! instruction less for four products, but seven more per pair of rows to take the sums apart, and pieces of 256 (estimated, not built: even at 32 units,
//! a tenth ahead at 128).

mod calibrate;
mod floats;
mod forward;
mod gated;
mod golden;
mod inputs;
mod layer;
mod layout;
mod lengths;
mod lines;
mod model;
mod quantize;
mod round;
mod step;
mod stream;
mod sums;
mod words;
mod write;

pub use crate::image::{IntegerScales, QuantizedFront, QuantizedImage};
pub use calibrate::{Calibration, Saturated};
pub use golden::{QuantizedGolden, QuantizedSelfTest};
pub use inputs::Integers;
pub use lengths::Int8Lengths;
pub use lines::tanh_lines;
pub use model::QuantizedModel;
pub use quantize::quantize;
pub use stream::QuantizedStream;
pub use write::{QuantizedRow, QuantizedWriter};
