//! Int8 nets of cells with several sums: the range of c, and of h where α and β may add up to more than 1, words that make
//! no sense, and whose calibration it is.

use elman_core::quantized::{
    Calibration, QuantizedModel, QuantizedRow, QuantizedStream, QuantizedWriter, Saturated,
    quantize,
};
use elman_core::{
    Batch, Cell, Error, Head, HeadKind, Inputs, Layer, Layers, Level, Model, Place, Read, Spec,
    Strip, Tape, pack,
};
use elman_tests::{Case, Quantized};

/// An LSTM of one unit whose gates are wide open, so that c grows by nearly 1 at each step.
fn counter(steps: usize) -> Case {
    let spec = Spec {
        layers: Layers::of([Layer::lstm(1)]),
        head: Head {
            kind: HeadKind::None,
            read: Read::EveryStep,
        },
        ..Spec::dense(1, 1, 1)
    };
    let mut case = Case::new(spec, &[steps], 1);
    // W_in, W_rec, b, each of i f g o.
    case.params = [[0.0; 4], [0.0; 4], [9.0; 4]].concat();
    case
}

#[test]
fn c_has_a_range_of_its_own_and_saturates() {
    let place = Place {
        layer: 0,
        reverse: false,
    };
    // As far as calibration sees, c reaches 3 or 100, and there is room for twice that.
    for (steps, reach) in [(3, 8), (100, 256)] {
        let quantized = Quantized::new(&counter(steps));
        let (spec, model) = (quantized.spec, quantized.model());
        assert_eq!(model.cell_unit(0), reach as f32 / 32768.0);
        let mut state = vec![0; spec.int8().state_len()];
        let mut scratch = vec![7; spec.int8().stream_len()];
        let mut c = |steps: usize| {
            let mut net = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
            let mut y = [0.0];
            for _ in 0..steps {
                net.step(Inputs::Dense(&[0.0]), &mut y).unwrap();
            }
            assert!((0.7..1.0).contains(&y[0]), "{y:?}");
            f32::from(spec.int8().read_cell(&state, place, 0)) * model.cell_unit(0)
        };
        // g = tanh(9), i = f = sigmoid(9)
        let exact = (0..steps).fold(0.0, |c, _| 0.999_876_6 * (c + 1.0));
        let found = c(steps);
        assert!(
            (found - exact).abs() < 0.02 * steps as f32,
            "{found} {exact}"
        );
        assert_eq!(c(1000), reach as f32 * 32767.0 / 32768.0);
        // The float net's c after twice as many steps as fit is counted as saturated.
        let saturated = saturated(&counter(4 * reach), &model);
        assert!(
            (2 * reach..4 * reach).contains(&saturated.hidden),
            "{saturated:?}"
        );
    }
}

/// A layer of one unit whose update is 1 and whose h is kept but for a hundredth: it grows to 99 and more.
fn grower(cell: Cell, steps: usize) -> Case {
    let mut case = counter(steps);
    case.spec = with_cell(case.spec, cell);
    // W_in, W_rec, biases (b; b_z, b_n), and sigmoid⁻¹(0.99) for α and β, or ζ and ν.
    let biases: &[f32] = match cell {
        Cell::FastRnn => &[9.0],
        _ => &[4.595_12, 9.0],
    };
    case.params = [&[0.0; 2], biases, &[4.595_12; 2]].concat();
    case
}

