//! One step of every cell, and on which side of its bends each unit was.

use elman_core::{Activation, Cell};

/// Where functions that are made of two pieces bend, a relu at zero and a limit at ±clip: which side of each bend a run
/// was on, in the order in which it came by.
#[derive(Clone, Debug, Default)]
pub struct Kinks {
    /// A side per bend.
    sides: Vec<bool>,
    /// The smallest distance from a bend, as a share of the number's size where that is above one.
    nearest: Option<f64>,
}

impl Kinks {
    fn pass(&mut self, z: f64, bend: f64) {
        self.sides.push(z > bend);
        let distance = (z - bend).abs() / z.abs().max(1.0);
        self.nearest = Some(
            self.nearest
                .map_or(distance, |nearest| nearest.min(distance)),
        );
    }

    /// The bends of another run behind these.
    pub fn append(&mut self, mut other: Self) {
        self.sides.append(&mut other.sides);
        self.nearest = [self.nearest, other.nearest]
            .into_iter()
            .flatten()
            .reduce(f64::min);
    }

    /// Whether two runs were on the same side of everything, so that the loss between them is smooth.
    pub fn same_sides(&self, other: &Self) -> bool {
        self.sides == other.sides
    }

    /// Whether a bend is so near that rounding may put a unit on its other side.
    pub fn within(&self, distance: f64) -> bool {
        self.nearest.is_some_and(|nearest| nearest <= distance)
    }
}

/// What leads to a step of H units: products with the state and the input, gate after gate, (gates·H) each, and biases.
pub struct Sums<'a> {
    /// `x·W_in`
    pub from_x: Vec<f64>,
    /// `h[t-1]·W_rec`
    pub from_h: Vec<f64>,
    /// (biases·H)
    pub bias: &'a [f64],
    /// What all units share, before its sigmoid.
    pub scalars: &'a [f64],
}

/// `h` and, of an LSTM, `c`.
#[derive(Clone, Debug)]
pub struct State {
    /// (H)
    pub h: Vec<f64>,
    /// (H), or empty.
    pub c: Vec<f64>,
}

/// The next state.
pub fn step(cell: Cell, sums: &Sums, previous: &State, kinks: &mut Kinks) -> State {
    let hidden = previous.h.len();
    let limit = cell.limit().map(f64::from);
    let mut limited = |z| limited(z, limit, kinks);
    let gate = |gate: usize, unit: usize| {
        let i = gate * hidden + unit;
        (sums.bias[i], sums.from_x[i], sums.from_h[i])
    };
    let whole = |number, unit| {
        let (bias, x, h) = gate(number, unit);
        bias + x + h
    };
    let mut next = State {
        h: Vec::new(),
        c: Vec::new(),
    };
    match cell {
        Cell::Elman { activation, .. } => {
            let z: Vec<f64> = (0..hidden).map(|unit| limited(whole(0, unit))).collect();
            next.h = z.into_iter().map(|z| f(activation, z, kinks)).collect();
        }
        // torch.nn.GRU: gates r, z, n; the biases of n's two halves are apart, that of the recurrent half comes last.
        Cell::Gru { .. } => {
            for unit in 0..hidden {
                let r = sigmoid(limited(whole(0, unit)));
                let z = sigmoid(limited(whole(1, unit)));
                let (bias, x, h) = gate(2, unit);
                let bias_rec = sums.bias[3 * hidden + unit];
                let n = limited(bias + x + r * (bias_rec + h)).tanh();
                next.h.push((1.0 - z) * n + z * previous.h[unit]);
            }
        }
        // torch.nn.LSTM: gates i, f, g, o.
        Cell::Lstm { .. } => {
            for unit in 0..hidden {
                let i = sigmoid(limited(whole(0, unit)));
                let f = sigmoid(limited(whole(1, unit)));
                let g = limited(whole(2, unit)).tanh();
                let o = sigmoid(limited(whole(3, unit)));
                let c = f * previous.c[unit] + i * g;
                next.h.push(o * c.tanh());
                next.c.push(c);
            }
        }
        // FastGRNN, NeurIPS 2018, sections 3.1 and 3.2.
        Cell::FastRnn => {
            let [alpha, beta] = [0, 1].map(|i: usize| sigmoid(sums.scalars[i]));
            for unit in 0..hidden {
                let n = whole(0, unit).tanh();
                next.h.push(alpha * n + beta * previous.h[unit]);
            }
        }
        Cell::FastGrnn => {
            let [zeta, nu] = [0, 1].map(|i: usize| sigmoid(sums.scalars[i]));
            for unit in 0..hidden {
                let (bias_z, x, h) = gate(0, unit);
                let z = sigmoid(bias_z + x + h);
                let n = (sums.bias[hidden + unit] + x + h).tanh();
                next.h
                    .push((zeta * (1.0 - z) + nu) * n + z * previous.h[unit]);
            }
        }
    }
    next
}

fn limited(z: f64, limit: Option<f64>, kinks: &mut Kinks) -> f64 {
    let Some(clip) = limit else {
        return z;
    };
    kinks.pass(z, -clip);
    kinks.pass(z, clip);
    z.clamp(-clip, clip)
}

fn f(activation: Activation, z: f64, kinks: &mut Kinks) -> f64 {
    match activation {
        Activation::Tanh => z.tanh(),
        Activation::Relu => {
            kinks.pass(z, 0.0);
            if z > 0.0 { z } else { 0.0 }
        }
        Activation::Identity => z,
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
