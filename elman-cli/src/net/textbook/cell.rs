//! The cell in double precision, as the textbook has it: one step, and its derivative.

use elman_core::{Activation, Cell, Layer};

/// `h[t] = f(z[t])`, the sum limited to ±clip where there is one.
pub fn step(layer: &Layer, z: f64) -> f64 {
    let Cell::Elman { activation, clip } = layer.cell else {
        return 0.0;
    };
    let clip = f64::from(clip);
    activate(activation, z.clamp(-clip, clip))
}

/// `∂h[t]/∂z[t]` in terms of `h[t]`; zero from the clip on.
pub fn slope(layer: &Layer, h: f64) -> f64 {
    let Cell::Elman { activation, clip } = layer.cell else {
        return 0.0;
    };
    if h.abs() >= activate(activation, f64::from(clip)) {
        return 0.0;
    }
    match activation {
        Activation::Tanh => 1.0 - h * h,
        Activation::Relu => f64::from(u8::from(h > 0.0)),
        Activation::Identity => 1.0,
    }
}

fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Tanh => z.tanh(),
        Activation::Relu => z.max(0.0),
        Activation::Identity => z,
    }
}

/// The adjoint of a step: `∂L/∂z[t]` from `∂L/∂h[t]`, unit by unit.
pub fn back(layer: &Layer, h: &[f64], by_h: &[f64]) -> Vec<f64> {
    let slopes = h.iter().map(|&h| slope(layer, h));
    by_h.iter()
        .zip(slopes)
        .map(|(g, slope)| g * slope)
        .collect()
}
