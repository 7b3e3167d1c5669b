#![no_main]
//! Single kernels on any numbers: functions stay in their range, matrix products and softmax give the same bits on every
//! fused level, losses and optimizers survive.

use arbitrary::{Result, Unstructured};
use elman_core::{Level, Optimizer, Strip, Target, gradient, loss, math};
use elman_fuzz::{bits, number};
use elman_tests::levels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn numbers(bytes: &mut Unstructured<'_>, len: usize) -> Result<Vec<f32>> {
    // Most of them repeat: bytes are few.
    let some: Vec<f32> = (0..bytes.int_in_range(1..=9)?)
        .map(|_| number(bytes))
        .collect::<Result<_>>()?;
    Ok((0..len).map(|i| some[i * 7 % some.len()]).collect())
}

fn run(bytes: &mut Unstructured<'_>) -> Result<()> {
    let classes = bytes.int_in_range(1..=40)?;
    let rows = bytes.int_in_range(1..=5)?;
    let x = numbers(bytes, rows * classes)?;
    let targets: Vec<Target> = (0..rows)
        .map(|row| match row % 3 {
            2 => Target::IGNORED,
            row => Target::class(((row * 5) % classes) as u32),
        })
        .collect();
    let (depth, columns) = (bytes.int_in_range(1..=70)?, bytes.int_in_range(1..=70)?);
    let factors = [
        numbers(bytes, rows * depth)?,
        numbers(bytes, depth * columns)?,
    ];
    let (gradients, limit) = (numbers(bytes, x.len())?, number(bytes)?);
    let mut fused: Option<Vec<u32>> = None;
    for level in levels() {
        let found = elementwise(level, &x, classes);
        let product = product(level, &factors, [rows, depth, columns]);
        let updated = update(level, &x, gradients.clone(), limit);
        let mut logits = x.clone();
        let loss = loss::softmax_cross_entropy(level, &mut logits, classes, &targets, None, 2.0);
        let loss = loss.expect("rows and targets fit") as f32;
        let all = [found, bits(&product), bits(&logits), bits(&[loss]), updated].concat();
        if level.is_fused() {
            let first = fused.get_or_insert_with(|| all.clone());
            assert_eq!(*first, all, "{level}");
        }
    }
    Ok(())
}

fn elementwise(level: Level, x: &[f32], classes: usize) -> Vec<u32> {
    let mut all = Vec::new();
    let mut y = x.to_vec();
    math::tanh(level, &mut y);
    let is_tanh = |(x, y): (&f32, &f32)| x.is_nan() && y.is_nan() || (-1.0..=1.0).contains(y);
    assert!(x.iter().zip(&y).all(is_tanh), "tanh {level}: {x:?} {y:?}");
    all.extend(bits(&y));
    y.copy_from_slice(x);
    math::exp(level, &mut y);
    let is_exp = |(x, y): (&f32, &f32)| x.is_nan() && y.is_nan() || *y >= 0.0;
    assert!(x.iter().zip(&y).all(is_exp), "exp {level}: {x:?} {y:?}");
    all.extend(bits(&y));
    y.copy_from_slice(x);
    math::relu(level, &mut y);
    all.extend(bits(&y));
    y.copy_from_slice(x);
    math::softmax(level, &mut y, classes).expect("whole rows");
    for (x, y) in x.chunks(classes).zip(y.chunks(classes)) {
        if x.iter().all(|x| x.is_finite()) {
            let sum: f32 = y.iter().sum();
            assert!((sum - 1.0).abs() < 1e-4, "softmax {level}: {x:?} {y:?}");
        }
    }
    all.extend(bits(&y));
    all
}

fn product(level: Level, [a, b]: &[Vec<f32>; 2], shape: [usize; 3]) -> Vec<f32> {
    let [rows, depth, columns] = shape;
    let len = math::packed_matrix_len(depth, columns);
    let mut packed = vec![Strip([f32::NAN; 16]); len];
    math::pack_matrix(b, depth, columns, &mut packed).expect("lengths fit");
    let mut c = vec![f32::NAN; rows * columns];
    math::matmul(level, rows, depth, columns, a, &packed, &mut c).expect("lengths fit");
    c
}

/// Clipping and one update by every rule.
fn update(level: Level, x: &[f32], mut gradients: Vec<f32>, limit: f32) -> Vec<u32> {
    let norm = gradient::clip_norm(level, &mut gradients, limit);
    assert!(norm.is_nan() || norm >= 0.0, "{norm}");
    gradient::clip_values(level, &mut gradients, limit.abs());
    let mut all = bits(&gradients);
    for rule in [
        Optimizer::SGD,
        Optimizer::ADAGRAD,
        Optimizer::RMSPROP,
        Optimizer::ADAM,
        Optimizer::ADAMW,
    ] {
        let mut params = x.to_vec();
        let mut memory = vec![0.0; rule.state_len(x.len())];
        let whole = 0..x.len();
        rule.update(level, 0.1, 1, whole, &mut params, &gradients, &mut memory)
            .expect("lengths fit");
        all.extend(bits(&params));
        all.extend(bits(&memory));
    }
    all
}
