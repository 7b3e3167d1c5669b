//! `exp`, `tanh`, `sigmoid` and softmax against f64.

use elman_core::{Level, math};
use elman_tests::{Generator, levels};
use rand_core::Rng;

/// A function of core, its reference, and the largest error allowed in units in the last place.
struct Function {
    name: &'static str,
    core: fn(Level, &mut [f32]),
    reference: fn(f64) -> f64,
    /// Levels that fuse multiply-add.
    fused: f64,
    /// Levels that round products.
    unfused: f64,
}

impl Function {
    const fn bound(&self, level: Level) -> f64 {
        if level.is_fused() {
            self.fused
        } else {
            self.unfused
        }
    }
}

/// The accuracy table. Errors are those of a result before rounding plus the half unit of rounding,
/// so 0.5 is a perfect function. The exhaustive run found 1.04 for `exp` (1.01 where products are
/// rounded) and 1.50 for `tanh` at every level.
const TABLE: [Function; 3] = [
    Function {
        name: "exp",
        core: math::exp,
        reference: f64::exp,
        fused: 1.1,
        unfused: 1.1,
    },
    Function {
        name: "tanh",
        core: math::tanh,
        reference: f64::tanh,
        fused: 1.5,
        unfused: 1.5,
    },
    Function {
        name: "sigmoid",
        core: math::sigmoid,
        reference: sigmoid,
        fused: 2.0,
        unfused: 2.0,
    },
];

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Error in units in the last place of the exact value. An infinity stands for what does not fit f32.
fn ulps(found: f32, exact: f64) -> f64 {
    const ULP_OF_LARGEST: f64 = f32::MAX as f64 * f32::EPSILON as f64 / 2.0;
    let limit = f64::from(f32::MAX) + ULP_OF_LARGEST;
    if found.is_infinite()
        && exact.abs() >= limit
        && exact.is_sign_positive() == found.is_sign_positive()
    {
        return 0.0;
    }
    let rounded = exact as f32;
    // Two units of binary exponent e are 2^(e - 23); below the normal numbers there is only one unit.
    let exponent = u64::from((rounded.to_bits() >> 23 & 0xff).max(1));
    // 2^(150 - exponent) by its bits: `powi` took a quarter of the exhaustive run.
    let per_unit = f64::from_bits((1023 + 150 - exponent) << 52);
    (f64::from(found) - exact).abs() * per_unit
}

/// The worst error over some inputs, for every level.
fn worst(function: &Function, levels: &[Level], inputs: &[f32]) -> Vec<(f64, f32)> {
    let exact: Vec<f64> = inputs
        .iter()
        .map(|&x| (function.reference)(x.into()))
        .collect();
    let of_level = |&level: &Level| {
        let mut found = inputs.to_vec();
        (function.core)(level, &mut found);
        let errors = found
            .iter()
            .zip(&exact)
            .zip(inputs)
            .map(|((&found, &exact), &x)| (ulps(found, exact), x));
        errors.fold((0.0, 0.0), |worst, error| {
            if error.0 > worst.0 || error.0.is_nan() {
                error
            } else {
                worst
            }
        })
    };
    levels.iter().map(of_level).collect()
}

fn check(function: &Function, inputs: &[f32]) {
    let levels = levels();
    for (level, (error, x)) in levels.iter().zip(worst(function, &levels, inputs)) {
        assert!(
            error <= function.bound(*level),
            "{} at {level}: {error:.3} units in the last place at {x:?}",
            function.name
        );
    }
}

/// Every 2053rd pattern of bits: about two million numbers of every size and both signs.
#[test]
fn sampled_errors_are_within_the_table() {
    let inputs: Vec<f32> = (0..=u32::MAX)
        .step_by(2053)
        .map(f32::from_bits)
        .filter(|x| x.is_finite())
        .collect();
    assert!(inputs.len() > 2_000_000);
    for function in &TABLE {
        check(function, &inputs);
    }
}

/// Numbers between -110 and 110 are the ones that matter; bit patterns alone try few of them.
#[test]
fn everyday_errors_are_within_the_table() {
    let inputs = Generator::new(2).numbers(1_000_000, 110.0);
    for function in &TABLE {
        check(function, &inputs);
        check(
            function,
            &inputs.iter().map(|x| x / 100.0).collect::<Vec<_>>(),
        );
    }
}

/// Every finite f32, on two threads. Takes minutes, so the gate runs it and `cargo test` does not:
///
/// ```text
/// cargo test --release -p elman-tests --test accuracy -- --ignored --nocapture
/// ```
#[test]
#[ignore = "takes minutes in release; .ci/run runs it at every landing"]
fn exhaustive_errors_are_within_the_table() {
    const BLOCK: u32 = 1 << 20;
    let blocks = u32::MAX / BLOCK + 1;
    let (levels, mut failed) = (levels(), false);
    for function in &TABLE {
        let halves: Vec<Vec<(f64, f32)>> = std::thread::scope(|scope| {
            let half = |first: u32| {
                let levels = &levels;
                scope.spawn(move || {
                    let mut worst_yet = vec![(0.0, 0.0); levels.len()];
                    for block in (first..blocks).step_by(2) {
                        let bits = (block * BLOCK)..=(block * BLOCK + (BLOCK - 1));
                        let inputs: Vec<f32> =
                            bits.map(f32::from_bits).filter(|x| x.is_finite()).collect();
                        for (yet, now) in worst_yet.iter_mut().zip(worst(function, levels, &inputs))
                        {
                            *yet = if now.0 > yet.0 || now.0.is_nan() {
                                now
                            } else {
                                *yet
                            };
                        }
                    }
                    worst_yet
                })
            };
            [half(0), half(1)]
                .map(|thread| thread.join().unwrap())
                .into()
        });
        let worst_of_both = halves[0]
            .iter()
            .zip(&halves[1])
            .map(|(&a, &b)| if a.0 > b.0 || a.0.is_nan() { a } else { b });
        for (level, (error, x)) in levels.iter().zip(worst_of_both) {
            println!(
                "{:7} {:8} {error:.4} units in the last place at {x:?}",
                function.name,
                level.name()
            );
            failed |= error.is_nan() || error > function.bound(*level);
        }
    }
    assert!(!failed, "an error is beyond the table");
}

