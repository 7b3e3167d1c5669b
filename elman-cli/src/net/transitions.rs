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

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(tensors: Vec<(String, Exported)>) -> Result<Vec<f32>> {
        let content = safetensors::serialize(tensors, None).unwrap();
        read(&SafeTensors::deserialize(&content).unwrap(), 2)
    }

    #[test]
    fn scores_come_back_and_must_be_whole() {
        let scores = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        assert_eq!(read_back(export(2, &scores)).unwrap(), scores);
        assert_eq!(read_back(export(2, &[])).unwrap(), [0.0; 0]);
        let complaint = |tensors| read_back(tensors).unwrap_err().to_string();
        let mut two = export(2, &scores);
        two.remove(1);
        assert!(complaint(two).contains("crf.start_transitions is missing"));
        let wide = export(3, &[0.5; 15]);
        assert!(complaint(wide).contains("crf.transitions must be F32 [2, 2]"));
        let mut odd = scores;
        odd[7] = f32::NAN;
        assert!(complaint(export(2, &odd)).contains("hold NaN"));
    }
}
