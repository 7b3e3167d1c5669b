//! Functions over a sample of all f32; the same source runs on the chip and, in the build script, on the desktop.

use elman_core::{Level, math};

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
pub const FUNCTIONS: [(&str, fn(Level, &mut [f32])); 3] = [
    ("tanh", math::tanh),
    ("exp", math::exp),
    ("softmax", softmax_of_few),
];

/// Rows of seven classes; NaN and infinity are no logits.
fn softmax_of_few(level: Level, block: &mut [f32]) {
    for x in &mut *block {
        *x = if x.is_finite() { *x } else { 1.0 };
    }
    let _ = math::softmax(level, block, 7);
}
