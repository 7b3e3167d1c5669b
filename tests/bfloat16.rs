//! Weights in bfloat16 are single-precision weights that were rounded first: the same bits.

use elman_core::{
    Activation, Batch, Cell, Dropout, Error, Head, HeadKind, InitialState, Input, Inputs, Layer,
    Layers, Model, PairStrip, Read, Spec, Stream, Strip, TensorKind, forward, pack, pack_bfloat16,
};
use elman_tests::{Case, Rig, inputs, levels, samples};

/// The nearest bfloat16 of a number, by arithmetic instead of bits: eight significant bits, ties to even.
fn rounded(x: f32) -> f32 {
    if x == 0.0 {
        return x;
    }
    let unit = 2f64.powi(f64::from(x).abs().log2().floor() as i32 - 7);
    ((f64::from(x) / unit).round_ties_even() * unit) as f32
}

/// Rounds the weights; embeddings, biases and initial states stay in single precision.
fn round_weights(spec: &Spec, params: &[f32]) -> Vec<f32> {
    let mut params = params.to_vec();
    for tensor in spec.tensors() {
        let is_weight = matches!(
            tensor.kind,
            TensorKind::InputWeights(_) | TensorKind::RecurrentWeights(_) | TensorKind::HeadWeights
        );
        if is_weight {
            params[tensor.range()]
                .iter_mut()
                .for_each(|x| *x = rounded(*x));
        }
    }
    params
}

fn pairs_of(spec: &Spec, params: &[f32]) -> Result<Vec<PairStrip>, Error> {
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(spec, params, &mut packed)?;
    let mut pairs = vec![PairStrip::ZERO; spec.pairs_len()];
    pack_bfloat16(spec, &packed, &mut pairs)?;
    Ok(pairs)
}

fn dense(width: usize, layers: &[Layer], outputs: usize) -> Spec {
    Spec {
        input: Input::Dense { width },
        layers: Layers::from_slice(layers).unwrap(),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// Odd and even depths, partial strips, depths beyond one block, stacked and two-directional.
fn specs() -> Vec<Spec> {
    let mut specs = vec![
        samples::dense(),
        samples::tokens(),
        samples::gated(),
        samples::gated_stream(),
        samples::fast(),
        dense(513, &[Layer::tanh(5)], 3),
        dense(
            7,
            &[Layer {
                cell: Cell::Elman {
                    activation: Activation::Tanh,
                    clip: 0.3,
                },
                ..Layer::tanh(20)
            }],
            3,
        ),
    ];
    for hidden in [1, 2, 15, 16, 17, 33, 100, 129] {
        specs.push(dense(
            hidden + 1,
            &[Layer::tanh(hidden), Layer::tanh(hidden + 2)],
            7,
        ));
        specs.push(dense(
            hidden + 1,
            &[Layer::gru(hidden), Layer::lstm(hidden + 2)],
            7,
        ));
        let fast = |cell| Layer {
            cell,
            ..Layer::tanh(hidden)
        };
        let layers = [Cell::FastRnn, Cell::FastGrnn].map(fast);
        specs.push(dense(hidden + 1, &layers, 7));
    }
    specs
}

#[test]
fn a_batch_in_bfloat16_is_a_batch_of_rounded_weights() {
    for spec in specs() {
        let case = Case::new(spec, &[5, 4, 4, 2, 1], 3);
        let (weights, pairs) = (
            round_weights(&spec, &case.params),
            pairs_of(&spec, &case.params).unwrap(),
        );
        let model = Model::with_bfloat16(spec, &case.params, &pairs).unwrap();
        for level in levels() {
            let expected = Rig::new(level, &spec, &weights).forward(&case);
            let active = case.active();
            let batch = Batch::ragged(&active).unwrap();
            let (rows, sequences) = (batch.rows(), batch.sequences());
            let mut state = vec![0.0; sequences * spec.state_len()];
            model.reset(&mut state);
            let mut workspace = vec![Strip::ZERO; spec.workspace_len(rows, sequences)];
            let mut outputs = vec![0.0; spec.output_rows(rows, sequences) * spec.output_width()];
            forward(
                level,
                &model,
                &batch,
                inputs(&case.rows),
                &mut state,
                &mut workspace,
                &mut outputs,
            )
            .unwrap();
            assert_eq!(outputs, expected.outputs, "{level} {spec:?}");
            assert_eq!(state, expected.state, "{level} {spec:?}");
        }
    }
}

#[test]
fn a_stream_in_bfloat16_is_a_stream_of_rounded_weights() {
    stream_in_bfloat16(dense(33, &[Layer::tanh(100), Layer::tanh(17)], 5));
    stream_in_bfloat16(dense(33, &[Layer::gru(100), Layer::lstm(17)], 5));
}

fn stream_in_bfloat16(spec: Spec) {
    let case = Case::new(spec, &[1], 4);
    let (weights, pairs) = (
        round_weights(&spec, &case.params),
        pairs_of(&spec, &case.params).unwrap(),
    );
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(&spec, &weights, &mut packed).unwrap();
    let models = [
        Model::with_bfloat16(spec, &case.params, &pairs).unwrap(),
        Model::new(spec, &weights, &packed).unwrap(),
    ];
    for level in levels() {
        let [pairs, single] = models.map(|model| {
            let (mut state, mut scratch) = (
                vec![0.0; spec.state_len()],
                vec![Strip::ZERO; spec.stream_len()],
            );
            let mut outputs = [0.0; 5];
            let mut stream = Stream::new(level, model, &mut state, &mut scratch).unwrap();
            for _ in 0..3 {
                stream
                    .step(Inputs::Dense(&[0.3; 33]), &mut outputs)
                    .unwrap();
            }
            outputs
        });
        assert_eq!(pairs, single, "{level}");
    }
}

#[test]
fn what_bfloat16_cannot_hold_is_refused() {
    let spec = dense(2, &[Layer::tanh(3)], 2);
    let mut params = vec![0.1; spec.params_len()];
    *params.last_mut().unwrap() = f32::MAX; // a bias: stays in single precision
    assert!(pairs_of(&spec, &params).is_ok());
    for bad in [f32::MAX, f32::INFINITY, f32::NAN] {
        let weights = spec
            .tensors()
            .find(|t| matches!(t.kind, TensorKind::HeadWeights))
            .unwrap();
        params[weights.offset] = bad;
        assert!(
            matches!(pairs_of(&spec, &params), Err(Error::Bfloat16Range(_))),
            "{bad}"
        );
    }
    let packed = vec![Strip::ZERO; spec.packed_len()];
    let mut short = vec![PairStrip::ZERO; spec.pairs_len() - 1];
    let error = pack_bfloat16(&spec, &packed, &mut short);
    assert!(matches!(error, Err(Error::Length { what: "pairs", .. })));
    assert!(matches!(
        Model::with_bfloat16(spec, &params, &short),
        Err(Error::Length { what: "pairs", .. })
    ));
}
