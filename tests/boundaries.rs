//! Sizes at the seams of the kernels, against `matrixmultiply` as a second oracle.
//!
//! A linear net without recurrence is a matmul: `y = b + x·W`. Sizes are one, the strip of sixteen
//! and its multiples, tiles of one to fourteen rows, and the block of 512 along k, each and its neighbours.

use elman_core::{
    Activation, Batch, Cell, Direction, Dropout, Head, HeadKind, InitialState, Input, Inputs,
    Layer, Layers, Level, Model, Read, Spec, Strip, TensorKind, Truncation, forward, pack,
};
use elman_tests::{Case, Generator, Rig, Rows, Targets, levels};

const SIZES: [usize; 17] = [
    1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129,
];
const BATCHES: [usize; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 32, 33];
const DEPTHS: [usize; 8] = [100, 255, 256, 257, 511, 512, 513, 1025];

/// Relative to the sum of absolute products of an output: every one of K roundings is at most half a
/// unit in the last place of it. K is at most 1025, but errors do not all point the same way.
const TOLERANCE: f32 = 1e-6;

/// A guard around outputs that no kernel may touch.
const CANARY: f32 = 12345.75;
const GUARD: usize = 19;

/// One linear layer of `hidden` units over `width` inputs, with a head.
fn linear(width: usize, hidden: usize, kind: HeadKind) -> Spec {
    Spec {
        input: Input::Dense { width },
        layers: Layers::of([Layer {
            hidden,
            direction: Direction::Forward,
            cell: Cell::elman(Activation::Identity),
        }]),
        initial_state: InitialState::Zero,
        head: Head {
            kind,
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// Strides of a matrix: from row to row, from column to column.
type Strides = (usize, usize);

const fn by_rows(columns: usize) -> Strides {
    (columns, 1)
}

const fn transposed(columns: usize) -> Strides {
    (1, columns)
}

/// `C (m, n) += A (m, k) · B (k, n)`
fn sgemm(
    (m, k, n): (usize, usize, usize),
    a: (&[f32], Strides),
    b: (&[f32], Strides),
    c: &mut [f32],
) {
    let ((a, (a_row, a_column)), (b, (b_row, b_column))) = (a, b);
    let reach = |(rows, columns): (usize, usize), (row, column)| {
        (rows - 1) * row + (columns - 1) * column + 1
    };
    assert!(
        a.len() >= reach((m, k), (a_row, a_column)),
        "A is too short"
    );
    assert!(
        b.len() >= reach((k, n), (b_row, b_column)),
        "B is too short"
    );
    assert_eq!(c.len(), m * n);
    let [a_row, a_column, b_row, b_column, c_row] =
        [a_row, a_column, b_row, b_column, n].map(|stride| stride as isize);
    // SAFETY: the asserts above show that the last element each stride reaches lies inside its slice.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            a_row,
            a_column,
            b.as_ptr(),
            b_row,
            b_column,
            1.0,
            c.as_mut_ptr(),
            c_row,
            1,
        );
    }
}

/// Compares with the sum of absolute products as the scale.
fn assert_near(what: &dyn Fn() -> String, found: &[f32], expected: &[f32], scale: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for i in 0..found.len() {
        let difference = (found[i] - expected[i]).abs();
        assert!(
            difference <= TOLERANCE * scale[i],
            "{}, number {i}: {} and {}",
            what(),
            found[i],
            expected[i]
        );
    }
}

fn absolute(numbers: &[f32]) -> Vec<f32> {
    numbers.iter().map(|x| x.abs()).collect()
}

/// `bias + A·B`, and the same of absolute values.
fn product(
    mkn: (usize, usize, usize),
    a: (&[f32], Strides),
    b: (&[f32], Strides),
    bias: &[f32],
) -> [Vec<f32>; 2] {
    let mut sums = bias.repeat(mkn.0);
    let mut scale = absolute(&sums);
    sgemm(mkn, a, b, &mut sums);
    sgemm(
        mkn,
        (&absolute(a.0), a.1),
        (&absolute(b.0), b.1),
        &mut scale,
    );
    [sums, scale]
}

/// The parameters of a linear net: numbers by chance, no recurrence.
fn params(spec: &Spec, random: &mut Generator) -> Vec<f32> {
    let numbers = |tensor: elman_core::Tensor| match tensor.kind {
        TensorKind::RecurrentWeights(_) => vec![0.0; tensor.range().len()],
        _ => random.numbers(tensor.range().len(), 1.0),
    };
    spec.tensors().flat_map(numbers).collect()
}

fn tensor<'a>(spec: &Spec, params: &'a [f32], is: impl Fn(TensorKind) -> bool) -> &'a [f32] {
    let found = spec
        .tensors()
        .find(|tensor| is(tensor.kind))
        .expect("a tensor of the net");
    &params[found.range()]
}

