//! How good a model is.

/// How good a model is.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Mean loss per item.
    pub loss: f64,
    /// Higher is better; where the loss decides, its negative.
    pub score: f64,
}

/// A score for people: where it is a loss turned around (`-mse`), the loss.
pub fn as_read(name: &str, score: f64) -> (&str, f64) {
    match name.strip_prefix('-') {
        Some(loss) => (loss, -score),
        None => (name, score),
    }
}

#[cfg(test)]
mod tests {
    use super::as_read;

    #[test]
    fn losses_are_read_the_right_way_round() {
        assert_eq!(as_read("-mse", -0.5), ("mse", 0.5));
        assert_eq!(as_read("f1", 0.5), ("f1", 0.5));
    }
}
