//! The cells in double precision, as the textbook has them: one step of all units of a direction, and its adjoint.
//!
//! A unit has one or several sums, each one bias, plus its columns of `x·W_in`, plus its columns of `h[t-1]·W_rec`. Gates
//! lie in PyTorch's order.
//!
//! ```text
//! Elman [z]            h = f(z)
//! GRU   [n_in r z n_rec]   h = (1 - z)·n + z·h[t-1],  n = tanh(n_in + r·n_rec)
//! LSTM  [i f g o]      c = f·c[t-1] + i·g,  h = o·tanh(c)
//! ```

use elman_core::{Activation, Cell, Layer};

use super::bends::Bends;

/// Numbers of all units of a direction, one row for each sum, activation or state.
pub type Rows = Vec<Vec<f64>>;

/// What a sum is made of, as blocks of H columns.
#[derive(Clone, Copy)]
pub struct Parts {
    pub bias: usize,
    /// Of `W_in`; none where the input does not lead to the sum.
    pub x: Option<usize>,
    /// Of `W_rec`.
    pub h: Option<usize>,
}

/// A gate of a cell: a sum that goes through a sigmoid.
pub struct Gate {
    /// PyTorch's letter.
    pub name: &'static str,
    /// Its row among the activated ones.
    pub row: usize,
    /// Whether it says how much of the state is kept.
    pub forgets: bool,
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Step {
    /// What the activations read, before any limit.
    read: Rows,
    /// The activated sums; last of a GRU, `n_rec` as it is.
    pub activated: Rows,
    /// `h`, and of an LSTM `c`.
    pub state: Rows,
}

const fn whole(gate: usize) -> Parts {
    Parts {
        bias: gate,
        x: Some(gate),
        h: Some(gate),
    }
}

/// The sums of a cell.
pub const fn sums(cell: Cell) -> &'static [Parts] {
    const ELMAN: [Parts; 1] = [whole(0)];
    const N_IN: Parts = Parts {
        h: None,
        ..whole(2)
    };
    const N_REC: Parts = Parts {
        bias: 3,
        x: None,
        h: Some(2),
    };
    const GRU: [Parts; 4] = [N_IN, whole(0), whole(1), N_REC];
    const LSTM: [Parts; 4] = [whole(0), whole(1), whole(2), whole(3)];
    match cell {
        Cell::Elman { .. } => &ELMAN,
        Cell::Gru { .. } => &GRU,
        Cell::Lstm { .. } => &LSTM,
    }
}

/// The gates of a cell.
pub const fn gates(cell: Cell) -> &'static [Gate] {
    const fn gate(name: &'static str, row: usize, forgets: bool) -> Gate {
        Gate { name, row, forgets }
    }
    const GRU: [Gate; 2] = [gate("r", 1, false), gate("z", 2, true)];
    const LSTM: [Gate; 3] = [gate("i", 0, false), gate("f", 1, true), gate("o", 3, false)];
    match cell {
        Cell::Elman { .. } => &[],
        Cell::Gru { .. } => &GRU,
        Cell::Lstm { .. } => &LSTM,
    }
}

/// The columns of `W_rec`, a block of H, through which the state leads to what is new in it: `f`'s, `n`'s, `g`'s.
pub const fn candidate(cell: Cell) -> usize {
    match cell {
        Cell::Elman { .. } => 0,
        Cell::Gru { .. } | Cell::Lstm { .. } => 2,
    }
}

/// States of a unit: `h`, and of an LSTM `c`.
pub const fn states(cell: Cell) -> usize {
    match cell {
        Cell::Elman { .. } | Cell::Gru { .. } => 1,
        Cell::Lstm { .. } => 2,
    }
}

/// The step from its sums and the state before.
pub fn step(layer: &Layer, sums: Rows, previous: &[Vec<f64>]) -> Step {
    let limit = Limit::of(layer);
    let tanh = |z: &Vec<f64>| -> Vec<f64> { each(z, |z| limit.of_sum(z).tanh()) };
    let gate = |z: &Vec<f64>| -> Vec<f64> { each(z, |z| sigmoid(limit.of_sum(z))) };
    match layer.cell {
        Cell::Elman { activation, .. } => {
            let h = each(&sums[0], |z| activate(activation, limit.of_sum(z)));
            Step {
                read: sums,
                activated: vec![h.clone()],
                state: vec![h],
            }
        }
        Cell::Gru { .. } => {
            let [n_in, r_sum, z_sum, n_rec] = <[Vec<f64>; 4]>::try_from(sums).unwrap_or_default();
            let (r, z) = (gate(&r_sum), gate(&z_sum));
            let n_sum: Vec<f64> = units(&n_in, |u| n_in[u] + r[u] * n_rec[u]);
            let n = tanh(&n_sum);
            let h = units(&n, |u| (1.0 - z[u]) * n[u] + z[u] * previous[0][u]);
            Step {
                read: vec![n_sum, r_sum, z_sum],
                activated: vec![n, r, z, n_rec],
                state: vec![h],
            }
        }
        Cell::Lstm { .. } => {
            let (i, f, g, o) = (
                gate(&sums[0]),
                gate(&sums[1]),
                tanh(&sums[2]),
                gate(&sums[3]),
            );
            let c = units(&i, |u| f[u] * previous[1][u] + i[u] * g[u]);
            let h = units(&c, |u| o[u] * c[u].tanh());
            Step {
                read: sums,
                activated: vec![i, f, g, o],
                state: vec![h, c],
            }
        }
    }
}