/// Runs one step of `rows` sequences in guarded buffers.
fn guarded_step(level: Level, spec: Spec, params: &[f32], inputs: &[f32], rows: usize) -> Vec<f32> {
    let dirty = |len| vec![Strip([f32::NAN; elman_core::LANES]); len];
    let mut packed = dirty(spec.packed_len());
    pack(&spec, params, &mut packed).unwrap();
    let model = Model::new(spec, params, &packed).unwrap();
    let batch = Batch::uniform(1, rows).unwrap();
    let guarded = |len: usize| vec![CANARY; len + 2 * GUARD];
    let (state_len, outputs_len) = (rows * spec.state_len(), rows * spec.output_width());
    let (mut state, mut outputs) = (guarded(state_len), guarded(outputs_len));
    model.reset(&mut state[GUARD..GUARD + state_len]);
    outputs[GUARD..GUARD + outputs_len].fill(f32::NAN);
    let mut workspace = dirty(spec.workspace_len(rows, rows));
    forward(
        level,
        &model,
        &batch,
        Inputs::Dense(inputs),
        &mut state[GUARD..GUARD + state_len],
        &mut workspace,
        &mut outputs[GUARD..GUARD + outputs_len],
    )
    .unwrap();
    for (buffer, len) in [(&state, state_len), (&outputs, outputs_len)] {
        let around = buffer[..GUARD].iter().chain(&buffer[GUARD + len..]);
        assert!(
            around.copied().all(|x| x.to_bits() == CANARY.to_bits()),
            "{level}: a number beside a buffer changed"
        );
    }
    outputs[GUARD..GUARD + outputs_len].to_vec()
}

/// `b + x·W_in` through the first layer of a net without a head.
fn check_layer(level: Level, rows: usize, width: usize, hidden: usize) {
    let spec = linear(width, hidden, HeadKind::None);
    let mut random = Generator::new((rows * 1_000_003 + width * 1009 + hidden) as u64);
    let params = params(&spec, &mut random);
    let x = random.numbers(rows * width, 1.0);
    let weights = tensor(&spec, &params, |kind| {
        matches!(kind, TensorKind::InputWeights(_))
    });
    let bias = tensor(&spec, &params, |kind| matches!(kind, TensorKind::Bias(_)));
    let [expected, scale] = product(
        (rows, width, hidden),
        (&x, by_rows(width)),
        (weights, by_rows(hidden)),
        bias,
    );
    let found = guarded_step(level, spec, &params, &x, rows);
    assert_near(
        &|| format!("{level}: layer of {rows} rows, {width} to {hidden}"),
        &found,
        &expected,
        &scale,
    );
}

/// `c + h·W_out` through the head; the layer below passes its input on unchanged.
fn check_head(level: Level, rows: usize, width: usize, outputs: usize) {
    let spec = linear(width, width, HeadKind::Linear { outputs });
    let mut random = Generator::new((rows * 1_000_003 + width * 1009 + outputs) as u64);
    let mut params = params(&spec, &mut random);
    for tensor in spec.tensors() {
        let numbers = &mut params[tensor.range()];
        match tensor.kind {
            TensorKind::InputWeights(_) => {
                numbers.fill(0.0);
                numbers
                    .iter_mut()
                    .step_by(width + 1)
                    .for_each(|diagonal| *diagonal = 1.0);
            }
            TensorKind::Bias(_) => numbers.fill(0.0),
            _ => {}
        }
    }
    let x = random.numbers(rows * width, 1.0);
    let weights = tensor(&spec, &params, |kind| kind == TensorKind::HeadWeights);
    let bias = tensor(&spec, &params, |kind| kind == TensorKind::HeadBias);
    let [expected, scale] = product(
        (rows, width, outputs),
        (&x, by_rows(width)),
        (weights, by_rows(outputs)),
        bias,
    );
    let found = guarded_step(level, spec, &params, &x, rows);
    assert_near(
        &|| format!("{level}: head of {rows} rows, {width} to {outputs}"),
        &found,
        &expected,
        &scale,
    );
}

