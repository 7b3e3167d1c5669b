//! Nets as PyTorch saves them, with weights that were thought out and not learnt: whoever comes after a title is a person.

use safetensors::tensor::{Dtype, TensorView};

use crate::base::failure::{Failure, Result};

/// The words that the tagger knows, in the order of their ids; others read zeros.
pub const WORDS: &str = "Mr.\nMrs.\nDr.\n";

/// Name, shape and numbers.
type Tensor = (&'static str, &'static [usize], &'static [f32]);

/// Two units. The first says whether this step has a title; the second, whether the step before had one.
const HIDDEN: [Tensor; 4] = [
    ("rnn.weight_ih_l0", &[2, 1], &[4.0, 0.0]),
    ("rnn.weight_hh_l0", &[2, 2], &[0.0, 0.0, 3.0, 0.0]),
    ("rnn.bias_ih_l0", &[2], &[-2.0, -0.5]),
    ("rnn.bias_hh_l0", &[2], &[0.0, 0.0]),
];

/// Titles are a one; the second unit chooses between O and B-PER, and nothing speaks for I-PER.
const AROUND: [Tensor; 3] = [
    ("emb.weight", &[3, 1], &[1.0, 1.0, 1.0]),
    ("head.weight", &[3, 2], &[0.0, -3.0, 0.0, 3.0, 0.0, 0.0]),
    ("head.bias", &[3], &[0.0, 0.0, -6.0]),
];

/// `torch.nn.RNN` alone, which reads a number at every step.
pub fn hidden() -> Result<Vec<u8>> {
    file(&HIDDEN)
}

/// The same behind an `Embedding` of [`WORDS`] and before a `Linear` of O, B-PER and I-PER.
pub fn tagger() -> Result<Vec<u8>> {
    file(&[HIDDEN.as_slice(), &AROUND].concat())
}

fn file(tensors: &[Tensor]) -> Result<Vec<u8>> {
    let complain = |error| Failure::run(format!("cannot write a state_dict: {error}"));
    let bytes = tensors.iter().map(|(_, _, numbers)| {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect::<Vec<u8>>()
    });
    let bytes: Vec<Vec<u8>> = bytes.collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>, _>>().map_err(complain)?;
    safetensors::serialize(views, None).map_err(complain)
}
