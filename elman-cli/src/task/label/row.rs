//! What one row of probabilities says.

/// The first of the largest numbers.
pub fn best(row: &[f32]) -> usize {
    let mut best = 0;
    for (i, &value) in row.iter().enumerate() {
        if value > row[best] {
            best = i;
        }
    }
    best
}

/// What a probability costs. A softmax in `f32` may round a hopeless case to zero; it costs 87 nats, not infinity.
/// A probability that is no number stays none.
pub fn nats(probability: f32) -> f64 {
    if probability.is_nan() {
        f64::NAN
    } else {
        -f64::from(probability.max(f32::MIN_POSITIVE)).ln()
    }
}
