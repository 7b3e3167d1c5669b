//! Rounding a row of weights to bytes so that the errors of its products cancel.

/// Weights beyond this are cut off.
pub(super) const MAX_WEIGHT: f64 = 127.0;
/// What is added to the diagonal, in parts of its mean, so that no input counts for nothing where data are few.
const DAMPING: f64 = 0.01;

/// Makes moments (N, N), lower triangle, the last row that of the constant 1, into the factor that errors are passed on by:
/// covariances `C = U·D·Uᵀ`, of which row `j` keeps `u_ij` for `i < j` and `d_j` last. The means take the place of the last row.
///
/// "LDLQ" of Chee et al. 2023 (QuIP), the same as GPTQ (Frantar et al. 2022), without an inverse.
pub(super) fn factor(moments: &mut [f64], width: usize) {
    let last = width - 1;
    let Some((matrix, sums)) = moments.split_at_mut_checked(last * width) else {
        debug_assert!(false, "moments are a square");
        return;
    };
    let count = sums.last().copied().unwrap_or(0.0).max(1.0);
    sums.iter_mut().for_each(|sum| *sum /= count);
    let mut diagonal = 0.0;
    for (i, row) in matrix.chunks_exact_mut(width).enumerate() {
        let mean = sums[i];
        for (c, &other) in row.iter_mut().zip(&*sums).take(i + 1) {
            *c = *c / count - mean * other;
        }
        diagonal += row[i];
    }
    let damping = (DAMPING * diagonal / last.max(1) as f64).max(f64::MIN_POSITIVE);
    for (i, row) in matrix.chunks_exact_mut(width).enumerate() {
        row[i] += damping;
    }
    for j in (0..last).rev() {
        let (above, row) = matrix.split_at_mut(j * width);
        let row = &mut row[..=j];
        // What rounding has left of a diagonal that is nearly zero.
        let d = row[j].max(0.5 * damping);
        row[j] = d;
        for (i, above) in above.chunks_exact_mut(width).enumerate() {
            let u = row[i] / d;
            for (c, &other) in above.iter_mut().zip(&*row).take(i + 1) {
                *c -= u * other;
            }
        }
        row[..j].iter_mut().for_each(|u| *u /= d);
    }
}

/// The step for which the rounded weights are nearest, each counting as much as its variance.
pub(super) fn best_step(weights: &[f64], variance: impl Fn(usize) -> f64) -> f64 {
    let largest = weights.iter().fold(0.0f64, |most, w| most.max(w.abs()));
    // The step at which no weight is cut off.
    let full = largest / MAX_WEIGHT;
    let error = |step: f64| -> f64 {
        let off = |(i, &w): (usize, &f64)| {
            let off = w - nearest(w / step) * step;
            variance(i) * off * off
        };
        weights.iter().enumerate().map(off).sum()
    };
    let mut best = (f64::INFINITY, full);
    if full > 0.0 {
        for i in 0..=20 {
            let step = full * (1.0 - 0.025 * f64::from(i));
            let found = error(step);
            if found < best.0 {
                best = (found, step);
            }
        }
    }
    best.1
}

/// The nearest integer within ±127.
pub(super) fn nearest(x: f64) -> f64 {
    let half = if x < 0.0 { -0.5 } else { 0.5 };
    ((x + half) as i32 as f64).clamp(-MAX_WEIGHT, MAX_WEIGHT)
}

/// Rounds a row, `q[i] = nearest((w[i] + Σⱼ e[j]·u_ji) / step(i))` over `j < i`, and `e[i] = w[i] - q[i]·step(i)` takes the place
/// of `w[i]`. Gives what the bias must take over: the mean of the products' errors, `Σᵢ e[i]·mean[i]`.
pub(super) fn round_row(
    weights: &mut [f64],
    factor: &[f64],
    step: impl Fn(usize) -> f64,
    mut write: impl FnMut(usize, i8),
) -> f64 {
    let width = weights.len() + 1;
    let (rows, means) = factor.split_at(weights.len() * width);
    let mut shift = 0.0;
    for (i, row) in rows.chunks_exact(width).enumerate() {
        let moved: f64 = weights.iter().zip(row).take(i).map(|(e, u)| e * u).sum();
        let (w, step) = (weights[i], step(i));
        let q = if step > 0.0 {
            nearest((w + moved) / step)
        } else {
            0.0
        };
        write(i, q as i8);
        weights[i] = w - q * step;
        shift += weights[i] * means[i];
    }
    shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_cancel_where_inputs_go_together() {
        // Four inputs that always have the same value: the sum of the weights is all that counts.
        let mut moments = [0.0; 25];
        for (i, row) in moments.chunks_exact_mut(5).enumerate() {
            row[..=i].fill(if i < 4 { 100.0 } else { 0.0 });
        }
        moments[24] = 100.0;
        factor(&mut moments, 5);
        let mut weights = [0.3, 0.3, 0.3, 0.3];
        let mut bytes = [0; 4];
        round_row(&mut weights, &moments, |_| 1.0, |i, q| bytes[i] = q);
        assert_eq!(bytes.iter().map(|&q| i32::from(q)).sum::<i32>(), 1);
        // Independent ones are rounded each by itself.
        let mut moments = [0.0; 25];
        for i in [0, 6, 12, 18, 24] {
            moments[i] = 100.0;
        }
        factor(&mut moments, 5);
        let mut weights = [0.3, 0.6, -0.3, -0.7];
        let shift = round_row(&mut weights, &moments, |_| 1.0, |i, q| bytes[i] = q);
        assert_eq!((bytes, shift), ([0, 1, 0, -1], 0.0));
    }

    #[test]
    fn the_bias_takes_over_means() {
        // One input, always 2: it has no variance.
        let mut moments = [400.0, 0.0, 200.0, 100.0];
        factor(&mut moments, 2);
        let mut byte = 0;
        let shift = round_row(&mut [0.3], &moments, |_| 0.25, |_, q| byte = q);
        assert_eq!(byte, 1);
        assert!((shift - 2.0 * 0.05).abs() < 1e-12);
    }

    #[test]
    fn steps_cut_off_what_is_rare() {
        let step = best_step(&[1.27, 0.0, -1.0], |_| 1.0);
        assert!((step - 0.01).abs() < 1e-12);
        // The largest weight never meets anything.
        let step = best_step(&[1.27, 0.333, -0.2], |i| if i == 0 { 0.0 } else { 1.0 });
        assert!(step < 0.01);
        assert_eq!(best_step(&[0.0; 3], |_| 1.0), 0.0);
    }
}
