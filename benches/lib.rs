//! What the benches share: nets with small random weights and everything they need to run.

use elman_core::{
    Batch, Dropout, Error, Head, HeadKind, Init, InitialState, Input, Inputs, Layer, Layers, Level, Model, Read, Spec,
    Strip, Tape, Target, forward, initialize, loss, pack, pack_transposed,
};

/// A generator that is good enough for weights: SplitMix64.
pub struct Generator(pub u64);

impl Generator {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Numbers in -1..1.
    pub fn numbers(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect()
    }
}