#[test]
fn h_of_cells_without_a_bound_has_a_range_and_saturates() {
    let place = Place {
        layer: 0,
        reverse: false,
    };
    for cell in [Cell::FastRnn, Cell::FastGrnn] {
        for (steps, reach) in [(1, 2.0), (5, 16.0), (400, 256.0)] {
            let quantized = Quantized::new(&grower(cell, steps));
            let (spec, model) = (quantized.spec, quantized.model());
            assert_eq!(model.state_unit(0), reach / 32768.0, "{cell:?} {steps}");
            let mut state = vec![0; spec.int8().state_len()];
            let mut scratch = vec![7; spec.int8().stream_len()];
            let mut h = |steps: usize| {
                let mut net = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
                let mut y = [0.0];
                for _ in 0..steps {
                    net.step(Inputs::Dense(&[0.0]), &mut y).unwrap();
                }
                let integer = spec.int8().read_state(&state, place, 0);
                assert_eq!(f32::from(integer) * model.state_unit(0), y[0]);
                y[0]
            };
            // ζ·(1 - z) + ν = 0.99·0.01 + 0.99, and z = 0.99.
            let share = if cell == Cell::FastRnn { 0.99 } else { 0.9999 };
            let exact = (0..steps).fold(0.0, |h, _| share + 0.99 * h);
            let (found, most) = (h(steps), 0.002 * exact + model.state_unit(0));
            assert!((found - exact).abs() < most, "{cell:?} {found} {exact}");
            let end = reach * 32767.0 / 32768.0;
            let settled = share / 0.01;
            assert!((h(2000) - settled.min(end)).abs() < 0.002 * end, "{cell:?}");
            // As many steps of the float net as lie beyond that are counted.
            let beyond = (0..100).scan(0.0, |h, _| {
                *h = share + 0.99 * *h;
                Some(*h)
            });
            let beyond = beyond.filter(|&h| h > end).count();
            let found = saturated(&grower(cell, 100), &model).hidden;
            assert!(found.abs_diff(beyond) <= 1, "{cell:?} {found} {beyond}");
        }
    }
}

/// What the int8 net would cut off of the first sequence of a case.
fn saturated(case: &Case, model: &QuantizedModel) -> Saturated {
    with_tape(case, |tape| Calibration::saturated(tape, model))
}

/// Hands on a tape of the first sequence.
fn with_tape<T>(case: &Case, look: impl FnOnce(&Tape) -> T) -> T {
    let (spec, steps) = (case.spec, case.lengths[0]);
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(&spec, &case.params, &mut packed).unwrap();
    let model = Model::new(spec, &case.params, &packed).unwrap();
    let one = case.select(&[0]);
    let mut buffer = vec![Strip::ZERO; spec.tape_len(steps, 1)];
    let rows = elman_tests::inputs(&one.rows);
    let batch = Batch::uniform(steps, 1).unwrap();
    let mut tape = Tape::new(&spec, batch, rows, 0, &mut buffer).unwrap();
    tape.start(&model, None).unwrap();
    tape.record(Level::detect(), &model, 0..steps).unwrap();
    look(&tape)
}

#[test]
fn a_calibration_belongs_to_one_net() {
    let (small, large) = (Spec::dense(2, 3, 1), Spec::dense(2, 40, 1));
    let mut numbers = vec![0.0; small.int8().calibration_len()];
    let mut calibration = Calibration::new(&small, &mut numbers).unwrap();
    let foreign = Case::new(large, &[4], 1);
    let observed = with_tape(&foreign, |tape| calibration.observe(tape));
    assert!(matches!(observed, Err(Error::Quantized(_))));
    assert_eq!(calibration.input_range(), 0.0, "nothing was taken in");
    with_tape(&Case::new(small, &[4], 1), |tape| calibration.observe(tape)).unwrap();
    for spec in [large, Spec::dense(3, 3, 1), with_cell(small, Cell::gru())] {
        let params = vec![0.1; spec.params_len()];
        let mut words = vec![0; spec.int8().model_len()];
        let mut bytes = vec![0; spec.int8().bytes_len()];
        let mut scratch = vec![0.0; spec.int8().scratch_len()];
        let refused = quantize(
            &spec,
            &params,
            &calibration,
            &mut words,
            &mut bytes,
            &mut scratch,
        );
        assert!(matches!(refused, Err(Error::Quantized(_))));
    }
}

