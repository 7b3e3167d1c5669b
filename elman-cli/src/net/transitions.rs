//! Learnt scores of transitions between labels as tensors, under the names and in the layout of pytorch-crf:
//! `crf.transitions` (L, L) from one label to the next, `crf.start_transitions` (L), `crf.end_transitions` (L).

use safetensors::tensor::SafeTensors;

use crate::base::failure::{Failure, Result};
use crate::net::torch_tensor::{Exported, numbers};

/// In the order in which core has them.
pub const NAMES: [&str; 3] = [
    "crf.transitions",
    "crf.start_transitions",
    "crf.end_transitions",
];

/// The tensors of some scores; none where nothing was learnt.
pub fn export(labels: usize, scores: &[f32]) -> Vec<(String, Exported)> {
    if scores.is_empty() {
        return Vec::new();
    }
    let (follow, ends) = scores.split_at(labels * labels);
    let (start, end) = ends.split_at(labels);
    let tensors = [
        Exported::rows(labels, follow),
        Exported::vector(start),
        Exported::vector(end),
    ];
    NAMES.map(str::to_owned).into_iter().zip(tensors).collect()
}

/// The scores of a file, of a net with so many outputs; empty where it has none.
///
/// # Errors
/// A tensor is missing beside another, of another shape, or holds what is no finite number.
pub fn read(file: &SafeTensors<'_>, labels: usize) -> Result<Vec<f32>> {
    if !NAMES.iter().any(|name| file.tensor(name).is_ok()) {
        return Ok(Vec::new());
    }
    let mut scores = Vec::new();
    for (name, shape) in NAMES
        .iter()
        .zip([&[labels, labels][..], &[labels], &[labels]])
    {
        scores.extend(numbers(file, name, shape)?);
    }
    if let Some(odd) = scores.iter().find(|score| !score.is_finite()) {
        return Err(Failure::input(format!(
            "the transitions hold {odd}, and no path through such labels has a score"
        )));
    }
    Ok(scores)
}
