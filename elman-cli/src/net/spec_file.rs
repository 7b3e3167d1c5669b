//! A spec as JSON: core knows no serde, so its types have a mirror here.

use elman_core::{
    Activation, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input, Layer,
    Layers, Read, Spec,
};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::net::cell::{self, ActivationName, CellName};

/// [`Spec`], as the model file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSpec {
    input: StoredInput,
    layers: Vec<StoredLayer>,
    train_initial_state: bool,
    head: StoredHead,
    outputs: usize,
    read: StoredRead,
    dropout: [f32; 3],
    /// Files of nets without it do not mention it.
    #[serde(default, skip_serializing_if = "is_zero")]
    recurrent_dropout: f32,
}

/// Whether there is nothing to store.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_zero(rate: &f32) -> bool {
    *rate == 0.0
}

/// Whether there is nothing to store.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_elman(cell: &CellName) -> bool {
    *cell == CellName::Elman
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredInput {
    Dense {
        width: usize,
    },
    Tokens {
        channels: Vec<StoredChannel>,
        window: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredChannel {
    vocabulary: usize,
    width: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredLayer {
    hidden: usize,
    bidirectional: bool,
    /// Layers of Elman's cell do not mention it.
    #[serde(default, skip_serializing_if = "is_elman")]
    cell: CellName,
    /// Of Elman's cell alone: others have theirs fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    activation: Option<ActivationName>,
    /// Limit of what the activation reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clip: Option<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredHead {
    None,
    Linear,
    Softmax,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredRead {
    EveryStep,
    LastStep,
}

impl From<&Spec> for StoredSpec {
    fn from(spec: &Spec) -> Self {
        Self {
            input: match &spec.input {
                Input::Dense { width } => StoredInput::Dense { width: *width },
                Input::Tokens { channels, window } => StoredInput::Tokens {
                    channels: channels
                        .as_slice()
                        .iter()
                        .map(|channel| StoredChannel {
                            vocabulary: channel.vocabulary,
                            width: channel.width,
                        })
                        .collect(),
                    window: *window,
                },
            },
            layers: spec
                .layers
                .as_slice()
                .iter()
                .map(StoredLayer::from)
                .collect(),
            train_initial_state: spec.initial_state == InitialState::Trained,
            head: match spec.head.kind {
                HeadKind::None => StoredHead::None,
                HeadKind::Linear { .. } => StoredHead::Linear,
                HeadKind::Softmax { .. } => StoredHead::Softmax,
            },
            outputs: spec.output_width(),
            read: match spec.head.read {
                Read::EveryStep => StoredRead::EveryStep,
                Read::LastStep => StoredRead::LastStep,
            },
            dropout: [spec.dropout.input, spec.dropout.hidden, spec.dropout.head],
            recurrent_dropout: spec.dropout.recurrent,
        }
    }
}

impl From<&Layer> for StoredLayer {
    fn from(layer: &Layer) -> Self {
        Self {
            hidden: layer.hidden,
            bidirectional: layer.direction == Direction::Both,
            cell: CellName::of(layer.cell),
            activation: cell::activation(layer).map(ActivationName::from),
            clip: layer.cell.limit(),
        }
    }
}

impl StoredSpec {
    /// The spec, checked.
    ///
    /// # Errors
    /// What the file says makes no net.
    pub fn restore(&self) -> Result<Spec> {
        let spec = Spec {
            input: self.input.restore()?,
            layers: Layers::from_slice(
                &self
                    .layers
                    .iter()
                    .map(StoredLayer::restore)
                    .collect::<Result<Vec<_>>>()?,
            )?,
            initial_state: if self.train_initial_state {
                InitialState::Trained
            } else {
                InitialState::Zero
            },
            head: Head {
                kind: match self.head {
                    StoredHead::None => HeadKind::None,
                    StoredHead::Linear => HeadKind::Linear {
                        outputs: self.outputs,
                    },
                    StoredHead::Softmax => HeadKind::Softmax {
                        outputs: self.outputs,
                    },
                },
                read: match self.read {
                    StoredRead::EveryStep => Read::EveryStep,
                    StoredRead::LastStep => Read::LastStep,
                },
            },
            dropout: Dropout {
                input: self.dropout[0],
                hidden: self.dropout[1],
                head: self.dropout[2],
                recurrent: self.recurrent_dropout,
            },
        };
        spec.check()?;
        Ok(spec)
    }
}

impl StoredInput {
    fn restore(&self) -> Result<Input> {
        Ok(match self {
            Self::Dense { width } => Input::Dense { width: *width },
            Self::Tokens { channels, window } => {
                let channels: Vec<Channel> = channels
                    .iter()
                    .map(|c| Channel {
                        vocabulary: c.vocabulary,
                        width: c.width,
                    })
                    .collect();
                Input::Tokens {
                    channels: Channels::from_slice(&channels)?,
                    window: *window,
                }
            }
        })
    }
}

impl StoredLayer {
    fn restore(&self) -> Result<Layer> {
        let activation = match (self.cell, self.activation) {
            (CellName::Elman, Some(name)) => name.into(),
            (CellName::Elman, None) => {
                return Err(Failure::input(
                    "a layer has no activation: missing field `activation`",
                ));
            }
            (_, None) => Activation::Tanh,
            (cell, Some(_)) => {
                return Err(Failure::input(format!(
                    "a layer of {} has an activation, and that cell has its own",
                    cell.word()
                )));
            }
        };
        Ok(Layer {
            hidden: self.hidden,
            direction: if self.bidirectional {
                Direction::Both
            } else {
                Direction::Forward
            },
            cell: self
                .cell
                .cell(activation, self.clip.unwrap_or(f32::INFINITY)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::Cell;

    const LAYER: Layer = Layer {
        hidden: 5,
        direction: Direction::Both,
        cell: Cell::Elman {
            activation: Activation::Relu,
            clip: 0.1,
        },
    };

    #[test]
    fn every_part_comes_back() {
        let tokens = Spec {
            input: Input::Tokens {
                channels: Channels::of([Channel {
                    vocabulary: 9,
                    width: 4,
                }]),
                window: 3,
            },
            layers: Layers::of([
                LAYER,
                Layer {
                    cell: Cell::elman(Activation::Identity),
                    ..Layer::tanh(3)
                },
                Layer::gru(4),
                Layer {
                    cell: Cell::FastGrnn,
                    ..LAYER
                },
                Layer {
                    cell: Cell::FastRnn,
                    ..LAYER
                },
                Layer {
                    cell: Cell::Lstm { clip: 2.5 },
                    ..LAYER
                },
            ]),
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Softmax { outputs: 3 },
                read: Read::EveryStep,
            },
            dropout: Dropout {
                input: 0.5,
                hidden: 0.25,
                head: 0.1,
                recurrent: 0.2,
            },
        };
        let dense = Spec {
            input: Input::Dense { width: 6 },
            layers: Layers::of([Layer::tanh(2)]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::Linear { outputs: 1 },
                read: Read::LastStep,
            },
            dropout: Dropout::NONE,
        };
        let headless = Spec {
            head: Head {
                kind: HeadKind::None,
                ..dense.head
            },
            ..dense
        };
        for spec in [tokens, dense, headless] {
            let json = serde_json::to_string(&StoredSpec::from(&spec)).unwrap();
            assert_eq!(
                serde_json::from_str::<StoredSpec>(&json)
                    .unwrap()
                    .restore()
                    .unwrap(),
                spec
            );
        }
    }

    #[test]
    fn files_without_recurrent_dropout_load() {
        let spec = Spec {
            input: Input::Dense { width: 6 },
            layers: Layers::of([LAYER]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::None,
                read: Read::EveryStep,
            },
            dropout: Dropout {
                hidden: 0.5,
                ..Dropout::NONE
            },
        };
        let json = serde_json::to_string(&StoredSpec::from(&spec)).unwrap();
        assert!(!json.contains("recurrent"), "{json}");
        let stored: StoredSpec = serde_json::from_str(&json).unwrap();
        assert_eq!(stored.restore().unwrap(), spec);
    }

    #[test]
    fn an_impossible_net_is_refused() {
        let mut stored = StoredSpec::from(&Spec {
            input: Input::Dense { width: 6 },
            layers: Layers::of([Layer::tanh(2)]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::None,
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        });
        stored.layers[0].hidden = 0;
        assert!(stored.restore().is_err());
    }

    /// A net of one layer, and how its layers are written.
    fn written(layer: Layer) -> (StoredSpec, String) {
        let spec = Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(6, 1, 5)
        };
        let stored = StoredSpec::from(&spec);
        let json = serde_json::to_string(&stored.layers).unwrap();
        (stored, json)
    }

    #[test]
    fn only_gated_layers_name_their_cell() {
        let (_, json) = written(LAYER);
        let expected = r#"[{"hidden":5,"bidirectional":true,"activation":"relu","clip":0.1}]"#;
        assert_eq!(json, expected);
        let (mut gru, json) = written(Layer::gru(4));
        assert_eq!(json, r#"[{"hidden":4,"bidirectional":false,"cell":"gru"}]"#);
        gru.layers[0].activation = Some(ActivationName::Relu);
        let complaint = gru.restore().unwrap_err().to_string();
        assert!(complaint.contains("a layer of gru has an activation"));
        gru.layers[0].activation = None;
        gru.layers[0].cell = CellName::Elman;
        let complaint = gru.restore().unwrap_err().to_string();
        assert!(complaint.contains("no activation"), "{complaint}");
    }
}
