//! How sure a net may be: one number that its logits are divided by, so that of all answers given with a probability of 80 %
//! four in five are right (Guo et al. 2017, "On Calibration of Modern Neural Networks"). It changes no answer.

use serde::{Deserialize, Serialize};

use crate::base::encoding::Encoding;
use crate::base::failure::Result;
use crate::data::Sequences;

/// What logits are divided by; above 1 a net was too sure of itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Temperature(f64);

/// No temperature is lower or higher.
const LOWEST: f64 = 0.1;
const HIGHEST: f64 = 10.0;

/// Temperatures that are tried at once, and how often, each time between the neighbours of the best.
const TRIED: usize = 17;
const ROUNDS: usize = 4;

/// How far from 1 a temperature is expected to lie, as the deviation of its logarithm: some nats decide, and a net that is right about
/// every one of few validation data is not believed to be right about everything.
const EXPECTED: f64 = 0.5;

/// Probabilities that are looked at, at most: enough for one number.
const ENOUGH: usize = 1 << 22;

impl Default for Temperature {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Temperature {
    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// One that is tried.
    pub const fn at(temperature: f64) -> Self {
        Self(temperature)
    }

    /// Whether probabilities stay as they are.
    pub fn is_one(&self) -> bool {
        self.0 == 1.0
    }

    /// What a firmware has to do for the probabilities that elman shows.
    pub fn add_to(self, encoding: &mut Encoding) {
        if !self.is_one() {
            encoding.remark(format!(
                "elman predict shows probabilities at temperature {}: each output to the power of {:.4}, divided by the sum of \
                 all these; the order stays.",
                self.0,
                1.0 / self.0
            ));
        }
    }

    /// Whether it can be one.
    pub fn is_sound(self) -> bool {
        (LOWEST..=HIGHEST).contains(&self.0)
    }

    /// The most probable one, at which the right answers cost least; 1 where nothing can be said. `nats` are what they cost
    /// together at some temperatures.
    ///
    /// # Errors
    /// Those of `nats`.
    pub fn fit(nats: impl Fn(&[f64]) -> Result<Vec<f64>>) -> Result<Self> {
        let (mut low, mut high) = (LOWEST.ln(), HIGHEST.ln());
        let mut best = 1.0;
        for _ in 0..ROUNDS {
            let step = (high - low) / (TRIED - 1) as f64;
            let tried: Vec<f64> = (0..TRIED).map(|i| (low + step * i as f64).exp()).collect();
            let nats = nats(&tried)?;
            if !nats.iter().any(|nats| nats.is_finite()) {
                return Ok(Self::default());
            }
            let doubt = |place: usize| (tried[place].ln() / EXPECTED).powi(2) / 2.0;
            // Of numbers too, those that are none are the worst.
            let cost = |place: usize| nats[place] + doubt(place);
            let least = |a: &usize, b: &usize| cost(*a).total_cmp(&cost(*b));
            let place = (0..TRIED).min_by(least).unwrap_or(0);
            best = tried[place];
            let around = [place.saturating_sub(1), (place + 1).min(TRIED - 1)];
            [low, high] = around.map(|place| tried[place].ln());
        }
        // So many digits as are known.
        Ok(Self((best * 1e4).round() / 1e4))
    }
}

/// Sequences to fit a temperature on, whose rows have so many outputs each: all, or every second, third … where they are very many.
pub fn enough(sequences: &Sequences, width: usize) -> Sequences {
    let numbers = sequences.outputs().saturating_mul(width);
    let every = numbers.div_ceil(ENOUGH).max(1);
    sequences.select((0..sequences.len()).step_by(every))
}

/// Probabilities of one row at a temperature.
pub fn soften(row: &[f32], temperature: Temperature, probabilities: &mut Vec<f64>) {
    probabilities.clear();
    if temperature.is_one() {
        probabilities.extend(row.iter().map(|&p| f64::from(p)));
        return;
    }
    probabilities.resize(row.len(), 0.0);
    weigh(row, temperature.get(), probabilities);
    let sum: f64 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|p| *p /= sum);
}

/// The logarithm of what one probability of a row [weighs](weigh), which may be too small for a number.
pub fn log_weight(row: &[f32], place: usize, temperature: f64) -> f64 {
    (log(row[place]) - log_of_largest(row)) / temperature
}

fn log_of_largest(row: &[f32]) -> f64 {
    log(row.iter().copied().fold(0.0, f32::max))
}

/// What probabilities weigh at a temperature, as shares of the largest: `(p / largest)^(1 / temperature)`.
pub fn weigh(row: &[f32], temperature: f64, weights: &mut [f64]) {
    let largest = log_of_largest(row);
    for (weight, &probability) in weights.iter_mut().zip(row) {
        *weight = ((log(probability) - largest) / temperature).exp();
    }
}

/// The logarithm of a probability, no less than that of the smallest that costs 87 nats.
pub fn log(probability: f32) -> f64 {
    f64::from(probability.max(f32::MIN_POSITIVE)).ln()
}

/// The `count` largest of some probabilities, the largest first, of equals the first.
pub fn largest(probabilities: &[f64], count: usize) -> Vec<(usize, f64)> {
    let mut all: Vec<(usize, f64)> = probabilities.iter().copied().enumerate().collect();
    all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_of_made_up_answers_is_found_again() {
        // Logits of ±2 at a temperature of 1.6: so often is the first of two right.
        let right = 1.0 / (1.0 + (-4.0f64 / 1.6).exp());
        let nats = |temperatures: &[f64]| {
            let cost = |t: f64| {
                let p = 1.0 / (1.0 + (-4.0 / t).exp());
                -(right * p.ln() + (1.0 - right) * (1.0 - p).ln())
            };
            Ok(temperatures.iter().map(|&t| 1e4 * cost(t)).collect())
        };
        let found = Temperature::fit(nats).unwrap();
        assert!((found.get() - 1.6).abs() < 2e-3, "{found:?}");
        assert!(found.is_sound() && !found.is_one());
    }

    #[test]
    fn where_nothing_is_known_nothing_changes() {
        let nothing = |temperatures: &[f64]| Ok(vec![0.0; temperatures.len()]);
        assert!(Temperature::fit(nothing).unwrap().is_one());
        let by_heart = |temperatures: &[f64]| Ok(temperatures.iter().map(|t| 0.01 * t).collect());
        let found = Temperature::fit(by_heart).unwrap().get();
        assert!((0.99..1.0).contains(&found), "{found}");
        let overflow = |temperatures: &[f64]| Ok(vec![f64::NAN; temperatures.len()]);
        assert!(Temperature::fit(overflow).unwrap().is_one());
    }

    #[test]
    fn probabilities_are_softened_and_keep_their_order() {
        let (row, mut found) = ([0.7, 0.0, 0.1, 0.2], Vec::new());
        soften(&row, Temperature(2.0), &mut found);
        let sum: f64 = [0.7f64, 0.1, 0.2].iter().map(|p| p.sqrt()).sum();
        assert!((found[0] - 0.7f64.sqrt() / sum).abs() < 1e-6);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let order: Vec<usize> = largest(&found, 3)
            .into_iter()
            .map(|(class, _)| class)
            .collect();
        assert_eq!(order, [0, 3, 2]);
        soften(&row, Temperature::default(), &mut found);
        assert_eq!(found, row.map(f64::from));
    }
}
