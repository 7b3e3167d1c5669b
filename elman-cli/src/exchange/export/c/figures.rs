//! What the C of a net takes on a Cortex-M4F: from measurements of nets of 32 units (gcc 12.2 and clang 14 in QEMU), by cell and head.
//! `tests/firmware/c/run` compares it with what it measures.

use elman_core::{Activation, Cell, HeadKind, Input, Layer, Spec};
use serde::Serialize;

use crate::net::cost::PANEL;

/// Of one net.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Code without tables: gcc -Os, gcc -O3, clang -Os, clang -O3.
    pub code_bytes: [usize; 4],
    /// The deepest stack of these four.
    pub stack_bytes: usize,
    /// Instructions of a step, gcc -O3; of a sequence for each of its steps.
    pub instructions: usize,
}

/// What leads to a step from raw samples, and on from it.
#[derive(Clone, Copy, Debug)]
pub enum Feed {
    Events,
    Numbers { inputs: usize },
}

/// What was measured of a cell.
struct Row {
    /// With a linear head, streaming.
    code: [usize; 4],
    /// With a softmax, streaming.
    stack: usize,
    /// With a softmax, over whole sequences.
    stack_of_sequence: usize,
    /// Instructions of a unit beside its multiply-adds.
    unit: f64,
}

/// What a softmax adds.
const SOFTMAX_CODE: [usize; 4] = [372, 548, 344, 640];
/// What whole sequences add.
const SEQUENCE_CODE: [usize; 4] = [160, 330, 280, 370];
/// What a further layer adds, which compilers unroll anew with -O3.
const LAYER_CODE: [usize; 4] = [60, 300, 60, 500];

/// Instructions of a multiply-add where eight sums lie side by side: 21 for sixteen.
const MULTIPLY_ADD: f64 = 21.0 / 16.0;

/// Instructions of a softmax, and of each of its classes.
const SOFTMAX: (f64, f64) = (70.0, 45.0);

fn row(layer: &Layer) -> Row {
    let (code, stack, stack_of_sequence, unit) = match layer.cell {
        Cell::Elman { activation, .. } => {
            let unit = match activation {
                Activation::Tanh => 53.0,
                Activation::Relu => 14.0,
                Activation::Identity => 5.0,
            };
            ([628, 904, 720, 1872], 248, 352, unit)
        }
        Cell::Gru { .. } => ([938, 1132, 1672, 2044], 332, 460, 166.0),
        Cell::Lstm { .. } => ([948, 1432, 1164, 2690], 284, 424, 240.0),
        Cell::FastRnn => ([658, 700, 868, 1008], 220, 324, 52.0),
        Cell::FastGrnn => ([722, 744, 908, 1244], 212, 316, 107.0),
    };
    Row {
        code,
        stack,
        stack_of_sequence,
        unit,
    }
}

/// The figures of a net.
pub fn figures(spec: &Spec) -> Figures {
    let layers = spec.layers.as_slice();
    let is_sequence = spec.is_bidirectional();
    let mut code = [0; 4];
    let (mut stack, mut instructions) = (0, 0.0);
    for (index, layer) in layers.iter().enumerate() {
        let row = row(layer);
        for (sum, of_cell) in code.iter_mut().zip(row.code) {
            *sum = of_cell.max(*sum);
        }
        stack = stack.max(if is_sequence {
            row.stack_of_sequence
        } else {
            row.stack
        });
        let facts = layer.cell.facts();
        let read =
            facts.from_x.len() * spec.layer_input_width(index) + facts.from_h.len() * layer.hidden;
        let padded = layer.hidden.next_multiple_of(PANEL) * read;
        let of_layer = MULTIPLY_ADD * padded as f64 + row.unit * layer.hidden as f64;
        instructions += of_layer * layer.directions() as f64;
    }
    let mut add = |bytes: [usize; 4], times: usize| {
        for (sum, more) in code.iter_mut().zip(bytes) {
            *sum += times * more;
        }
    };
    add(LAYER_CODE, layers.len().saturating_sub(1));
    add(SEQUENCE_CODE, usize::from(is_sequence));
    let outputs = spec.output_width();
    let reads = match spec.head.read {
        elman_core::Read::LastStep if is_sequence => 0.0,
        _ => 1.0,
    };
    if spec.head.kind != HeadKind::None {
        let padded = outputs.next_multiple_of(PANEL) * spec.top_width();
        instructions += reads * MULTIPLY_ADD * padded as f64;
    }
    if let HeadKind::Softmax { .. } = spec.head.kind {
        add(SOFTMAX_CODE, 1);
        instructions += reads * (SOFTMAX.0 + SOFTMAX.1 * outputs as f64);
    }
    if let Input::Tokens { .. } = spec.input {
        // A pointer and a length for every embedding that a step reads.
        stack += 8 * spec.golden_width();
    }
    Figures {
        code_bytes: code,
        stack_bytes: stack,
        instructions: instructions.round() as usize,
    }
}

impl Figures {
    /// For the head of a file.
    pub fn lines(&self, is_sequence: bool, feed: Option<Feed>) -> Vec<String> {
        let [gcc_small, gcc_fast, clang_small, clang_fast] = self.code_bytes;
        let step = if is_sequence {
            "A step of a sequence"
        } else {
            "A step"
        };
        let feed = match feed {
            None => String::new(),
            Some(Feed::Events) => ", 48 more from raw samples to events".to_owned(),
            // A row of inputs lies there.
            Some(Feed::Numbers { inputs }) => {
                format!(", {} more from raw samples to numbers", 64 + 4 * inputs)
            }
        };
        vec![
            "On a Cortex-M4F, about (from measurements of like nets in QEMU):".to_owned(),
            format!(
                "code     {gcc_small} bytes with gcc 12 -Os, {gcc_fast} with -O3; clang 14 {clang_small} and {clang_fast}"
            ),
            format!("stack    at most {} bytes{feed}", self.stack_bytes),
            format!("{step} takes {} instructions (gcc -O3).", self.instructions),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::{Head, Layers, Read};

    /// Means of sixteen steps of random inputs, gcc 12.2 -O3.
    #[test]
    fn counts_are_near_what_was_measured() {
        let softmax = |spec: Spec, outputs| Spec {
            head: Head {
                kind: HeadKind::Softmax { outputs },
                read: Read::EveryStep,
            },
            ..spec
        };
        let with = |layer| Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(6, 32, 1)
        };
        for (spec, measured) in [
            (Spec::dense(6, 32, 5), 3637),
            (Spec::dense(16, 64, 10), 11469),
            (Spec::dense(32, 128, 10), 36226),
            (softmax(Spec::dense(6, 32, 4), 4), 3792),
            (with(Layer::gru(32)), 10721),
            (with(Layer::lstm(32)), 14821),
            (softmax(with(Layer::lstm(32)), 4), 14646),
        ] {
            let counted = figures(&spec).instructions as f64;
            let off = (counted / f64::from(measured) - 1.0).abs();
            assert!(off < 0.04, "{counted} for {measured}");
        }
    }
}
