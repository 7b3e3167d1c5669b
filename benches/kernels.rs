//! Matmul, tanh, exp, softmax and the optimizer, beside `matrixmultiply`, `libm` and `wide`. The elements of a matmul are
//! floating-point operations, those of the others are numbers.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use elman_benches::{numbers, summary};
use elman_core::{Level, Optimizer, Strip, math};

/// Floating-point operations per second; `matrixmultiply` packs at every call, we pack once.
fn matmul(c: &mut Criterion) {
    let mut group = c.benchmark_group("matmul");
    for (rows, depth, columns) in [
        (1, 4, 4),
        (1, 32, 32),
        (1, 256, 256),
        (5, 128, 128),
        (32, 128, 128),
        (32, 256, 256),
        (33, 100, 100),
        (32, 512, 512),
        (2048, 256, 256),
    ] {
        let (a, b, mut out) = (
            numbers(1, rows * depth),
            numbers(2, depth * columns),
            vec![0.0; rows * columns],
        );
        let mut packed = vec![Strip::ZERO; math::packed_matrix_len(depth, columns)];
        math::pack_matrix(&b, depth, columns, &mut packed).expect("lengths fit");
        group.throughput(Throughput::Elements((2 * rows * depth * columns) as u64));
        let shape = format!("{rows}x{depth}x{columns}");
        for level in Level::available() {
            group.bench_function(BenchmarkId::new(level.name(), &shape), |bencher| {
                bencher.iter(|| {
                    math::matmul(
                        level,
                        rows,
                        depth,
                        columns,
                        black_box(&a),
                        &packed,
                        &mut out,
                    )
                });
            });
        }
        group.bench_function(BenchmarkId::new("matrixmultiply", &shape), |bencher| {
            bencher.iter(|| rival::sgemm(rows, depth, columns, black_box(&a), &b, &mut out));
        });
    }
    group.finish();
}

/// Numbers per second, from L1.
fn functions(c: &mut Criterion) {
    const LEN: usize = 4096;
    let x: Vec<f32> = numbers(1, LEN).iter().map(|x| 8.0 * x).collect();
    let mut y = x.clone();
    type Function = fn(Level, &mut [f32]);
    type Wide = fn(wide::f32x8) -> wide::f32x8;
    type Libm = fn(f32) -> f32;
    let rows: [(&str, Function, Libm, Wide); 2] = [
        ("tanh", math::tanh, libm::tanhf, wide::f32x8::tanh),
        ("exp", math::exp, libm::expf, wide::f32x8::exp),
    ];
    for (name, ours, libm, wide) in rows {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(LEN as u64));
        for level in Level::available() {
            group.bench_function(level.name(), |bencher| {
                bencher.iter(|| {
                    y.copy_from_slice(black_box(&x));
                    ours(level, &mut y);
                });
            });
        }
        group.bench_function("wide", |bencher| {
            bencher.iter(|| {
                for (y, x) in y
                    .as_chunks_mut()
                    .0
                    .iter_mut()
                    .zip(black_box(&x).as_chunks().0)
                {
                    *y = wide(wide::f32x8::new(*x)).to_array();
                }
            });
        });
        group.bench_function("libm", |bencher| {
            bencher.iter(|| {
                for (y, &x) in y.iter_mut().zip(black_box(&x)) {
                    *y = libm(x);
                }
            });
        });
        group.finish();
    }
}

fn softmax(c: &mut Criterion) {
    const LEN: usize = 4096;
    let x = numbers(1, LEN);
    let mut y = x.clone();
    let mut group = c.benchmark_group("softmax");
    group.throughput(Throughput::Elements(LEN as u64));
    for classes in [4, 64, 1024] {
        for level in Level::available() {
            group.bench_function(BenchmarkId::new(level.name(), classes), |bencher| {
                bencher.iter(|| {
                    y.copy_from_slice(black_box(&x));
                    math::softmax(level, &mut y, classes)
                });
            });
        }
        group.bench_function(BenchmarkId::new("wide", classes), |bencher| {
            bencher.iter(|| {
                y.copy_from_slice(black_box(&x));
                y.chunks_mut(classes).for_each(rival::wide_softmax);
            });
        });
        group.bench_function(BenchmarkId::new("libm", classes), |bencher| {
            bencher.iter(|| {
                y.copy_from_slice(black_box(&x));
                y.chunks_mut(classes).for_each(rival::libm_softmax);
            });
        });
    }
    group.finish();
}

fn optimizer(c: &mut Criterion) {
    const LEN: usize = 65536;
    let gradients = numbers(1, LEN);
    let mut params = numbers(2, LEN);
    let mut group = c.benchmark_group("optimizer");
    group.throughput(Throughput::Elements(LEN as u64));
    let rules = [
        ("sgd", Optimizer::SGD),
        ("adagrad", Optimizer::ADAGRAD),
        ("rmsprop", Optimizer::RMSPROP),
        ("adam", Optimizer::ADAM),
    ];
    for (name, rule) in rules {
        let mut state = vec![0.0; rule.state_len(LEN)];
        for level in Level::available() {
            group.bench_function(BenchmarkId::new(level.name(), name), |bencher| {
                bencher.iter(|| {
                    rule.update(
                        level,
                        1e-6,
                        10,
                        0..LEN,
                        &mut params,
                        black_box(&gradients),
                        &mut state,
                    )
                });
            });
        }
    }
    group.finish();
}

/// What others would do.
mod rival {
    pub fn sgemm(m: usize, k: usize, n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
        assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
        let (rsa, rsb) = (k as isize, n as isize);
        // SAFETY: the three slices hold whole row-major matrices of these shapes, checked above.
        unsafe {
            matrixmultiply::sgemm(
                m,
                k,
                n,
                1.0,
                a.as_ptr(),
                rsa,
                1,
                b.as_ptr(),
                rsb,
                1,
                0.0,
                c.as_mut_ptr(),
                rsb,
                1,
            );
        }
    }

    /// Eight numbers at a time, and the rest of a short row one by one.
    pub fn wide_softmax(row: &mut [f32]) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (eights, rest) = row.as_chunks_mut::<8>();
        let mut sums = wide::f32x8::ZERO;
        for x in &mut *eights {
            let e = (wide::f32x8::new(*x) - largest).exp();
            sums += e;
            *x = e.to_array();
        }
        let mut sum = sums.reduce_add();
        for x in &mut *rest {
            *x = libm::expf(*x - largest);
            sum += *x;
        }
        for x in eights {
            *x = (wide::f32x8::new(*x) / sum).to_array();
        }
        rest.iter_mut().for_each(|x| *x /= sum);
    }

    pub fn libm_softmax(row: &mut [f32]) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for x in &mut *row {
            *x = libm::expf(*x - largest);
            sum += *x;
        }
        row.iter_mut().for_each(|x| *x /= sum);
    }
}

criterion_group! {
    name = benches;
    // All sizes at all levels in some ten minutes.
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    targets = matmul, functions, softmax, optimizer
}

fn main() {
    let start = SystemTime::now();
    benches();
    Criterion::default().configure_from_args().final_summary();
    summary::print_since(start);
}
