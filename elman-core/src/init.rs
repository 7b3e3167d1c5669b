//! Initial parameters from any `rand_core` generator; the same generator gives the same bits.

use core::convert::Infallible;

use rand_core::TryRng;

use crate::error::{Error, check_len};
use crate::params::{Tensor, TensorKind};
use crate::slices::{at, at_mut, copy};
use crate::spec::Spec;

/// How parameters start.
///
/// ```
/// # use elman_core::*;
/// # struct Generator(u64);
/// # impl rand_core::TryRng for Generator {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok((self.try_next_u64()? >> 32) as u32) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
/// #         self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
/// #         Ok(self.0)
/// #     }
/// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { Ok(bytes.fill(0)) }
/// # }
/// // An IRNN: rectified linear units that start by remembering everything.
/// let relu = Layer::relu(3);
/// let spec = Spec { layers: Layers::of([relu]), ..Spec::dense(2, 3, 1) };
/// let mut params = vec![0.0; spec.params_len()];
/// initialize(&spec, Init::Identity, &mut Generator(1), &mut params)?;
/// let w_rec = &params[2 * 3..][..3 * 3];
/// assert_eq!(w_rec, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Init {
    /// Orthogonal `W_rec`, gate by gate (Saxe, McClelland, Ganguli 2014), the rest as [`Init::Glorot`].
    #[default]
    Orthogonal,
    /// Uniform in ±√(6 / (in + out)), gate by gate (Glorot and Bengio 2010), biases zero, but 1 for the forget gate of an
    /// LSTM and the gate of FastGRNN, which so start by remembering (Jozefowicz, Zaremba, Sutskever 2015).
    Glorot,
    /// As PyTorch's `nn.RNN`, `nn.GRU`, `nn.LSTM` and `nn.Linear`: uniform in ±1/√H, head and its bias in ±1/√(its inputs).
    Pytorch,
    /// IRNN: `W_rec` the identity (Le, Jaitly, Hinton 2015), the rest as [`Init::Glorot`]; made for relu.
    Identity,
}

/// Where the bias of a gate starts that says how much of the state is kept.
const REMEMBERING_BIAS: f32 = 1.0;

/// Standard deviation of embeddings under every scheme but PyTorch's, which has 1.
const EMBEDDING_DEVIATION: f64 = 0.5;

/// Fills all parameters. Embeddings are normal, trained initial states start at zero.
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] if `params` does not hold [`Spec::params_len`] numbers.
///
/// ```
/// # use elman_core::*;
/// # struct Generator(u64);
/// # impl rand_core::TryRng for Generator {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok((self.try_next_u64()? >> 32) as u32) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
/// #         self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
/// #         Ok(self.0)
/// #     }
/// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { Ok(bytes.fill(0)) }
/// # }
/// # let mut rng = Generator(1);
/// let spec = Spec::dense(2, 8, 1);
/// let mut params = vec![0.0; spec.params_len()];
/// initialize(&spec, Init::default(), &mut rng, &mut params)?; // any generator of `rand_core` will do
/// let w_rec = &params[2 * 8..][..8 * 8];
/// let product = |i: usize, j: usize| -> f32 { (0..8).map(|k| w_rec[8 * i + k] * w_rec[8 * j + k]).sum() };
/// assert!((product(0, 0) - 1.0).abs() < 1e-6 && product(0, 1).abs() < 1e-6); // orthogonal
/// # Ok::<(), Error>(())
/// ```
pub fn initialize(
    spec: &Spec,
    init: Init,
    rng: &mut impl TryRng<Error = Infallible>,
    params: &mut [f32],
) -> Result<(), Error> {
    spec.check()?;
    check_len("params", spec.params_len(), params.len())?;
    for tensor in spec.tensors() {
        let values = at_mut(params, tensor.range());
        fill(spec, init, &tensor, rng, values);
    }
    Ok(())
}

