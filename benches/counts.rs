//! Fixed work, whose instructions `benches/count` has Valgrind count: every kernel, whole nets, streams, loaders. A name here
//! is a key of `counts.json`, with the level behind it. Valgrind knows AVX2 but no AVX-512, so that level is not counted.

#![expect(missing_docs, reason = "the macros write public functions")]

mod files;
mod work;

use elman_core::{Activation, Cell, Level, Optimizer, math};
use gungraun::prelude::*;
use gungraun::{Callgrind, main};

use elman_benches::Storage::{Bf16, F32};
use work::{
    Work, fixed_stream, forward, function, gradient_add, gradient_clip, int8_stream, loader,
    matmul, pack_matrix, rich_training, softmax, stream, train, update,
};

/// The level of that name, whatever this CPU is fastest with.
fn level(name: &str) -> Level {
    let found = Level::available().find(|level| level.name() == name);
    found.unwrap_or_else(|| panic!("this CPU has no {name}"))
}

/// A group of workloads, each at both levels, or once where no level is chosen. What makes the work is not counted.
macro_rules! workloads {
    ($group:ident at every level: $($name:ident = $make:ident($($argument:expr),*);)*) => {
        $(
            #[library_benchmark]
            #[bench::portable(Work::from($make(level("portable"), $($argument),*)))]
            #[bench::avx2(Work::from($make(level("avx2"), $($argument),*)))]
            fn $name(mut work: Work) -> Work {
                work();
                work
            }
        )*
        library_benchmark_group!(name = $group, benchmarks = [$($name),*]);
    };
    ($group:ident: $($name:ident = $make:ident($($argument:expr),*);)*) => {
        $(
            #[library_benchmark]
            #[bench::any(Work::from($make($($argument),*)))]
            fn $name(mut work: Work) -> Work {
                work();
                work
            }
        )*
        library_benchmark_group!(name = $group, benchmarks = [$($name),*]);
    };
}

workloads! { kernels at every level:
    matmul_1x256x256 = matmul(1, 256, 256);
    matmul_32x128x128 = matmul(32, 128, 128);
    matmul_33x100x100 = matmul(33, 100, 100);
    pack_100x100 = pack_matrix(100, 100);
    tanh = function(math::tanh);
    sigmoid = function(math::sigmoid);
    exp = function(math::exp);
    relu = function(math::relu);
    softmax_4 = softmax(4);
    softmax_64 = softmax(64);
    softmax_1024 = softmax(1024);
    sgd = update(Optimizer::SGD);
    adagrad = update(Optimizer::ADAGRAD);
    rmsprop = update(Optimizer::RMSPROP);
    adam = update(Optimizer::ADAM);
    adamw = update(Optimizer::ADAMW);
    gradient_sum = gradient_add();
    gradient_clipping = gradient_clip();
}

const TANH: Cell = Cell::elman(Activation::Tanh);
const RELU: Cell = Cell::elman(Activation::Relu);
/// Batch, steps, input, hidden, output.
const TINY: [usize; 5] = [5, 15, 1, 4, 2];
const LONG: [usize; 5] = [1, 128, 32, 32, 10];
const WIDE: [usize; 5] = [16, 16, 64, 128, 10];
const GATES: [usize; 5] = [16, 16, 64, 64, 10];

workloads! { passes at every level:
    forward_elman_5_15_1_4_2 = forward(TANH, TINY, F32);
    forward_elman_1_128_32_32_10 = forward(TANH, LONG, F32);
    forward_elman_16_16_64_128_10 = forward(TANH, WIDE, F32);
    forward_relu_1_32_32_128_10 = forward(RELU, [1, 32, 32, 128, 10], F32);
    forward_bf16_16_16_64_128_10 = forward(TANH, WIDE, Bf16);
    forward_relu_16_16_64_128_10 = forward(RELU, WIDE, F32);
    forward_gru_16_16_64_64_10 = forward(Cell::gru(), GATES, F32);
    forward_lstm_16_16_64_64_10 = forward(Cell::lstm(), GATES, F32);
    forward_fastrnn_16_16_64_64_10 = forward(Cell::FastRnn, GATES, F32);
    forward_fastgrnn_16_16_64_64_10 = forward(Cell::FastGrnn, GATES, F32);
    train_elman_5_15_1_4_2 = train(TANH, TINY);
    train_elman_1_128_32_32_10 = train(TANH, LONG);
    train_elman_16_16_64_128_10 = train(TANH, WIDE);
    train_relu_16_16_64_128_10 = train(RELU, WIDE);
    train_elman_16_16_64_256_10 = train(TANH, [16, 16, 64, 256, 10]);
    train_gru_16_16_64_64_10 = train(Cell::gru(), GATES);
    train_lstm_16_16_64_64_10 = train(Cell::lstm(), GATES);
    train_fastrnn_16_16_64_64_10 = train(Cell::FastRnn, GATES);
    train_fastgrnn_16_16_64_64_10 = train(Cell::FastGrnn, GATES);
    train_words_both_ways_with_dropout = rich_training();
}

workloads! { streams at every level:
    stream_32 = stream(TANH, 32, F32);
    stream_256 = stream(TANH, 256, F32);
    stream_bf16_256 = stream(TANH, 256, Bf16);
    stream_relu_32 = stream(RELU, 32, F32);
    stream_relu_256 = stream(RELU, 256, F32);
    stream_gru_64 = stream(Cell::gru(), 64, F32);
    stream_lstm_64 = stream(Cell::lstm(), 64, F32);
    stream_fixed_32 = fixed_stream();
}

workloads! { without_level:
    stream_int8_32 = int8_stream(TANH);
    stream_int8_gru_32 = int8_stream(Cell::gru());
    stream_int8_lstm_32 = int8_stream(Cell::lstm());
    load_csv = loader(elman_cli::hostile::csv, files::csv());
    load_ts = loader(elman_cli::hostile::ts, files::ts());
    load_npy = loader(elman_cli::hostile::npy, files::npy());
    load_conll = loader(elman_cli::hostile::conll, files::conll());
    load_pairs = loader(elman_cli::hostile::pairs, files::pairs());
}

main!(
    // Instructions and nothing else: simulated caches would take twice the time.
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = kernels,
    passes,
    streams,
    without_level
);
