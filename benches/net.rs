//! Whole nets: forward, training and streaming, and the peak of the chip beside them.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use elman_benches::{CELLS, Net};
use elman_core::{Inputs, Level, peak};

/// A register-only loop of multiply-adds: what 100 % would be.
fn peak(c: &mut Criterion) {
    const ROUNDS: usize = 10_000;
    let mut group = c.benchmark_group("peak");
    for level in Level::available() {
        group.throughput(Throughput::Elements(peak::multiply_adds(level, ROUNDS).0));
        group.bench_function(level.name(), |bencher| {
            bencher.iter(|| peak::multiply_adds(level, ROUNDS))
        });
    }
    group.finish();
}

/// Floating-point operations per second of forward and training passes.
fn passes(c: &mut Criterion) {
    type Pass = fn(&mut Net, Level) -> Result<(), elman_core::Error>;
    let rows: [(&str, u64, Pass); 2] = [("forward", 1, Net::forward), ("train", 3, Net::train)];
    for (name, factor, pass) in rows {
        let mut group = c.benchmark_group(name);
        group.sample_size(20);
        for cell in CELLS {
            let mut net = Net::new(cell).expect("a sound net");
            group.throughput(Throughput::Elements(factor * cell.operations()));
            for level in Level::available() {
                group.bench_function(BenchmarkId::new(level.name(), cell), |bencher| {
                    bencher.iter(|| pass(&mut net, level).expect("a sound pass"));
                });
            }
        }
        group.finish();
    }
}

/// One step of one sequence per call.
fn stream(c: &mut Criterion) {
    let mut group = c.benchmark_group("stream");
    for cell in CELLS.into_iter().filter(|cell| cell.0 == 1) {
        let mut net = Net::new(cell).expect("a sound net");
        group.throughput(Throughput::Elements(cell.operations() / cell.1 as u64));
        for level in Level::available() {
            group.bench_function(BenchmarkId::new(level.name(), cell), |bencher| {
                net.stream(level, |stream, x, y| {
                    bencher.iter(|| stream.step(Inputs::Dense(x), y))
                })
                .expect("a sound stream");
            });
        }
    }
    group.finish();
}

criterion_group!(benches, peak, passes, stream);
criterion_main!(benches);
