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

/// The logarithm of a probability, no less than that of the smallest that costs 87 nats.
pub fn log(probability: f32) -> f64 {
    f64::from(probability.max(f32::MIN_POSITIVE)).ln()
}

/// What probabilities weigh at a temperature, as shares of the largest: `(p / largest)^(1 / temperature)`.
pub fn weigh(row: &[f32], temperature: f64, weights: &mut [f64]) {
    let largest = log(row[best(row)]);
    for (weight, &probability) in weights.iter_mut().zip(row) {
        *weight = ((log(probability) - largest) / temperature).exp();
    }
}
