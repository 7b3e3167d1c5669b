//! Functions over a sample of all f32, and nets of such weights; the same source runs on the chip and, in the build script, on the desktop.

use elman_core::{
    Activation, Cell, FixedStream, Inputs, Layer, Layers, Level, Shape, Spec, Strip, math, pack,
};

/// From one bit pattern to the next: a prime, so that all bits take all values.
const STRIDE: u32 = 19_997;
/// Numbers at a time: whole strips, and one that is not.
const BLOCK: usize = 21;

/// FNV-1a over the bits of the results (Fowler, Noll and Vo); a NaN counts as one pattern, whichever it is.
pub fn hash(level: Level, function: fn(Level, &mut [f32])) -> u32 {
    let (mut hash, mut bits) = (0x811c_9dc5_u32, 0_u32);
    loop {
        let mut block = [0.0; BLOCK];
        for x in &mut block {
            *x = f32::from_bits(bits);
            bits = bits.wrapping_add(STRIDE);
        }
        function(level, &mut block);
        for y in block {
            let y = if y.is_nan() {
                f32::NAN.to_bits()
            } else {
                y.to_bits()
            };
            hash = (hash ^ y).wrapping_mul(0x0100_0193);
        }
        if bits < BLOCK as u32 * STRIDE {
            return hash;
        }
    }
}

/// Their names, and what they are.
pub const FUNCTIONS: [(&str, fn(Level, &mut [f32])); 4] = [
    ("tanh", math::tanh),
    ("exp", math::exp),
    ("softmax", softmax_of_few),
    ("step", steps_of_any_size),
];

/// Three units that keep what they sum.
struct Sums;

impl Shape for Sums {
    const SPEC: Spec = Spec {
        layers: Layers::of([Layer {
            cell: Cell::elman(Activation::Identity),
            ..Layer::tanh(3)
        }]),
        ..Spec::dense(1, 3, 1)
    };
}

/// Two steps of a net whose weights and inputs are of every size, so that products, sums and states become subnormal.
fn steps_of_any_size(level: Level, block: &mut [f32]) {
    let Some((params, inputs)) = block.split_at_checked(Sums::SPEC.params_len()) else {
        return;
    };
    let mut packed = [Strip::ZERO; Sums::SPEC.packed_len()];
    let mut state = [0.0; Sums::SPEC.state_len()];
    let mut scratch = [Strip::ZERO; Sums::SPEC.stream_len()];
    let (mut y, mut outputs) = ([0.0], [0.0; BLOCK]);
    if pack(&Sums::SPEC, params, &mut packed).is_err() {
        return;
    }
    let net = FixedStream::<Sums>::new(level, &[], &packed, &mut state, &mut scratch);
    if let Ok(mut net) = net {
        for (&x, to) in inputs.iter().zip(&mut outputs) {
            let _ = net.step(Inputs::Dense(&[x]), &mut y);
            *to = y[0];
        }
    }
    for (to, output) in outputs.iter_mut().skip(inputs.len()).zip(state) {
        *to = output;
    }
    for (to, output) in block.iter_mut().zip(outputs) {
        *to = output;
    }
}

/// Rows of seven classes; NaN and infinity are no logits.
fn softmax_of_few(level: Level, block: &mut [f32]) {
    for x in &mut *block {
        *x = if x.is_finite() { *x } else { 1.0 };
    }
    let _ = math::softmax(level, block, 7);
}
