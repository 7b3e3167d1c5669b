//! Probabilities of several nets as those of one. First each net becomes as sure as it may be, by its own temperature; then they
//! are averaged.

use crate::net::ensemble::Pool;
use crate::task::temperature::{Temperature, log_weight, soften};

/// How probabilities are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// Of the probabilities themselves: what a vote is.
    Arithmetic,
    /// Of their logarithms, so that the sum over a row is made 1 again: what goes with means of scores of transitions. Both
    /// together make every path as probable as the geometric mean says of what it is to each net, over the sum of all these.
    Geometric,
}

/// The mean of softened probabilities.
#[derive(Clone, Debug)]
pub struct Softened {
    /// Of every net.
    pub temperatures: Vec<Temperature>,
    /// Probabilities in a row.
    pub width: usize,
    pub mean: Mean,
}

impl Pool for Softened {
    fn prepare(&self, net: usize, outputs: Vec<f32>) -> Vec<f64> {
        let temperature = self.temperatures[net];
        let (mut all, mut softened) = (Vec::with_capacity(outputs.len()), Vec::new());
        for row in outputs.chunks_exact(self.width) {
            match self.mean {
                Mean::Arithmetic => {
                    soften(row, temperature, &mut softened);
                    all.extend_from_slice(&softened);
                }
                Mean::Geometric => {
                    let places = 0..row.len();
                    all.extend(places.map(|place| log_weight(row, place, temperature.get())));
                }
            }
        }
        all
    }

    fn finish(&self, mut mean: Vec<f64>) -> Vec<f32> {
        if self.mean == Mean::Geometric {
            for row in mean.chunks_exact_mut(self.width) {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter_mut().for_each(|x| *x = (*x - largest).exp());
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|x| *x /= sum);
            }
        }
        mean.into_iter().map(|x| x as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(mean: Mean, temperatures: [f64; 2], rows: [[f32; 2]; 2]) -> Vec<f32> {
        let pool = Softened {
            temperatures: temperatures.map(Temperature::at).to_vec(),
            width: 2,
            mean,
        };
        let [one, two] = [0, 1].map(|net| pool.prepare(net, rows[net].to_vec()));
        let both = one.iter().zip(&two);
        pool.finish(both.map(|(a, b)| (a + b) / 2.0).collect())
    }

    #[test]
    fn probabilities_are_softened_and_averaged() {
        let rows = [[0.8, 0.2], [0.5, 0.5]];
        let plain = pooled(Mean::Arithmetic, [1.0, 1.0], rows);
        assert!((plain[0] - 0.65).abs() < 1e-6, "{plain:?}");
        // 0.8 and 0.2 are 2/3 and 1/3 at temperature 2.
        let softened = pooled(Mean::Arithmetic, [2.0, 1.0], rows);
        assert!((f64::from(softened[0]) - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-6);
        // √(4·1) : √(1·1)
        let geometric = pooled(Mean::Geometric, [1.0, 1.0], rows);
        assert!((f64::from(geometric[0]) - 2.0 / 3.0).abs() < 1e-6);
        let softened = pooled(Mean::Geometric, [2.0, 1.0], rows);
        assert!((f64::from(softened[0]) - 2f64.sqrt() / (1.0 + 2f64.sqrt())).abs() < 1e-6);
        // Nets that are sure of opposites leave it open.
        let torn = pooled(Mean::Geometric, [0.1, 0.1], [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(torn, [0.5, 0.5]);
    }
}