/// The adjoint of a step: `∂L/∂sums[t]`, and `∂L/∂state[t-1]` as far as it does not pass through the sums, from
/// `∂L/∂state[t]`.
pub fn back(
    layer: &Layer,
    step: &Step,
    previous: &[Vec<f64>],
    by_state: &[Vec<f64>],
) -> (Rows, Rows) {
    let limit = Limit::of(layer);
    let by_h = &by_state[0];
    match layer.cell {
        Cell::Elman { activation, .. } => {
            let h = &step.state[0];
            let by_z = units(h, |u| by_h[u] * limit.slope(activation, h[u]));
            (vec![by_z], vec![vec![0.0; h.len()]])
        }
        Cell::Gru { .. } => {
            let [n, r, z, n_rec] = [0, 1, 2, 3].map(|row| &step.activated[row]);
            let h = &previous[0];
            let by_n = units(n, |u| by_h[u] * (1.0 - z[u]) * limit.tanh_slope(n[u]));
            let by_r = units(n, |u| by_n[u] * n_rec[u] * limit.sigmoid_slope(r[u]));
            let by_z = units(n, |u| by_h[u] * (h[u] - n[u]) * limit.sigmoid_slope(z[u]));
            let by_n_rec = units(n, |u| by_n[u] * r[u]);
            let direct = units(n, |u| by_h[u] * z[u]);
            (vec![by_n, by_r, by_z, by_n_rec], vec![direct])
        }
        Cell::Lstm { .. } => {
            let [i, f, g, o] = [0, 1, 2, 3].map(|row| &step.activated[row]);
            let (c, c_before) = (&step.state[1], &previous[1]);
            let y = each(c, f64::tanh);
            let by_c = units(c, |u| by_state[1][u] + by_h[u] * o[u] * (1.0 - y[u] * y[u]));
            let by_i = units(c, |u| by_c[u] * g[u] * limit.sigmoid_slope(i[u]));
            let by_f = units(c, |u| by_c[u] * c_before[u] * limit.sigmoid_slope(f[u]));
            let by_g = units(c, |u| by_c[u] * i[u] * limit.tanh_slope(g[u]));
            let by_o = units(c, |u| by_h[u] * y[u] * limit.sigmoid_slope(o[u]));
            let direct = units(c, |u| by_c[u] * f[u]);
            (
                vec![by_i, by_f, by_g, by_o],
                vec![vec![0.0; c.len()], direct],
            )
        }
    }
}

/// Which side of its bends every unit was on.
pub fn note_bends(layer: &Layer, step: &Step, bends: &mut Bends) {
    let clip = layer.cell.limit().map(f64::from);
    let is_relu = matches!(
        layer.cell,
        Cell::Elman {
            activation: Activation::Relu,
            ..
        }
    );
    for &z in step.read.iter().flatten() {
        if is_relu {
            bends.pass(z, 0.0);
        }
        if let Some(clip) = clip {
            bends.pass(z, -clip);
            bends.pass(z, clip);
        }
    }
}

/// The limit of every sum that is activated, and the slopes by what comes out; zero from the limit on.
#[derive(Clone, Copy)]
struct Limit(f64);

impl Limit {
    fn of(layer: &Layer) -> Self {
        Self(layer.cell.limit().map_or(f64::INFINITY, f64::from))
    }

    fn of_sum(self, z: f64) -> f64 {
        z.clamp(-self.0, self.0)
    }

    fn slope(self, activation: Activation, h: f64) -> f64 {
        if h.abs() >= activate(activation, self.0) {
            return 0.0;
        }
        match activation {
            Activation::Tanh => 1.0 - h * h,
            Activation::Relu => f64::from(u8::from(h > 0.0)),
            Activation::Identity => 1.0,
        }
    }

    fn tanh_slope(self, y: f64) -> f64 {
        self.slope(Activation::Tanh, y)
    }

    fn sigmoid_slope(self, y: f64) -> f64 {
        if y <= sigmoid(-self.0) || y >= sigmoid(self.0) {
            return 0.0;
        }
        y * (1.0 - y)
    }
}

fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Tanh => z.tanh(),
        Activation::Relu => z.max(0.0),
        Activation::Identity => z,
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn each(row: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    row.iter().map(|&x| f(x)).collect()
}

/// A number for every unit, of which `like` has one each.
fn units(like: &[f64], f: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..like.len()).map(f).collect()
}
