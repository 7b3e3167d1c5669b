//! A net in words, for people.

use elman_core::{Direction, HeadKind, Input, Layer, Read, Spec};

use crate::net::cell;

/// The net in one line.
pub fn line(spec: &Spec) -> String {
    let input = match &spec.input {
        Input::Dense { width } => format!("{width} numbers"),
        Input::Tokens { channels, window } => {
            format!("{window} x {} ids", channels.len())
        }
    };
    let layers = spec.layers.as_slice().iter();
    let layers: Vec<String> = layers
        .map(|layer| {
            let cell = match cell::activation(layer) {
                Some(_) => String::new(),
                None => format!(" {}", cell::word(layer)),
            };
            match layer.directions() {
                1 => format!("{}{cell}", layer.hidden),
                _ => format!("2 x {}{cell}", layer.hidden),
            }
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

/// What a step reads.
pub fn input(input: &Input) -> String {
    match input {
        Input::Dense { width } => format!("{width} numbers per step"),
        Input::Tokens { channels, window } => {
            format!(
                "window of {window} steps; per step {} numbers from {} channels",
                input.width() / window,
                channels.as_slice().len()
            )
        }
    }
}

/// The units of a layer.
pub fn layer(layer: &Layer) -> String {
    let activation = cell::word(layer);
    let clip = match layer.cell.limit() {
        Some(clip) => format!(", clip {clip}"),
        None => String::new(),
    };
    match layer.direction {
        Direction::Forward => format!("{} {activation} units{clip}", layer.hidden),
        Direction::Both => {
            let hidden = layer.hidden;
            format!("{hidden} {activation} units in each direction{clip}")
        }
    }
}

/// The map behind the layers, and at which steps it reads.
pub fn head(spec: &Spec) -> String {
    let read = match spec.head.read {
        Read::EveryStep => "at every step",
        Read::LastStep => "at the last step",
    };
    match spec.head.kind {
        HeadKind::None => format!("none, read {read}"),
        HeadKind::Linear { outputs } => format!("linear, {outputs} outputs {read}"),
        HeadKind::Softmax { outputs } => format!("softmax, {outputs} classes {read}"),
    }
}

#[cfg(test)]
mod tests {
    use elman_core::Layers;

    use super::*;

    #[test]
    fn cells_with_gates_are_named() {
        let line = |layers: &[Layer]| {
            let layers = Layers::from_slice(layers).unwrap();
            line(&Spec {
                layers,
                ..Spec::dense(3, 1, 2)
            })
        };
        let both = Layer {
            direction: Direction::Both,
            ..Layer::gru(8)
        };
        assert_eq!(
            line(&[Layer::tanh(8), Layer::tanh(4)]),
            "3 numbers -> 8 -> 4 hidden -> 2 outputs at every step"
        );
        assert_eq!(
            line(&[both, Layer::lstm(4)]),
            "3 numbers -> 2 x 8 GRU -> 4 LSTM hidden -> 2 outputs at every step"
        );
        assert_eq!(layer(&both), "8 GRU units in each direction");
        assert_eq!(layer(&Layer::lstm(4)), "4 LSTM units");
    }
}
