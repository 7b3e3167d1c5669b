//! Makers of work: each prepares everything and returns what is to be counted.

use std::hint::black_box;

use elman_benches::{Dims, Net, Storage, numbers};
use elman_core::quantized::QuantizedStream;
use elman_core::{
    Cell, Channel, Channels, Direction, Dropout, Error, FixedStream, Head, HeadKind, Input, Inputs,
    Layer, Layers, Level, Optimizer, Read, Shape, Spec, Strip, Truncation, gradient, math, pack,
};
use elman_tests::{Case, Pass, Quantized, Rig};

/// What is counted. It owns its data, so that freeing them is not counted.
pub type Work = Box<dyn FnMut()>;

const LEN: usize = 4096;
/// Numbers that no block of a kernel divides.
const ODD_LEN: usize = LEN + 7;
/// Steps of a stream, so that its start weighs little.
const STEPS: usize = 16;

/// A whole pass or step that core must accept.
fn sound(result: Result<(), Error>) {
    result.expect("lengths fit");
}

pub fn matmul(level: Level, rows: usize, depth: usize, columns: usize) -> Work {
    let (a, b) = (numbers(1, rows * depth), numbers(2, depth * columns));
    let mut packed = vec![Strip::ZERO; math::packed_matrix_len(depth, columns)];
    sound(math::pack_matrix(&b, depth, columns, &mut packed));
    let mut out = vec![0.0; rows * columns];
    Box::new(move || {
        let a = black_box(&a);
        sound(math::matmul(
            level, rows, depth, columns, a, &packed, &mut out,
        ));
    })
}

/// Packing has no levels; it is counted at each so that all kernels are in one table.
pub fn pack_matrix(_: Level, depth: usize, columns: usize) -> Work {
    let b = numbers(2, depth * columns);
    let mut packed = vec![Strip::ZERO; math::packed_matrix_len(depth, columns)];
    Box::new(move || sound(math::pack_matrix(&b, depth, columns, &mut packed)))
}

pub fn function(level: Level, function: fn(Level, &mut [f32])) -> Work {
    let mut x: Vec<f32> = numbers(1, ODD_LEN).iter().map(|x| 8.0 * x).collect();
    Box::new(move || function(level, &mut x))
}

pub fn softmax(level: Level, classes: usize) -> Work {
    let mut rows = numbers(1, LEN);
    Box::new(move || sound(math::softmax(level, &mut rows, classes)))
}

pub fn update(level: Level, rule: Optimizer) -> Work {
    let (mut params, gradients) = (numbers(2, ODD_LEN), numbers(1, ODD_LEN));
    let mut state = vec![0.0; rule.state_len(ODD_LEN)];
    Box::new(move || {
        let (range, gradients) = (0..ODD_LEN, black_box(&gradients));
        sound(rule.update(level, 1e-3, 10, range, &mut params, gradients, &mut state));
    })
}

pub fn gradient_add(level: Level) -> Work {
    let (mut to, from) = (numbers(1, ODD_LEN), numbers(2, ODD_LEN));
    Box::new(move || sound(gradient::add(level, &mut to, &from)))
}

/// By norm, which is larger than the limit, then by value.
pub fn gradient_clip(level: Level) -> Work {
    let mut gradients = numbers(1, ODD_LEN);
    Box::new(move || {
        black_box(gradient::clip_norm(level, &mut gradients, 1.0));
        gradient::clip_values(level, &mut gradients, 0.01);
    })
}

fn net(cell: Cell, shape: [usize; 5], storage: Storage) -> Net {
    let dims = Dims {
        cell,
        ..Dims::of(shape)
    };
    Net::new(dims, storage).expect("a sound net")
}

pub fn forward(level: Level, cell: Cell, shape: [usize; 5], storage: Storage) -> Work {
    let mut net = net(cell, shape, storage);
    Box::new(move || sound(net.forward(level)))
}