/// Every product of the backward pass of a linear net: `dW_out = hᵀ·dy`, `dW_in = xᵀ·(dy·W_outᵀ)`.
fn check_backward(level: Level, rows: usize, width: usize, hidden: usize, outputs: usize) {
    let spec = linear(width, hidden, HeadKind::Linear { outputs });
    let mut random =
        Generator::new((rows * 1_000_003 + width * 1009 + hidden * 17 + outputs) as u64);
    let params = params(&spec, &mut random);
    let x = random.numbers(rows * width, 1.0);
    let case = Case {
        spec,
        lengths: vec![1; rows],
        params: params.clone(),
        rows: Rows::Dense(x.clone()),
        carried: None,
        targets: Targets::Values {
            values: random.numbers(rows * outputs, 1.0),
            counted: None,
        },
    };
    let Targets::Values {
        values: targets, ..
    } = &case.targets
    else {
        unreachable!()
    };
    let rig = Rig::new(level, &spec, &params);
    let training = rig.train(&case, Truncation::FULL);
    let states = rig.forward(&case).state;
    let total = (rows * outputs) as f32;
    let dy: Vec<f32> = training
        .outputs
        .iter()
        .zip(targets)
        .map(|(y, t)| 2.0 * (y - t) / total)
        .collect();
    let w_out = tensor(&spec, &params, |kind| kind == TensorKind::HeadWeights);
    let (dy_scale, none) = (absolute(&dy), vec![0.0; hidden]);
    let [dh, dh_scale] = product(
        (rows, outputs, hidden),
        (&dy, by_rows(outputs)),
        (w_out, transposed(outputs)),
        &none,
    );
    let ones = vec![1.0; rows];
    for tensor in spec.tensors() {
        let (left, right, right_scale) = match tensor.kind {
            TensorKind::InputWeights(_) => (&x, &dh, &dh_scale),
            TensorKind::HeadWeights => (&states, &dy, &dy_scale),
            TensorKind::Bias(_) => (&ones, &dh, &dh_scale),
            TensorKind::HeadBias => (&ones, &dy, &dy_scale),
            _ => continue,
        };
        let (mkn, zeros) = (
            (tensor.rows, rows, tensor.columns),
            vec![0.0; tensor.columns],
        );
        let (left, strides) = (
            (&left[..], transposed(tensor.rows)),
            by_rows(tensor.columns),
        );
        let [expected, _] = product(mkn, left, (right, strides), &zeros);
        // The right factor is a result itself, and its error is as large as the terms it was summed from.
        let [_, scale] = product(mkn, left, (right_scale, strides), &zeros);
        let what = || {
            format!(
                "{level}: gradient of {}, {rows} rows, {width} to {hidden} to {outputs}",
                tensor.kind
            )
        };
        assert_near(
            &what,
            &training.gradients[tensor.range()],
            &expected,
            &scale,
        );
    }
}