fn fill(
    spec: &Spec,
    init: Init,
    tensor: &Tensor,
    rng: &mut impl TryRng<Error = Infallible>,
    values: &mut [f32],
) {
    // Each gate is a matrix of its own.
    let columns = tensor.columns / gates(spec, tensor.kind);
    let glorot = libm::sqrt(6.0 / (tensor.rows + columns) as f64);
    match (tensor.kind, init) {
        (TensorKind::Embedding { .. }, _) => {
            let deviation = if init == Init::Pytorch {
                1.0
            } else {
                EMBEDDING_DEVIATION
            };
            values.fill_with(|| (deviation * normal(rng)) as f32);
        }
        (TensorKind::InitialState(_) | TensorKind::InitialCell(_), _) => values.fill(0.0),
        (TensorKind::Scalars(place), _) => {
            copy(spec.layer(place.layer).cell.initial_scalars(), values);
        }
        (
            TensorKind::InputWeights(_) | TensorKind::RecurrentWeights(_) | TensorKind::Bias(_),
            Init::Pytorch,
        ) => {
            uniform(rng, 1.0 / libm::sqrt(columns as f64), values);
        }
        (TensorKind::HeadWeights | TensorKind::HeadBias, Init::Pytorch) => {
            uniform(rng, 1.0 / libm::sqrt(spec.top_width() as f64), values);
        }
        (TensorKind::Bias(place), _) => {
            let layer = spec.layer(place.layer);
            values.fill(0.0);
            if let Some(bias) = layer.cell.remembering_bias() {
                let first = bias * layer.hidden;
                at_mut(values, first..first + layer.hidden).fill(REMEMBERING_BIAS);
            }
        }
        (TensorKind::HeadBias, _) => values.fill(0.0),
        (TensorKind::RecurrentWeights(_), Init::Orthogonal) => {
            for gate in 0..gates(spec, tensor.kind) {
                orthogonal(rng, columns, (tensor.columns, gate * columns), values);
            }
        }
        (TensorKind::RecurrentWeights(_), Init::Identity) => {
            for (row, values) in values.chunks_exact_mut(tensor.columns.max(1)).enumerate() {
                values.fill(0.0);
                for diagonal in values.iter_mut().skip(row).step_by(columns.max(1)) {
                    *diagonal = 1.0;
                }
            }
        }
        (
            TensorKind::InputWeights(_) | TensorKind::RecurrentWeights(_) | TensorKind::HeadWeights,
            _,
        ) => {
            uniform(rng, glorot, values);
        }
    }
}

/// Gates that lie side by side in the columns of a tensor; of a bias, as many as it has numbers per unit.
fn gates(spec: &Spec, kind: TensorKind) -> usize {
    match kind {
        TensorKind::InputWeights(place) | TensorKind::RecurrentWeights(place) => {
            spec.layer(place.layer).cell.facts().gates
        }
        TensorKind::Bias(place) => spec.layer(place.layer).cell.facts().biases(),
        _ => 1,
    }
}

fn next_u64(rng: &mut impl TryRng<Error = Infallible>) -> u64 {
    match rng.try_next_u64() {
        Ok(bits) => bits,
        Err(never) => match never {},
    }
}

/// Uniform in [0, 1), 53 bits.
fn unit(rng: &mut impl TryRng<Error = Infallible>) -> f64 {
    (next_u64(rng) >> 11) as f64 / (1u64 << 53) as f64
}

fn uniform(rng: &mut impl TryRng<Error = Infallible>, limit: f64, values: &mut [f32]) {
    values.fill_with(|| ((2.0 * unit(rng) - 1.0) * limit) as f32);
}

/// Standard normal (Box and Muller 1958), one of the pair.
fn normal(rng: &mut impl TryRng<Error = Infallible>) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(rng)));
    radius * libm::cos(core::f64::consts::TAU * unit(rng))
}

/// A random orthogonal matrix, whose rows are `row` numbers apart and begin at `column`: Gram-Schmidt over normal rows,
/// run twice because once loses orthogonality in f32 ("twice is enough", Giraud, Langou, Rozložník 2005).
fn orthogonal(
    rng: &mut impl TryRng<Error = Infallible>,
    size: usize,
    (row, column): (usize, usize),
    values: &mut [f32],
) {
    let columns = column..column + size;
    for index in 0..size {
        let Some((done, rest)) = values.split_at_mut_checked(index * row) else {
            return;
        };
        let Some(new) = rest.get_mut(columns.clone()) else {
            return;
        };
        new.fill_with(|| normal(rng) as f32);
        for _ in 0..2 {
            for earlier in done.chunks_exact(row.max(1)) {
                let earlier = at(earlier, columns.clone());
                let overlap = dot(earlier, new) as f32;
                for (x, &e) in new.iter_mut().zip(earlier) {
                    *x -= overlap * e;
                }
            }
            let norm = libm::sqrt(dot(new, new)) as f32;
            if norm == 0.0 {
                // Only a broken generator gets here; NaN would be worse than a row of zeros.
                break;
            }
            for x in new.iter_mut() {
                *x /= norm;
            }
        }
    }
}

/// In eight sums: one would wait for itself at every addition, and the start of 2048 units took 25 s. (Some rows side by
/// side, to read those before once for all of them, are no faster.)
fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += f64::from(a) * f64::from(b);
    }
    sums.iter().sum()
}
