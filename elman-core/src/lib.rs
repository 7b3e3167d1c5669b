//! Elman recurrent nets in fixed buffers: no `std`, no allocator, hand-tuned SIMD, and the same bits
//! on every chip with fused multiply-add.
//!
//! ```
//! use elman_core::*;
//!
//! const SPEC: Spec = Spec {
//!     input: Input::Dense { width: 2 },
//!     layers: Layers::of([Layer::tanh(8)]),
//!     initial_state: InitialState::Zero,
//!     head: Head { kind: HeadKind::Softmax { outputs: 3 }, read: Read::EveryStep },
//!     dropout: Dropout::NONE,
//! };
//! let params = [0.1; SPEC.params_len()];
//! let mut packed = [Strip::ZERO; SPEC.packed_len()];
//! pack(&SPEC, &params, &mut packed)?;
//! let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
//! let model = Model::new(SPEC, &params, &packed)?;
//! let mut net = Stream::new(Level::detect(), model, &mut state, &mut scratch)?;
//! let mut probabilities = [0.0; 3];
//! net.step(Inputs::Dense(&[0.5, -1.0]), &mut probabilities)?;
//! # assert!((probabilities[0] - 1.0 / 3.0).abs() < 1e-6);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Data flow
//!
//! ```text
//! dense rows (R,I)  or  tokens → embedding window (R,I)          R = all rows of all steps
//!      │  Z = X·W_in + b                     one product over every step at once
//!      ▼
//! Z (R,H) ──► for t: h[t] = f(Z[t] + h[t-1]·W_rec)               the only sequential part; f is the cell's
//!      ▼                                                          (next layer, reverse direction: the same again)
//! h (R,H) ──► logits = h·W_out + c           one product over every step at once
//!      ▼
//! loss and ∂loss/∂logits in place, then every line backward
//! ```
//!
//! [`forward()`] runs whole batches, [`Stream`] one step at a time, [`Tape`] records for training.
//! [`Batch`] says how rows lie: step by step, sequences sorted longest first, no padding anywhere.
//!
//! Beside Elman's cell stand [`Cell::Gru`] and [`Cell::Lstm`], layer by layer as one likes. Of a cell with several sums
//! per unit Z has a place of its own, sum after sum, and gates stay there for the way back; cell states lie beside h.
//!
//! A trained net travels as an [`Image`]: one file that is read in place from flash, with a checksum and
//! [`Golden`] vectors that prove on the chip that it computes what it computed on the desktop.
//!
//! # Promises
//!
//! **One answer.** Every sum of every unit is one chain of fused multiply-adds: bias, inputs with `k`
//! ascending, recurrence with `k` ascending; what a cell makes of its sums is a fixed list of operations. Lanes run over outputs, never over `k`; [`math::exp`],
//! [`math::tanh`] and [`math::sigmoid`] are polynomials of our own; sums over rows, classes and parameters have a fixed tree.
//! So outputs and states are the same bits for every [`Level`] that [is fused](Level::is_fused), every
//! batch size and composition, streaming or not; gradients and trained parameters are the same bits for
//! every level. (A NaN is a NaN everywhere; its sign and payload are not promised.) Where the portable
//! level has no fused multiply-add (SSE2 alone, Cortex-M0 and M3; for now also RISC-V with F, whose multiply-add stable
//! Rust does not reach) each one rounds twice: deterministic as well, and in a pre-activation of `K` terms off by at most
//! `K·2⁻²⁴·Σ|terms|` from the fused result. The feature `exact` computes it in software there, and the
//! bits are those of all other chips. PowerPC is built with `-Ctarget-feature=-altivec`: AltiVec, as Linux sets it up, takes
//! subnormal numbers for zeros.
//!
//! **Memory is a number.** There is no allocator. Every buffer's length is a `const fn` of the [`Spec`]:
//!
//! | buffer | unit | length |
//! |---|---|---|
//! | parameters | `f32` | [`Spec::params_len`] = `Σ (V+1)·E` for embeddings, `Σ (I+H+1)·H` per layer and direction (GRU `(3·(I+H)+4)·H`, LSTM `4·(I+H+1)·H`), `(W+1)·O` for the head, `Σ H` for trained initial states (LSTM twice as many) |
//! | packed weights | [`Strip`] | [`Spec::packed_len`] = `Σ ⌈H/16⌉·(I+1+H)` per layer and direction (GRU `⌈H/16⌉·(3·(I+1+H)+1)`, LSTM four times as many) `+ ⌈O/16⌉·(W+1)` |
//! | state | `f32` | [`Spec::state_len`] = `Σ H` per layer and direction, for each sequence (LSTM `Σ 2·H`: h, then c) |
//! | stream scratch | [`Strip`] | [`Spec::stream_len`] = `⌈widest/16⌉`, and `⌈I/16⌉` for token nets |
//! | workspace | [`Strip`] | [`Spec::workspace_len`]: two buffers of `R·widest` numbers that take turns, gathered embeddings; for cells of several sums one of `R·sums·16·⌈H/16⌉` for the widest, and one of `R·widest` for cell states |
//! | tape | [`Strip`] | [`Spec::tape_len`]: hidden rows of every layer, inputs with dropout, outputs; with recurrent dropout `(B+R)·Σ H` more; for cells of several sums `R·sums·16·⌈H/16⌉` more per layer and direction, and cell states |
//! | scratch | [`Strip`] | [`Spec::scratch_len`]: two buffers of `R·widest` numbers that take turns; for cells of several sums as many of `R·sums·H`, and `B·Σ H` |
//! | transposed weights | [`Strip`] | [`Spec::transposed_len`], for training |
//! | an int8 net | `u32` | [`Int8Lengths::model_len`](quantized::Int8Lengths::model_len), its state [`state_len`](quantized::Int8Lengths::state_len), its stream's scratch [`stream_len`](quantized::Int8Lengths::stream_len): see [`quantized`] |
//! | a conditional random field of `L` labels | `f32`, `f64` | scores [`crf::params_len`] = `L² + 2·L`, scratch [`crf::scratch_len`] = `3·L² + 6·L + T·(3·L + 1)` |
//! | optimizer state | `f32` | [`Optimizer::state_len`] = 0, 1 or 2 times the parameters |
//!
//! Buffers may hold anything before a call. On the stack of a desktop, large weight gradients take 112 KiB (AVX2 only, copies of
//! their operands), a single row of relu 2 KiB (which states are not zero).
//!
//! **No panic, no silent NaN.** Shapes are checked once, at the border, with an [`Error`] that names what
//! was expected and found. [`Tape::find_non_finite`] names the layer, step and sequence of the first NaN.
//!
//! # Accuracy
//!
//! Largest error over all finite `f32`, in units in the last place, on every level (the exhaustive test
//! is `cargo test --release -p elman-tests --test accuracy -- --ignored`):
//!
//! | function | fused | unfused |
//! |---|---|---|
//! | [`math::tanh`] | 1.5 | 1.5 |
//! | [`math::sigmoid`] | 1.98 | 1.97 |
//! | [`math::exp`] | 1.04 | 1.01 |
//!
//! # Where the time goes
//!
//! A step of `B` sequences does `2·B·H·(I + H + O)` operations and reads `4·H·(I + H + O)` bytes of weights, so
//! a multiply-add unit waits for memory until `B` is large enough. `elman bench` measures both limits (multiply-adds
//! that never leave the registers; reading as many bytes as `W_rec` has) and says which one is nearer:
//!
//! | net | limit | of it |
//! |---|---|---|
//! | a batch of 32, `H` ≥ 128 | multiply-adds; what is missing is tanh (18 cycles for sixteen numbers, `H`·`B`/16 times a step) | 82 to 91 % forward, 80 to 96 % training |
//! | one sequence, `H` = 128 to 512 | reading `W_rec` at every step: 64 KiB is already twice the nearest cache, so every other step takes its columns backwards and finds up to half of the weights there | 83 to 110 % of the second-level cache's or third-level cache's bandwidth |
//! | one sequence on two cores ([`forward_share`]) | the same from two cores' caches, and an exchange of the state at every step, 0.2 to 0.5 µs | 1.5 to 1.7 times as fast as one core at `H` = 256, twice at 512 |
//! | one sequence of relu, half of whose states are zero | the weights of the other half are all that a row of 64 units and more reads, but prefetching brings their neighbours along | a step 1.35 times as fast as with tanh at `H` = 256, 1.45 times at 512 |
//! | one sequence, `H` ≤ 64 | latency: each output is one chain, four cycles per `k`, and tanh (75 cycles) must end before the next step begins | 11 µs for 128 steps of `H` = 32, where the chains alone take 7 |
//! | a few sequences, `H` ≤ 8 | the same latency, where a level looks numbers up within strips and so keeps the state in registers | 0.75 µs (AVX2 1.1) for 15 steps of five sequences of `H` = 4, where the chains alone take 0.4 |
//! | weights in bfloat16 | half the bytes, one shift or mask per weight more | 1.7 times as fast at `H` = 512, 1.8 streaming |
//!
//! Losing experiments stand beside the code that won; those that spanned several files:
//! weights of the recurrence in panels of two to four strips for single rows (2 to 12 % slower: fewer chains than the
//! latency of a multiply-add needs); activation as a second pass over C for few rows (the echo net 2.5 times
//! slower, `H` = 32 1.4 times); whole sequences layer by layer (at 4096 steps a third slower than stretch by stretch,
//! since rows leave the caches in between); masked stores of four numbers (what they wrote cannot be forwarded to the next
//! step's load: 12 % of the echo net); IEEE half precision instead of bfloat16 (no gain over single precision); workers of a shared
//! sequence woken anew for every 128 steps (the system put both on one core, and every exchange became a change of threads: 9 µs).
//!
//! Training keeps every hidden row of its window on the tape. On an idle machine a step of 32 sequences of 128 units takes
//! 5 % longer at 4096 steps than at 64; where others use the memory as well, 60 %.
//!
//! # On a chip
//!
//! [`FixedStream`] takes a shape that is a constant of its type, weights that stay in flash, and two buffers of yours;
//! only the code that this net needs is linked. Cortex-M4F, M7, M33 and M55 (compile targets `thumbv7em-none-eabihf`,
//! `thumbv8m.main-none-eabihf`) compute the bits of a desktop with fused multiply-add, in assembly of our own; the FPU must
//! round to nearest and keep subnormal numbers, as it does after reset. Nothing allocates, recurses or panics, whether at
//! `opt-level` 3 or `"s"`; `tests/firmware/run` shows that on the symbols of each firmware, in QEMU.
//!
//! A chip that learns needs, beside `P` = [`Spec::params_len`] parameters, for a recording of `R` steps:
//!
//! ```text
//! bytes = 4·(P + P + slots·P)                                   parameters, gradients, optimizer (slots: 0, 1 or 2)
//!       + 64·(packed_len + transposed_len)                      weights for both ways
//!       + 64·(tape_len(R, 1) + scratch_len(R, 1))               hidden rows, and their gradients
//! ```
//!
//! [`unpack`] gives the parameters that an export was packed from, for a chip that learns to start from. [`head`] says how the head
//! alone is adapted, from an export to what is kept in flash; where there is a tape anyway, [`Tape::backward_head`] with
//! [`Spec::head_range`] trains the head alone: no transposed weights, no scratch, and gradients
//! and optimizer state of the head's parameters only. `tests/firmware/train` learns both ways on the chip, and every loss and
//! every parameter is the desktop's.
//!
//! # Where things are
//!
//! Files import downwards only, and none in a circle (`cargo test -p elman-cli --test house` proves it). To read the crate, go
//! from the top to the bottom; to add a cell, start in `cell/`.
//!
//! ```text
//! feed/                                   around a stream: raw samples in, events or numbers out
//! image/ golden                           a net in one file, and the proof that it computes right
//! backward/ tape truncation               THE HOT PATH, backward: each line quotes the forward line that it differentiates
//! share                                   one sequence on several cores
//! head                                    the head by itself, for firmware that adapts it
//! forward recurrence/ stream fixed        THE HOT PATH, forward: whole batches; the sequential part; one time step at a time
//! quantized/                              the same net in int8
//! inputs                                  dense rows, or embeddings of a window of tokens
//! model weights layout                    packed weights, and where everything lies in the working buffers
//! params init                             names for stretches of one flat slice, and what they start from
//! optimizer loss crf/ gradient math peak  on plain slices
//! kernel/                                 product, recurrence, step of a stream, softmax, dropout: each loop written once
//! spec/ batch                             the shape of a net, the shape of a batch
//! cell/                                   WHAT A UNIT COMPUTES: sizes, step and its adjoint, int8; one file for each cell
//! simd/                                   instruction sets, strips of sixteen numbers, tanh and exp: the only unsafe code
//! slices error                            parts of slices that must be there; what can be wrong
//! ```
//!
//! # Features
//!
//! | feature | does |
//! |---|---|
//! | `gru`, `lstm`, `fastrnn`, `fastgrnn` | these cells beside Elman's; all on by default. Firmware that reads its spec at run time (an image, learning) holds the code of each, and [`Spec::check`] refuses a net of one that is off |
//! | `exact` | software fused multiply-add where the target has none: the bits of every other chip, slowly |
#![no_std]
#![warn(missing_docs)]

