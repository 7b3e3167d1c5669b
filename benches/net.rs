//! Whole nets: forward, training and streaming, and the peak of the chip beside them.
//! A shape is batch : steps : input : hidden : output; elements are floating-point operations.

use std::time::{Duration, SystemTime};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use elman_benches::{Net, SHAPES, Storage, summary};
use elman_core::{Error, Inputs, Level, peak};

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

fn forward(c: &mut Criterion) {
    passes(c, ("forward", 1), Storage::F32, Net::forward);
    passes(c, ("forward-bf16", 1), Storage::Bf16, Net::forward);
}

fn train(c: &mut Criterion) {
    passes(c, ("train", 3), Storage::F32, Net::train);
}

/// `factor`: how many times the work of a forward pass.
fn passes(
    c: &mut Criterion,
    (name, factor): (&str, u64),
    storage: Storage,
    pass: fn(&mut Net, Level) -> Result<(), Error>,
) {
    let mut group = c.benchmark_group(name);
    group.sample_size(20);
    for dims in SHAPES {
        let mut net = Net::new(dims, storage).expect("a sound net");
        group.throughput(Throughput::Elements(factor * dims.operations()));
        for level in Level::available() {
            group.bench_function(BenchmarkId::new(level.name(), dims), |bencher| {
                bencher.iter(|| pass(&mut net, level).expect("a sound pass"));
            });
        }
    }
    group.finish();
}

/// One step of one sequence per call.
fn stream(c: &mut Criterion) {
    for (name, storage) in [("stream", Storage::F32), ("stream-bf16", Storage::Bf16)] {
        let mut group = c.benchmark_group(name);
        for dims in SHAPES.iter().filter(|dims| dims.batch == 1) {
            let dims = dims.one_step();
            let mut net = Net::new(dims, storage).expect("a sound net");
            group.throughput(Throughput::Elements(dims.operations()));
            for level in Level::available() {
                group.bench_function(BenchmarkId::new(level.name(), dims), |bencher| {
                    net.stream(level, |stream, x, y| {
                        bencher.iter(|| stream.step(Inputs::Dense(x), y))
                    })
                    .expect("a sound stream");
                });
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    // All sizes at all levels in some ten minutes.
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    targets = peak, forward, train, stream
}

fn main() {
    let start = SystemTime::now();
    benches();
    Criterion::default().configure_from_args().final_summary();
    summary::print_since(start);
}
