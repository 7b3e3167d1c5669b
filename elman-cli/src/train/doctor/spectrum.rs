//! How much a matrix stretches what is sent through it again and again.

use crate::base::seeds::{self, Purpose};

/// Steps until the directions that fade have faded, and steps that are measured after that.
const WARM_UP: usize = 100;
const MEASURED: usize = 400;

/// The spectral radius of a square matrix of `size` rows: the largest absolute eigenvalue.
///
/// Gelfand's formula on a vector: `|x·Wⁿ|^(1/n)` tends to it from (almost) every start, also where a pair of complex
/// eigenvalues turns the vector around and plain power iteration would never settle. Within about a percent.
pub fn spectral_radius(matrix: &[f64], size: usize) -> f64 {
    let mut rng = seeds::generator(1, Purpose::Sample, &[]);
    let mut x: Vec<f64> = (0..size)
        .map(|_| f64::from(seeds::unit(&mut rng)) - 0.5)
        .collect();
    let mut growth = 0.0;
    for step in 0..WARM_UP + MEASURED {
        let mut next = vec![0.0; size];
        for (x, row) in x.iter().zip(matrix.chunks_exact(size)) {
            next.iter_mut().zip(row).for_each(|(y, w)| *y += x * w);
        }
        let length = next.iter().map(|y| y * y).sum::<f64>().sqrt();
        if length == 0.0 {
            // Every direction has died.
            return 0.0;
        }
        next.iter_mut().for_each(|y| *y /= length);
        x = next;
        if step >= WARM_UP {
            growth += length.ln();
        }
    }
    (growth / MEASURED as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_radius(matrix: &[f64], size: usize, expected: f64) {
        let found = spectral_radius(matrix, size);
        assert!(
            (found - expected).abs() < 0.01 * expected.max(1e-9),
            "{found} {expected}"
        );
    }

    #[test]
    fn known_matrices_have_their_radius() {
        assert_radius(&[0.5, 0.0, 0.0, -2.0], 2, 2.0);
        // A turn: complex eigenvalues of absolute value 0.9.
        let (sin, cos) = 1.0_f64.sin_cos();
        assert_radius(&[0.9 * cos, 0.9 * sin, -0.9 * sin, 0.9 * cos], 2, 0.9);
        // Far from symmetric: the norm is 10, the eigenvalues are 0.5.
        assert_radius(&[0.5, 10.0, 0.0, 0.5], 2, 0.5);
        // Nothing comes back from it.
        assert_eq!(spectral_radius(&[0.0, 1.0, 0.0, 0.0], 2), 0.0);
        assert_eq!(spectral_radius(&[0.0; 9], 3), 0.0);
    }

    #[test]
    fn a_permutation_keeps_lengths() {
        let size = 50;
        let mut matrix = vec![0.0; size * size];
        (0..size).for_each(|i| matrix[i * size + (i * 7 + 3) % size] = 1.0);
        assert_radius(&matrix, size, 1.0);
    }
}
