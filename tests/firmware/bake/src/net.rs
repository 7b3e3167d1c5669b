//! The nets of the measurements: weights of a fixed generator, outputs of the desktop, and of f64.

use elman_core::{Inputs, Level, Model, Spec, Stream, Strip, TensorKind, pack};
use elman_tests::Generator;
use elman_tests::oracle::{Net, Sequence};

/// Steps that every measurement is a mean of.
pub const STEPS: usize = 64;

/// A net with random weights, and what it answers.
pub struct RandomNet {
    /// Its shape.
    pub spec: Spec,
    /// All parameters.
    pub params: Vec<f32>,
    /// The weights as a chip reads them.
    pub packed: Vec<Strip>,
    /// [`STEPS`] rows.
    pub inputs: Vec<f32>,
    /// The desktop's answers.
    pub outputs: Answers<Vec<f32>>,
    /// The exact ones.
    pub exact: Vec<f64>,
}

/// Nearly normal, with variance 1, and the same on every processor: twelve uniform numbers.
pub(crate) fn normal(random: &mut Generator) -> f32 {
    (0..12).map(|_| random.signed() / 2.0).sum()
}

impl RandomNet {
    /// Weights of variance 1/I, 0.81/H and 1/H, biases within ±0.1, inputs of variance 1.
    ///
    /// # Panics
    /// For a net that is none, or if this machine has no fused multiply-add.
    pub fn new(width: usize, hidden: usize, outputs: usize) -> Self {
        Self::of(Spec::dense(width, hidden, outputs))
    }

    /// The same with another shape than the plain one.
    ///
    /// # Panics
    /// For a net that is none, or if this machine has no fused multiply-add.
    pub fn of(spec: Spec) -> Self {
        let (width, hidden) = (spec.input.width(), spec.state_len());
        let mut random = Generator::new((width * 1000 + hidden) as u64);
        let mut params = vec![0.0; spec.params_len()];
        for tensor in spec.tensors() {
            let deviation = match tensor.kind {
                TensorKind::RecurrentWeights(_) => 0.9 / (tensor.rows as f32).sqrt(),
                _ => 1.0 / (tensor.rows as f32).sqrt(),
            };
            for x in &mut params[tensor.range()] {
                *x = match tensor.kind {
                    TensorKind::Bias(_) | TensorKind::HeadBias => 0.1 * random.signed(),
                    _ => deviation * normal(&mut random),
                };
            }
        }
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &params, &mut packed).expect("a net");
        let inputs: Vec<f32> = (0..STEPS * width).map(|_| normal(&mut random)).collect();
        let outputs = Answers::of(|level| stream(level, &spec, &params, &packed, &inputs));
        let exact = exact(&spec, &params, &inputs);
        Self {
            spec,
            params,
            packed,
            inputs,
            outputs,
            exact,
        }
    }
}

/// What the desktop finds, computed as a chip with fused multiply-add computes, and as one without.
pub struct Answers<T> {
    /// With it.
    pub fused: T,
    /// Without; nothing where this desktop itself cannot do without (aarch64).
    pub unfused: Option<T>,
}

impl<T> Answers<T> {
    /// Runs `f` on a level of each kind.
    ///
    /// # Panics
    /// If this machine has no fused multiply-add.
    pub fn of(mut f: impl FnMut(Level) -> T) -> Self {
        let level = |fused| Level::available().find(|level| level.is_fused() == fused);
        let fused =
            level(true).expect("a machine with fused multiply-add, or its bits are not a chip's");
        Self {
            fused: f(fused),
            unfused: level(false).map(f),
        }
    }
}

/// The desktop's answers, step by step.
pub(crate) fn stream(
    level: Level,
    spec: &Spec,
    params: &[f32],
    packed: &[Strip],
    inputs: &[f32],
) -> Vec<f32> {
    let model = Model::new(*spec, params, packed).expect("a net");
    let mut state = vec![0.0; spec.state_len()];
    let mut scratch = vec![Strip::ZERO; spec.stream_len()];
    let mut net = Stream::new(level, model, &mut state, &mut scratch).expect("buffers");
    let mut outputs = vec![0.0; inputs.len() / spec.input.width() * spec.output_width()];
    let rows = inputs.chunks_exact(spec.input.width());
    for (x, y) in rows.zip(outputs.chunks_exact_mut(spec.output_width())) {
        net.step(Inputs::Dense(x), y).expect("a row");
    }
    outputs
}

/// The textbook's answers.
fn exact(spec: &Spec, params: &[f32], inputs: &[f32]) -> Vec<f64> {
    let params: Vec<f64> = params.iter().copied().map(f64::from).collect();
    let rows = inputs
        .chunks_exact(spec.input.width())
        .map(|row| row.iter().copied().map(f64::from).collect());
    let sequence = Sequence::Dense(rows.collect());
    let net = Net {
        spec,
        params: &params,
    };
    let run = net.run(&sequence, 0..sequence.len(), &net.initial_state());
    run.outputs.concat()
}
