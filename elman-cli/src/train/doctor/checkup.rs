//! What the doctor found, as `metrics.jsonl` holds it.

use serde::{Deserialize, Serialize};

/// What was found after an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkup {
    /// Mean over the probed sequences of `|∂L_T/∂state_{T-lag}|`, from lag 0 on: how much the loss of one late step `T`
    /// depends on the states of the forward direction, `h` and the `c` of an LSTM, all layers together, so many steps
    /// earlier.
    pub gradient_by_lag: Vec<f64>,
    /// Share of the epoch's updates whose gradient was clipped.
    pub clipped: f64,
    /// Every layer and direction.
    pub layers: Vec<LayerHealth>,
    /// Every tensor.
    pub tensors: Vec<TensorHealth>,
    /// What the numbers mean.
    pub findings: Vec<Finding>,
}

/// One direction of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerHealth {
    /// `layer 0`, or `layer 0 reverse`.
    pub name: String,
    pub units: usize,
    /// Largest absolute eigenvalue of `W_rec`; where there are gates, of its columns for the candidate, `n` of a GRU and
    /// `g` of an LSTM.
    pub spectral_radius: f64,
    /// Share of the tanh values beyond 0.98 either way, or of the gates' values that are [shut or
    /// open](GateHealth::saturated); 0 for other activations.
    pub saturated: f64,
    /// Units that are never active (relu) or never change over the probe.
    pub dead: usize,
    /// Every gate; none of Elman's cell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateHealth>,
}

impl LayerHealth {
    /// The gate that says how much of the state is kept: `f` of an LSTM, `z` of a GRU.
    pub fn forget_gate(&self) -> Option<&GateHealth> {
        self.gates.iter().find(|gate| gate.forgets)
    }
}

/// One gate of one direction of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateHealth {
    /// PyTorch's letter: `i`, `f`, `o`, `r`, `z`.
    pub name: String,
    /// Mean value: for a gate that forgets, the share of the state that is kept from step to step.
    pub mean: f64,
    /// Share of its values below 0.02 or above 0.98.
    pub saturated: f64,
    /// Whether it says how much of the state is kept.
    pub forgets: bool,
}

/// One tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TensorHealth {
    /// PyTorch's name of it.
    pub name: String,
    /// Length of the epoch's last update over the length of the tensor before it.
    pub update_ratio: f64,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Fine,
    /// Worth knowing.
    Note,
    /// Something is likely wrong.
    Trouble,
}

/// One thing that the doctor has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// What it is called, such as `vanishing gradient`.
    pub about: String,
    /// What was seen, what it means, what to try.
    pub text: String,
}

impl Finding {
    /// What is called `about`.
    pub fn new(severity: Severity, about: &str, text: String) -> Self {
        Self {
            severity,
            about: about.to_owned(),
            text,
        }
    }
}