/// Values that mathematics or a reader relies on, and the ends of the range.
#[test]
fn exact_values() {
    for level in levels() {
        let apply = |f: fn(Level, &mut [f32]), x: f32| {
            let mut one = [x];
            f(level, &mut one);
            one[0]
        };
        let (exp, tanh) = (|x| apply(math::exp, x), |x| apply(math::tanh, x));
        let sigmoid = |x| apply(math::sigmoid, x);
        assert_eq!(
            [exp(0.0), exp(-0.0), exp(f32::NEG_INFINITY), exp(f32::MIN)],
            [1.0, 1.0, 0.0, 0.0],
            "{level}"
        );
        assert_eq!(
            [exp(f32::INFINITY), exp(f32::MAX), exp(89.0)],
            [f32::INFINITY; 3],
            "{level}"
        );
        assert_eq!(
            [tanh(f32::INFINITY), tanh(f32::MAX), tanh(10.0)],
            [1.0; 3],
            "{level}"
        );
        assert_eq!(
            [tanh(f32::NEG_INFINITY), tanh(f32::MIN), tanh(-10.0)],
            [-1.0; 3],
            "{level}"
        );
        assert_eq!(tanh(0.0).to_bits(), 0.0f32.to_bits(), "{level}");
        assert_eq!(tanh(-0.0).to_bits(), (-0.0f32).to_bits(), "{level}");
        assert_eq!(
            [
                f32::INFINITY,
                f32::MAX,
                0.0,
                -0.0,
                f32::MIN,
                f32::NEG_INFINITY
            ]
            .map(sigmoid),
            [1.0, 1.0, 0.5, 0.5, 0.0, 0.0],
            "{level}"
        );
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan(), "{level}");
        assert!(sigmoid(f32::NAN).is_nan(), "{level}");
    }
}

/// A number's value may not depend on where in the slice it stands.
#[test]
fn every_place_of_a_slice_gives_the_same_bits() {
    let numbers = Generator::new(9).numbers(53, 20.0);
    for level in levels() {
        for function in &TABLE {
            let mut whole = numbers.clone();
            (function.core)(level, &mut whole);
            for (i, &x) in numbers.iter().enumerate() {
                let mut one = [x];
                (function.core)(level, &mut one);
                assert_eq!(
                    one[0].to_bits(),
                    whole[i].to_bits(),
                    "{} at {level}: {x} at place {i}",
                    function.name
                );
            }
        }
    }
}

fn softmax_row(level: Level, row: &[f32]) -> Vec<f32> {
    let mut row = row.to_vec();
    let classes = row.len();
    math::softmax(level, &mut row, classes).unwrap();
    row
}

fn assert_probabilities(level: Level, logits: &[f32]) -> Vec<f32> {
    let row = softmax_row(level, logits);
    let sum: f64 = row.iter().copied().map(f64::from).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{level}: {logits:?} sum to {sum}");
    assert!(
        row.iter().all(|p| (0.0..=1.0).contains(p)),
        "{level}: {logits:?} give {row:?}"
    );
    row
}

#[test]
fn softmax_of_ordinary_rows() {
    let mut random = Generator::new(4);
    for level in levels() {
        for classes in [1, 2, 3, 15, 16, 17, 31, 32, 33, 100, 1000] {
            let logits = random.numbers(classes, 8.0);
            let found = assert_probabilities(level, &logits);
            let exact = elman_tests::oracle::softmax(
                &logits.iter().copied().map(f64::from).collect::<Vec<_>>(),
            );
            for (found, exact) in found.iter().zip(exact) {
                let error = (f64::from(*found) - exact).abs() / exact;
                assert!(
                    error < 2e-6,
                    "{level}: {classes} classes, {found} for {exact}"
                );
            }
        }
    }
}

#[test]
fn softmax_is_never_nan_for_finite_logits() {
    let extremes = [
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        -f32::MIN_POSITIVE,
        0.0,
        -0.0,
        1.0,
        -1.0,
        88.8,
        -104.0,
        1e30,
    ];
    let mut random = Generator::new(6);
    for level in levels() {
        for classes in [1, 2, 16, 17, 33] {
            for &extreme in &extremes {
                let row = assert_probabilities(level, &vec![extreme; classes]);
                assert!(
                    row.iter().all(|&p| p == row[0]),
                    "{level}: equal logits give {row:?}"
                );
            }
            for _ in 0..200 {
                let mixed: Vec<f32> = (0..classes)
                    .map(|_| extremes[random.below(extremes.len())])
                    .collect();
                assert_probabilities(level, &mixed);
                let any = std::iter::from_fn(|| Some(f32::from_bits(random.next_u32())))
                    .filter(|x| x.is_finite());
                assert_probabilities(level, &any.take(classes).collect::<Vec<_>>());
            }
        }
        assert_eq!(
            softmax_row(level, &[f32::MAX, f32::MIN, 0.0]),
            [1.0, 0.0, 0.0],
            "{level}"
        );
        assert_eq!(softmax_row(level, &[-7.25]), [1.0], "{level}");
    }
}