/// The same net with another cell in its one layer.
fn with_cell(spec: Spec, cell: Cell) -> Spec {
    let layer = Layer {
        cell,
        ..spec.layers.as_slice()[0]
    };
    Spec {
        layers: Layers::of([layer]),
        ..spec
    }
}

#[test]
fn words_of_gated_cells_that_make_no_sense_are_refused() {
    let (clipped, open) = (Cell::Lstm { clip: 20.0 }, Cell::lstm());
    let spec = |cell| with_cell(Spec::dense(3, 5, 2), cell);
    let words = |cell| Quantized::new(&Case::new(spec(cell), &[4], 1)).words;
    let accepts = |cell, words: &[u32]| QuantizedModel::new(spec(cell), words).is_ok();
    // A clip beyond 16, where sigmoid is 1, counts as 16.
    let (good, limited) = (words(open), words(clipped));
    assert_eq!((good[1] >> 16, limited[1] >> 16), (0, 0xffff));
    assert_eq!(words(Cell::Gru { clip: 0.5 })[1] >> 16, 2048);
    assert!(accepts(open, &good) && accepts(clipped, &limited));
    assert!(!accepts(clipped, &good) && !accepts(open, &limited));
    // Shift, exponent, bias: the largest of each, and one more.
    let gru = words(Cell::gru());
    for (cell, good, word, at_most, mask) in [
        (open, &good, 1, 30, 0xff),
        (open, &good, 1, 15 << 8, 0xff00),
        (Cell::gru(), &gru, 1, 0, 0xff00),
        (open, &good, 3, 0, 0),
    ] {
        let mut words = good.clone();
        words[word] = words[word] & !mask | at_most;
        assert!(accepts(cell, &words), "{word} {at_most}");
        words[word] = match mask {
            0 => 1 << 30,
            mask => words[word] + (mask & mask.wrapping_neg()),
        };
        assert!(!accepts(cell, &words), "{word} {at_most}");
    }
}

#[test]
fn exponent_and_unit_of_h_say_the_same() {
    let spec = with_cell(Spec::dense(3, 5, 2), Cell::FastGrnn);
    let good = Quantized::new(&Case::new(spec, &[4], 1)).words;
    let accepts = |words: &[u32]| QuantizedModel::new(spec, words).is_ok();
    for exponent in 0..20 {
        let mut words = good.clone();
        words[1] = words[1] & !0xff00 | exponent << 8;
        words[2] = 2f32.powi(exponent as i32 - 15).to_bits();
        assert_eq!(accepts(&words), exponent < 16, "{exponent}");
        words[2] += 1;
        assert!(!accepts(&words), "{exponent}");
    }
    // Shift, unit and ζ and ν lie in front of the first group's biases, of u: any ζ and ν will do, 2³⁰ as a bias will not.
    let mut words = good.clone();
    words[3] = u32::MAX;
    assert!(accepts(&words));
    // And no bias of z alone, whose group lies behind that of u: 4 + 4 words, and a block of x and one of h of 8 each.
    for word in [4, 4 + 24, 4 + 32] {
        let mut words = good.clone();
        words[word] = 1 << 30;
        assert!(!accepts(&words), "{word}");
    }
    let place = Place {
        layer: 0,
        reverse: false,
    };
    let mut words = good;
    let mut writer = QuantizedWriter::new(&spec, &mut words).unwrap();
    for unit in [1.0 / 65536.0, 2.0, 3.0 / 32768.0, f32::NAN] {
        assert!(writer.matrix(place, 4, unit).is_err(), "{unit}");
    }
    assert!(writer.scalars(place, &[1]).is_err());
    let row = QuantizedRow {
        input_weights: &[],
        recurrent_weights: &[],
        bias: 1,
        input_multiplier: 0,
        recurrent_multiplier: 0,
    };
    // 3 sums of 5 units; u reads something.
    let accepted = (0..16).filter(|&unit| writer.row(place, unit, row).is_ok());
    assert!(accepted.eq(5..15));
}
