//! What one output row costs, before the division by the total.

/// `-weight·ln softmax(logits)[class]`
pub fn cross_entropy(logits: &[f64], class: usize, weight: f64) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|y| (y - largest).exp()).sum();
    weight * (largest + sum.ln() - logits[class])
}

/// `Σ (y - target)²`
pub fn squared_error(y: &[f64], target: &[f64]) -> f64 {
    y.iter().zip(target).map(|(y, t)| (y - t) * (y - t)).sum()
}