/// A step of gated units from a trained initial state, in f64.
fn check_gated(level: Level, cell: Cell, rows: usize, width: usize, hidden: usize) {
    let layers = Layers::of([Layer {
        cell,
        ..Layer::tanh(hidden)
    }]);
    let spec = Spec {
        layers,
        initial_state: InitialState::Trained,
        ..linear(width, hidden, HeadKind::None)
    };
    let mut random = Generator::new((rows * 1_000_003 + width * 1009 + hidden) as u64);
    let params = random.numbers(spec.params_len(), 0.5);
    let x = random.numbers(rows * width, 1.0);
    let of = |is: fn(TensorKind) -> bool| tensor(&spec, &params, is);
    let w_in = of(|kind| matches!(kind, TensorKind::InputWeights(_)));
    let w_rec = of(|kind| matches!(kind, TensorKind::RecurrentWeights(_)));
    let bias = of(|kind| matches!(kind, TensorKind::Bias(_)));
    let h = of(|kind| matches!(kind, TensorKind::InitialState(_)));
    let columns = w_in.len() / width;
    let dot = |a: &[f32], b: &[f32], column: usize| -> f64 {
        let products = a
            .iter()
            .enumerate()
            .map(|(k, &a)| f64::from(a) * f64::from(b[k * columns + column]));
        products.sum()
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let expected: Vec<f32> = (0..rows * hidden)
        .map(|index| {
            let (x, unit) = (&x[index / hidden * width..][..width], index % hidden);
            let [from_x, from_h]: [Vec<f64>; 2] = [(x, w_in), (h, w_rec)].map(|(a, b)| {
                (0..columns / hidden)
                    .map(|gate| dot(a, b, gate * hidden + unit))
                    .collect()
            });
            let bias = |index: usize| f64::from(bias[index * hidden + unit]);
            let sum = |gate: usize| bias(gate) + from_x[gate] + from_h[gate];
            let next = if let Cell::Gru { .. } = cell {
                let (r, z) = (sigmoid(sum(0)), sigmoid(sum(1)));
                let n = (bias(2) + from_x[2] + r * (bias(3) + from_h[2])).tanh();
                (1.0 - z) * n + z * f64::from(h[unit])
            } else {
                let c = of(|kind| matches!(kind, TensorKind::InitialCell(_)));
                let c = sigmoid(sum(1)) * f64::from(c[unit]) + sigmoid(sum(0)) * sum(2).tanh();
                sigmoid(sum(3)) * c.tanh()
            };
            next as f32
        })
        .collect();
    let found = guarded_step(level, spec, &params, &x, rows);
    // Sums of up to 258 products of at most a half.
    let scale = vec![32.0; expected.len()];
    assert_near(
        &|| format!("{level}: {cell:?} of {rows} rows, {width} to {hidden}"),
        &found,
        &expected,
        &scale,
    );
}

#[test]
fn gated_layers_of_every_size() {
    for level in levels() {
        for cell in [Cell::gru(), Cell::lstm()] {
            for hidden in SIZES {
                for (rows, width) in [(1, 1), (1, 33), (2, 16), (5, 17), (6, 15), (7, 31), (33, 3)]
                {
                    check_gated(level, cell, rows, width, hidden);
                }
            }
        }
    }
}

#[test]
fn layers_of_every_size() {
    for level in levels() {
        for width in SIZES {
            for hidden in SIZES {
                for rows in BATCHES {
                    check_layer(level, rows, width, hidden);
                }
            }
        }
    }
}

#[test]
fn heads_of_every_size() {
    for level in levels() {
        for width in [1, 16, 17, 64, 97] {
            for outputs in SIZES {
                for rows in BATCHES {
                    check_head(level, rows, width, outputs);
                }
            }
        }
    }
}

#[test]
fn blocks_along_k() {
    for level in levels() {
        for depth in DEPTHS {
            for hidden in [1, 15, 16, 33, 97] {
                for rows in [1, 5, 6, 7, 13, 33] {
                    check_layer(level, rows, depth, hidden);
                }
            }
        }
    }
}

#[test]
fn backward_of_every_size() {
    for level in levels() {
        for size in SIZES {
            for rows in BATCHES {
                check_backward(level, rows, size, 17, 33);
                check_backward(level, rows, 33, size, 16);
                check_backward(level, rows, 15, 31, size);
            }
        }
        for rows in [255, 256, 257, 511, 512, 513, 1025] {
            check_backward(level, rows, 17, 33, 3);
        }
        for size in [511, 512, 513] {
            check_backward(level, 7, size, 5, 3);
            check_backward(level, 7, 3, size, 5);
            check_backward(level, 7, 5, 3, size);
        }
    }
}

/// Outer products in packed blocks of 128 rows by 204 columns (by 64 at the least), each and its neighbours.
#[test]
fn packed_outer_products() {
    for level in levels() {
        for rows in [127, 128, 129, 257] {
            for (width, hidden) in [
                (63, 64),
                (64, 63),
                (64, 64),
                (204, 79),
                (205, 80),
                (409, 65),
            ] {
                check_backward(level, rows, width, hidden, 3);
                check_backward(level, rows, 5, width, hidden);
            }
        }
    }
}

/// Long sequences of few rows against few steps of many rows: the same numbers either way.
#[test]
fn steps_and_sequences_are_the_same_rows() {
    let spec = linear(9, 33, HeadKind::None);
    for level in levels() {
        let mut random = Generator::new(1);
        let params = params(&spec, &mut random);
        let case = Case::new(spec, &[1; 520], 8);
        let Rows::Dense(x) = &case.rows else {
            unreachable!()
        };
        let at_once = guarded_step(level, spec, &params, x, 520);
        let long = Case {
            params: params.clone(),
            ..Case::new(spec, &[520], 8)
        };
        let one_by_one = Rig::new(level, &spec, &params).forward(&Case {
            rows: Rows::Dense(x.clone()),
            ..long
        });
        assert_eq!(at_once, one_by_one.outputs, "{level}");
    }
}
