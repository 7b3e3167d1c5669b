//! The net of `golden/`: its numbers from the text files, and its answers on the desktop.

use elman_core::{
    Dropout, Head, HeadKind, InitialState, Input, Layer, Layers, Read, Spec, Strip, pack,
};
use elman_tests::Generator;

use crate::net::{Answers, normal, stream};

/// Steps of golden inputs.
const STEPS: usize = 40;

/// Nine speakers by twelve numbers per step.
pub const SPEC: Spec = Spec {
    input: Input::Dense { width: 12 },
    layers: Layers::of([Layer::tanh(32)]),
    initial_state: InitialState::Zero,
    head: Head {
        kind: HeadKind::Softmax { outputs: 9 },
        read: Read::LastStep,
    },
    dropout: Dropout::NONE,
};

/// The net's numbers.
pub struct Golden {
    /// The weights as a chip reads them.
    pub packed: Vec<Strip>,
    /// Rows of inputs.
    pub inputs: Vec<f32>,
    /// The desktop's probabilities.
    pub outputs: Answers<Vec<f32>>,
}

impl Golden {
    /// From the text of `net.txt`.
    ///
    /// # Panics
    /// If the text is not that net's.
    pub fn new(net: &str) -> Self {
        let params = numbers(net);
        let mut packed = vec![Strip::ZERO; SPEC.packed_len()];
        pack(&SPEC, &params, &mut packed).expect("the parameters of the net");
        let mut random = Generator::new(9);
        let inputs: Vec<f32> = (0..STEPS * SPEC.input.width())
            .map(|_| normal(&mut random))
            .collect();
        let outputs = Answers::of(|level| stream(level, &SPEC, &params, &packed, &inputs));
        Self {
            packed,
            inputs,
            outputs,
        }
    }
}

/// The numbers of a text of bits in hexadecimal.
///
/// # Panics
/// If there is anything else in it.
pub fn numbers(text: &str) -> Vec<f32> {
    let bits = |word| u32::from_str_radix(word, 16).expect("eight hexadecimal digits");
    text.split_whitespace()
        .map(|word| f32::from_bits(bits(word)))
        .collect()
}
