//! What an artefact costs on a chip, before anything is flashed.

use serde::Serialize;

use elman_core::{HeadKind, Input, LANES, Read, Spec};

use super::proof::Proof;

/// Bytes per number.
const WORD: usize = size_of::<f32>();

/// Bytes, code apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Size {
    /// What a program that runs the net keeps in flash: embeddings, initial states, packed weights.
    pub flash_bytes: usize,
    /// Golden vectors: flash as well, where the self-test is linked; always in an image.
    pub golden_bytes: usize,
    /// Names, vocabularies, scaling: flash as well, where they are used; always in an image.
    pub notes_bytes: usize,
    /// The state that lives from step to step.
    pub state_bytes: usize,
    /// What a step needs beside it; of a two-directional net for as many steps as the longest golden sequence has.
    pub scratch_bytes: usize,
    /// Room for the outputs of a step, or of such a sequence.
    pub output_bytes: usize,
    /// Steps in memory at once.
    pub steps: usize,
}

impl Size {
    /// With strips of sixteen numbers, as core reads them: exports to Rust, and images.
    pub fn of_strips(spec: &Spec, proof: &Proof, notes_bytes: usize) -> Self {
        let steps = steps(spec, proof);
        Self {
            flash_bytes: WORD * (spec.tables_len() + LANES * spec.packed_len()),
            golden_bytes: proof.bytes(WORD),
            notes_bytes,
            state_bytes: WORD * spec.state_len(),
            scratch_bytes: WORD * LANES * spec.self_test_scratch(steps),
            output_bytes: WORD * spec.self_test_outputs(steps),
            steps,
        }
    }

    /// With words of four weights, as core reads nets in whole numbers.
    pub fn of_words(spec: &Spec, proof: &Proof, notes_bytes: usize) -> Self {
        let steps = steps(spec, proof);
        Self {
            flash_bytes: WORD * spec.int8().model_len(),
            golden_bytes: proof.bytes(size_of::<i16>()),
            state_bytes: WORD * spec.int8().state_len(),
            scratch_bytes: WORD * spec.int8().self_test_len(steps),
            ..Self::of_strips(spec, proof, notes_bytes)
        }
    }

    /// With panels of `lanes` numbers, as the C export lays them out, and `scratch` numbers of scratch.
    pub fn of_panels(spec: &Spec, proof: &Proof, notes_bytes: usize, scratch: usize) -> Self {
        Self {
            flash_bytes: WORD * (spec.tables_len() + panels(spec)),
            scratch_bytes: WORD * scratch,
            ..Self::of_strips(spec, proof, notes_bytes)
        }
    }

    /// Lines for people, without an end of line.
    pub fn lines(&self) -> Vec<String> {
        let Self {
            flash_bytes,
            golden_bytes,
            notes_bytes,
            state_bytes,
            scratch_bytes,
            output_bytes,
            steps,
        } = self;
        let per = match steps {
            1 => "per net".to_owned(),
            steps => format!("for a sequence of {steps} steps, which this net reads both ways"),
        };
        vec![
            format!("flash    {flash_bytes:>8} bytes: weights and tables (code is extra)"),
            format!("         {golden_bytes:>8} bytes: golden vectors, for the self-test"),
            format!("         {notes_bytes:>8} bytes: names, vocabularies, scaling"),
            format!("RAM      {state_bytes:>8} bytes: state"),
            format!("         {scratch_bytes:>8} bytes: scratch, {per}"),
            format!("         {output_bytes:>8} bytes: outputs"),
        ]
    }
}

/// Steps that are in memory at once.
pub fn steps(spec: &Spec, proof: &Proof) -> usize {
    if spec.is_bidirectional() {
        proof.golden().longest()
    } else {
        1
    }
}

/// Outputs side by side in a panel of the C export.
pub const PANEL: usize = 8;

/// Numbers of all panels of the C export, biases included.
pub fn panels(spec: &Spec) -> usize {
    let panel = |outputs: usize, depth: usize| outputs.div_ceil(PANEL) * PANEL * (depth + 1);
    let layers = spec.layers.as_slice().iter().enumerate();
    let layers: usize = layers
        .map(|(i, layer)| {
            let depth = spec.layer_input_width(i) + layer.hidden;
            layer.directions() * panel(layer.hidden, depth)
        })
        .sum();
    layers
        + match spec.head.kind {
            HeadKind::None => 0,
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => {
                panel(outputs, spec.top_width())
            }
        }
}

/// The net in one line.
pub fn describe(spec: &Spec) -> String {
    let input = match &spec.input {
        Input::Dense { width } => format!("{width} numbers"),
        Input::Tokens { channels, window } => {
            format!("{window} x {} ids", channels.len())
        }
    };
    let layers = spec.layers.as_slice().iter();
    let layers: Vec<String> = layers
        .map(|layer| match layer.directions() {
            1 => layer.hidden.to_string(),
            _ => format!("2 x {}", layer.hidden),
        })
        .collect();
    let read = match spec.head.read {
        Read::EveryStep => "at every step",
        Read::LastStep => "after the last step",
    };
    format!(
        "{input} -> {} hidden -> {} outputs {read}",
        layers.join(" -> "),
        spec.output_width()
    )
}
