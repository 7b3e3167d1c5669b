//! Losses of more rows than any product of their sums could hold, against plain f64.

use elman_core::{Target, loss};
use elman_tests::{Generator, levels};

/// `Σ w·(log Σ e^z - z[target])` and its gradient, row by row.
fn textbook(
    logits: &[f32],
    classes: usize,
    targets: &[Target],
    weights: &[f32],
    total: f64,
) -> (f64, Vec<f64>) {
    let (mut nats, mut gradients) = (0.0, Vec::new());
    for (row, target) in logits.chunks(classes).zip(targets) {
        let Some(class) = target.get() else {
            gradients.extend(row.iter().map(|_| 0.0));
            continue;
        };
        let weight = f64::from(weights[class as usize]) / total;
        let sum: f64 = row.iter().map(|&z| f64::from(z).exp()).sum();
        nats += weight * (sum.ln() - f64::from(row[class as usize]));
        gradients.extend(row.iter().enumerate().map(|(c, &z)| {
            let one = f64::from(u8::from(c == class as usize));
            weight * (f64::from(z).exp() / sum - one)
        }));
    }
    (nats, gradients)
}

#[test]
fn entropy_of_many_rows() {
    for (classes, rows) in [(2, 3000), (7, 1001), (15, 777), (16, 700), (40, 513)] {
        let mut random = Generator::new(classes as u64);
        let logits = random.numbers(rows * classes, 3.0);
        let weights: Vec<f32> = (0..classes).map(|c| 0.5 + (c % 3) as f32).collect();
        let ones = vec![1.0; classes];
        let targets: Vec<Target> = (0..rows)
            .map(|row| match row % 11 {
                10 => Target::IGNORED,
                _ => Target::class((row * 7 % classes) as u32),
            })
            .collect();
        for weights in [&ones, &weights] {
            let total = loss::total_weight(&targets, Some(weights));
            let (nats, gradients) = textbook(&logits, classes, &targets, weights, total);
            for level in levels() {
                let what = format!("{level}: {rows} rows of {classes} classes");
                let mut found = logits.clone();
                let given = Some(&weights[..]);
                let sum =
                    loss::softmax_cross_entropy(level, &mut found, classes, &targets, given, total)
                        .expect(&what);
                assert!((sum - nats).abs() < 1e-6 * nats, "{what}: {sum} and {nats}");
                for (found, expected) in found.iter().zip(&gradients) {
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error < 1e-5 / total, "{what}: {found} and {expected}");
                }
            }
        }
    }
}