mod backward;
mod batch;
mod cell;
mod error;
mod fixed;
mod forward;
mod golden;
mod image;
mod init;
mod inputs;
mod kernel;
mod layout;
mod model;
mod optimizer;
mod params;
mod recurrence;
mod share;
mod simd;
mod slices;
mod spec;
mod stream;
mod tape;
mod truncation;
mod weights;

pub mod crf;
pub mod feed;
pub mod gradient;
pub mod head;
pub mod loss;
pub mod math;
pub mod peak;
pub mod quantized;

pub use batch::Batch;
pub use cell::{Activation, Cell, CellFacts};
pub use error::Error;
pub use fixed::{FixedStream, Shape};
pub use forward::forward;
pub use golden::{Golden, SelfTest};
pub use image::Image;
pub use init::{Init, initialize};
pub use inputs::Inputs;
pub use loss::Target;
pub use model::Model;
pub use optimizer::Optimizer;
pub use params::{Place, Tensor, TensorKind};
pub use share::{Exchange, Share, forward_share};
pub use simd::{Aligned, LANES, Level, PairStrip, Strip};
pub use spec::{
    Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input, Layer, Layers,
    List, MAX_CHANNELS, MAX_DIMENSION, MAX_LAYERS, Read, Spec,
};
pub use stream::Stream;
pub use tape::{NonFinite, Tape};
pub use truncation::{Truncation, Window};
pub use weights::{pack, pack_bfloat16, pack_transposed, scalar_sigmoid, unpack};