pub fn train(level: Level, cell: Cell, shape: [usize; 5]) -> Work {
    let mut net = net(cell, shape, Storage::F32);
    Box::new(move || sound(net.train(level)))
}

/// What [`Net`] has not: embeddings, two directions, two layers, dropout, sequences of several lengths.
pub fn rich_training(level: Level) -> Work {
    let layer = Layer {
        direction: Direction::Both,
        ..Layer::tanh(24)
    };
    let words = Channel {
        vocabulary: 50,
        width: 16,
    };
    let spec = Spec {
        input: Input::Tokens {
            channels: Channels::of([words]),
            window: 3,
        },
        layers: Layers::of([layer, layer]),
        head: Head {
            kind: HeadKind::Softmax { outputs: 5 },
            read: Read::EveryStep,
        },
        dropout: Dropout {
            input: 0.1,
            hidden: 0.1,
            head: 0.1,
            recurrent: 0.1,
        },
        ..Spec::dense(1, 1, 1)
    };
    let case = Case::new(spec, &[12, 12, 11, 9, 7, 4, 1], 1);
    let rig = Rig::new(level, &case.spec, &case.params);
    let pass = Pass {
        truncation: Truncation::FULL,
        seed: 1,
        total: case.total_weight(),
    };
    Box::new(move || {
        black_box(rig.pass(&case, pass));
    })
}

pub fn stream(level: Level, cell: Cell, hidden: usize, storage: Storage) -> Work {
    let mut net = net(cell, [1, 1, 32, hidden, 10], storage);
    Box::new(move || {
        let steps = net.stream(level, |stream, x, y| {
            (0..STEPS).try_for_each(|_| stream.step(Inputs::Dense(x), y))
        });
        sound(steps.and_then(|steps| steps));
    })
}

/// The net of a chip, whose shape is known when it is compiled.
struct Chip;

impl Shape for Chip {
    const SPEC: Spec = Spec::dense(6, 32, 5);
}

/// A view of numbers that live as long as the process: streams borrow them.
fn leaked<T: Clone>(value: T, len: usize) -> &'static mut [T] {
    vec![value; len].leak()
}

pub fn fixed_stream(level: Level) -> Work {
    let spec = Chip::SPEC;
    let params: &'static [f32] = numbers(1, spec.params_len()).leak();
    let packed = leaked(Strip::ZERO, spec.packed_len());
    sound(pack(&spec, params, packed));
    let tables = &params[..spec.tables_len()];
    let state = leaked(0.0, spec.state_len());
    let scratch = leaked(Strip::ZERO, spec.stream_len());
    let stream = FixedStream::<Chip>::new(level, tables, packed, state, scratch);
    let mut stream = stream.expect("lengths fit");
    let (x, mut y) = (numbers(2, 6), vec![0.0; 5]);
    Box::new(move || {
        sound((0..STEPS).try_for_each(|_| stream.step(Inputs::Dense(&x), &mut y)));
    })
}

/// Whole numbers are computed in one way, whatever the level.
pub fn int8_stream(cell: Cell) -> Work {
    let layer = Layer {
        cell,
        ..Layer::tanh(32)
    };
    let spec = Spec {
        layers: Layers::of([layer]),
        ..Spec::dense(32, 32, 10)
    };
    let net: &'static Quantized = Box::leak(Box::new(Quantized::new(&Case::new(spec, &[64], 1))));
    let state = leaked(0, spec.int8().state_len());
    let scratch = leaked(0, spec.int8().stream_len());
    let stream = QuantizedStream::new(net.model(), state, scratch);
    let mut stream = stream.expect("lengths fit");
    let (x, mut y) = (numbers(2, 32), vec![0.0; 10]);
    Box::new(move || {
        sound((0..STEPS).try_for_each(|_| stream.step(Inputs::Dense(&x), &mut y)));
    })
}

/// Reads a file that it must accept.
pub fn loader(read: fn(&[u8]) -> bool, file: Vec<u8>) -> Work {
    Box::new(move || assert!(read(black_box(&file)), "a sound file"))
}
