//! `model.safetensors`: tensors under PyTorch's names and in its layout, and beside them, in the metadata, all
//! that a user of the model needs. `torch.nn.RNN`, `torch.nn.GRU` or `torch.nn.LSTM` loads the `rnn.*` tensors by name.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use elman_core::Spec;
use safetensors::tensor::{Metadata as Header, SafeTensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::checksum;
use crate::base::failure::{Failure, Result};
use crate::base::folder::write_atomic;
use crate::net::network::Network;
use crate::net::spec_file::StoredSpec;
use crate::net::torch_tensor::{self, Exported, numbers, second_bias};
use crate::net::transitions;

/// The one key of the metadata. Its value is JSON; a single key also keeps the file's bytes the same from one
/// run to the next, whatever the order of a hash map.
const KEY: &str = "elman";

/// The metadata.
#[derive(Debug, Serialize, Deserialize)]
struct Metadata<T> {
    task: String,
    spec: StoredSpec,
    /// What the task makes of the numbers.
    meaning: T,
}

/// The metadata of a model, whatever its task: what travels in other files.
#[derive(Debug, Serialize, Deserialize)]
pub struct About {
    /// `None`: what the numbers mean is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    pub spec: StoredSpec,
    /// As it was written, to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Box<RawValue>>,
}

impl About {
    /// Of a model file.
    ///
    /// # Errors
    /// A missing or foreign file.
    pub fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path).map_err(|error| Failure::read(path, &error))?;
        let about = open(&content).and_then(|(_, json)| Self::parse(&json));
        about.map_err(|failure| failure.in_file(path))
    }

    /// Of a file's content; `None` if it is not of this program.
    ///
    /// # Errors
    /// It is, and damaged.
    pub fn find(content: &[u8]) -> Result<Option<Self>> {
        open(content).map_or(Ok(None), |(_, json)| Self::parse(&json).map(Some))
    }

    /// From JSON.
    ///
    /// # Errors
    /// It is damaged.
    pub fn parse(json: &str) -> Result<Self> {
        from_json(json)
    }
}

/// The parameters of a net, from tensors that have our names; there must be no others.
///
/// # Errors
/// A tensor is missing, of another shape, or one too many.
pub fn params(content: &[u8], spec: &Spec) -> Result<Vec<f32>> {
    let file = SafeTensors::deserialize(content).map_err(|error| {
        Failure::input(format!("no safetensors file, or a damaged one: {error}"))
    })?;
    let ours = |name: &str| {
        let mut tensors = spec.tensors();
        tensors.any(|tensor| {
            tensor.kind.to_string() == name || second_bias(&tensor).as_deref() == Some(name)
        })
    };
    let numbers = file
        .tensors()
        .iter()
        .map(|(_, tensor)| tensor.data().len() / 4)
        .sum::<usize>();
    if numbers < spec.params_len() {
        return Err(Failure::input(format!(
            "the tensors hold {numbers} numbers, and the net has {}",
            spec.params_len()
        )));
    }
    let is_ours = |name: &str| ours(name) || transitions::NAMES.contains(&name);
    if let Some(name) = file.names().into_iter().find(|name| !is_ours(name)) {
        return Err(Failure::input(format!(
            "the tensor {name} is one too many: the model has none of that name"
        )));
    }
    read_learnt(&file, spec)
}

/// Parameters, and behind them the scores of transitions, if there are any.
fn read_learnt(file: &SafeTensors<'_>, spec: &Spec) -> Result<Vec<f32>> {
    let mut params = read_params(file, spec)?;
    params.extend(transitions::read(file, spec.output_width())?);
    Ok(params)
}

fn read_params(file: &SafeTensors<'_>, spec: &Spec) -> Result<Vec<f32>> {
    // Before memory is taken: the metadata may claim a net that is larger than the file.
    for tensor in spec.tensors() {
        torch_tensor::check(file, spec, &tensor)?;
    }
    let mut params = vec![0.0; spec.params_len()];
    for tensor in spec.tensors() {
        let numbers = torch_tensor::read(file, spec, &tensor)?;
        if let Some(odd) = numbers.iter().find(|x| !x.is_finite()) {
            let name = tensor.kind;
            return Err(Failure::input(format!(
                "the tensor {name} holds {odd}, and a net with such a weight answers nothing else"
            )));
        }
        params[tensor.range()].copy_from_slice(&numbers);
    }
    Ok(params)
}

/// Writes a model and what its numbers mean; scores of transitions lie behind the parameters of the net.
///
/// # Errors
/// Writing fails.
pub fn save(
    path: &Path,
    task: &str,
    spec: &Spec,
    meaning: &impl Serialize,
    params: &[f32],
) -> Result<()> {
    let tensors = spec.tensors();
    let tensors = tensors.flat_map(|tensor| torch_tensor::export(spec, &tensor, params));
    let scores = transitions::export(spec.output_width(), &params[spec.params_len()..]);
    let tensors = tensors.chain(scores).collect();
    write_tensors(
        path,
        tensors,
        &Metadata {
            task: task.to_owned(),
            spec: StoredSpec::from(spec),
            meaning,
        },
    )
}

fn write_tensors(
    path: &Path,
    tensors: Vec<(String, Exported)>,
    metadata: &impl Serialize,
) -> Result<()> {
    let complain = |error: &dyn std::fmt::Display| {
        Failure::run(format!("cannot write {}: {error}", path.display()))
    };
    let json = serde_json::to_string(metadata).map_err(|error| complain(&error))?;
    let parts = tensors.iter().map(|(name, data)| (&**name, &data.data[..]));
    let json = checksum::seal(&json, parts);
    let metadata = HashMap::from([(KEY.to_owned(), json)]);
    let content =
        safetensors::serialize(tensors, Some(metadata)).map_err(|error| complain(&error))?;
    write_atomic(path, &content)
}

/// The task that a model was trained for. Only what stands before the tensors is read.
///
/// # Errors
/// A missing or foreign file.
pub fn task_of(path: &Path) -> Result<String> {
    let header = read_header(path).map_err(|error| Failure::read(path, &error))?;
    let header = serde_json::from_slice(&header).map_err(|_| foreign());
    let kind: Result<Metadata<serde::de::IgnoredAny>> =
        header.and_then(|header| from_json(&our_part(&header)?));
    Ok(kind.map_err(|failure| failure.in_file(path))?.task)
}

/// The JSON before the tensors; eight bytes before it say how long it is. No reader takes more than so many bytes.
fn read_header(path: &Path) -> std::io::Result<Vec<u8>> {
    const MOST: u64 = 100_000_000;
    let (mut file, mut length) = (std::fs::File::open(path)?, Vec::new());
    file.by_ref().take(8).read_to_end(&mut length)?;
    let length = length.try_into().map_or(0, u64::from_le_bytes);
    let mut header = Vec::new();
    file.take(length.min(MOST)).read_to_end(&mut header)?;
    Ok(header)
}

/// Reads a model made for `task`.
///
/// # Errors
/// A missing or foreign file, or a model of another task.
pub fn load<T: DeserializeOwned>(path: &Path, task: &str) -> Result<(Network, T)> {
    let content = std::fs::read(path).map_err(|error| Failure::read(path, &error))?;
    parse(&content, task).map_err(|failure| failure.in_file(path))
}

/// The same for a file that was read.
///
/// # Errors
/// As [`load`].
pub fn parse<T: DeserializeOwned>(content: &[u8], task: &str) -> Result<(Network, T)> {
    let (file, json) = open(content)?;
    checksum::check(&json, &file)?;
    let kind: Metadata<serde::de::IgnoredAny> = from_json(&json)?;
    if task != kind.task {
        return Err(Failure::input(format!(
            "the model was trained for the task {}, not {task}",
            kind.task
        )));
    }
    let metadata: Metadata<T> = from_json(&json)?;
    let spec = metadata.spec.restore()?;
    let params = read_learnt(&file, &spec)?;
    Ok((Network::new(spec, params)?, metadata.meaning))
}

fn open(content: &[u8]) -> Result<(SafeTensors<'_>, String)> {
    let file = SafeTensors::deserialize(content).map_err(|_| foreign())?;
    let (_, header) = SafeTensors::read_metadata(content).map_err(|_| foreign())?;
    Ok((file, our_part(&header)?))
}

/// What this program wrote before the tensors.
fn our_part(header: &Header) -> Result<String> {
    let metadata = header.metadata().as_ref();
    let json = metadata.and_then(|metadata| metadata.get(KEY));
    json.cloned().ok_or_else(foreign)
}

fn foreign() -> Failure {
    Failure::input("not a file written by elman")
}

fn from_json<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json)
        .map_err(|error| Failure::input(format!("the metadata are damaged: {error}")))
}

/// Writes flat numbers and a note about them: checkpoints.
///
/// # Errors
/// Writing fails.
pub fn save_flat(path: &Path, parts: &[(&str, &[f32])], note: &impl Serialize) -> Result<()> {
    let tensors = parts
        .iter()
        .map(|&(name, numbers)| (name.to_owned(), Exported::vector(numbers)))
        .collect();
    write_tensors(path, tensors, note)
}

/// A file that [`save_flat`] wrote.
pub struct FlatFile {
    path: PathBuf,
    content: Vec<u8>,
}

impl FlatFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path).map_err(|error| Failure::read(path, &error))?;
        Ok(Self::of(path, content))
    }

    /// A file that was read.
    pub fn of(path: &Path, content: Vec<u8>) -> Self {
        Self {
            path: path.to_owned(),
            content,
        }
    }

    /// The note.
    ///
    /// # Errors
    /// The file is foreign or damaged.
    pub fn note<T: DeserializeOwned>(&self) -> Result<T> {
        let note = open(&self.content).and_then(|(file, json)| {
            checksum::check(&json, &file)?;
            from_json(&json)
        });
        note.map_err(|failure| failure.in_file(&self.path))
    }

    /// Some of the numbers.
    ///
    /// # Errors
    /// The file is foreign, or holds another number of them.
    pub fn copy_part(&self, name: &str, to: &mut [f32]) -> Result<()> {
        let part = open(&self.content).and_then(|(file, _)| numbers(&file, name, &[to.len()]));
        to.copy_from_slice(&part.map_err(|failure| failure.in_file(&self.path))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::*;

    const SPEC: Spec = Spec {
        input: Input::Tokens {
            channels: Channels::of([Channel {
                vocabulary: 3,
                width: 2,
            }]),
            window: 1,
        },
        layers: Layers::of([Layer {
            hidden: 3,
            direction: Direction::Both,
            cell: Cell::elman(Activation::Tanh),
        }]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 2 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };

    fn params() -> Vec<f32> {
        (0..SPEC.params_len()).map(|i| i as f32).collect()
    }

    #[test]
    fn a_model_comes_back_bit_for_bit() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("model.safetensors");
        save(&path, "label", &SPEC, &["O"], &params()).unwrap();
        let (network, meaning): (Network, Vec<String>) = load(&path, "label").unwrap();
        assert_eq!(
            (network.spec(), network.params(), meaning),
            (&SPEC, &params()[..], vec!["O".to_owned()])
        );
        assert_eq!(task_of(&path).unwrap(), "label");
        let mut content = std::fs::read(&path).unwrap();
        content[8] = b'[';
        std::fs::write(home.path().join("foreign"), &content[..40]).unwrap();
        let complaint = task_of(&home.path().join("foreign")).unwrap_err();
        assert!(
            complaint
                .to_string()
                .ends_with("not a file written by elman")
        );
        let complaint = load::<Vec<String>>(&path, "text").unwrap_err().to_string();
        assert!(
            complaint.ends_with("the model was trained for the task label, not text"),
            "{complaint}"
        );
    }

    #[test]
    fn tensors_lie_as_pytorch_wants_them() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("model.safetensors");
        save(&path, "label", &SPEC, &(), &params()).unwrap();
        let content = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&content).unwrap();
        let weights = SPEC
            .tensors()
            .find(|tensor| tensor.kind.to_string() == "rnn.weight_ih_l0_reverse")
            .unwrap();
        let found = numbers(&file, "rnn.weight_ih_l0_reverse", &[3, 2]).unwrap();
        let first = weights.offset as f32;
        assert_eq!(found, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0].map(|i| first + i));
        assert_eq!(
            numbers(&file, "rnn.bias_hh_l0_reverse", &[3]).unwrap(),
            [0.0; 3]
        );
        assert_eq!(
            numbers(&file, "embedding.0.weight", &[4, 2]).unwrap().len(),
            8
        );
    }

    #[test]
    fn gated_layers_lie_as_pytorch_wants_them() {
        let lstm = Layer {
            direction: Direction::Both,
            ..Layer::lstm(3)
        };
        let spec = Spec {
            layers: Layers::of([lstm, Layer::gru(2)]),
            ..SPEC
        };
        let params: Vec<f32> = (1..=spec.params_len()).map(|i| i as f32).collect();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("model.safetensors");
        save(&path, "label", &spec, &(), &params).unwrap();
        let (network, ()) = load(&path, "label").unwrap();
        assert_eq!((network.spec(), network.params()), (&spec, &params[..]));
        let content = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&content).unwrap();
        let found = |name: &str, shape: &[usize]| numbers(&file, name, shape).unwrap();
        assert_eq!(found("rnn.weight_hh_l0_reverse", &[12, 3]).len(), 36);
        assert_eq!(found("rnn.bias_hh_l0", &[12]), [0.0; 12]);
        assert_eq!(found("c0_l0_reverse", &[3]).len(), 3);
        let bias = spec
            .tensors()
            .find(|tensor| tensor.kind.to_string() == "rnn.bias_ih_l1")
            .unwrap();
        let bias = &params[bias.range()];
        assert_eq!(found("rnn.bias_ih_l1", &[6]), bias[..6]);
        // The hidden bias of n stands behind the reset gate.
        let hidden = [&[0.0; 4], &bias[6..]].concat();
        assert_eq!(found("rnn.bias_hh_l1", &[6]), hidden);
    }

    #[test]
    fn numbers_that_all_units_share_are_a_tensor_of_their_own() {
        let layer = |cell| Layer {
            cell,
            direction: Direction::Both,
            ..Layer::tanh(3)
        };
        let spec = Spec {
            layers: Layers::of([layer(Cell::FastGrnn), layer(Cell::FastRnn)]),
            ..SPEC
        };
        let params: Vec<f32> = (1..=spec.params_len()).map(|i| i as f32).collect();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("model.safetensors");
        save(&path, "label", &spec, &(), &params).unwrap();
        let (network, ()) = load(&path, "label").unwrap();
        assert_eq!((network.spec(), network.params()), (&spec, &params[..]));
        let content = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&content).unwrap();
        let found = |name: &str, shape: &[usize]| numbers(&file, name, shape).unwrap();
        let first = |name: &str| {
            let mut tensors = spec.tensors();
            tensors.find(|t| t.kind.to_string() == name).unwrap().offset as f32 + 1.0
        };
        let at = first("rnn.scalars_l1_reverse");
        assert_eq!(found("rnn.scalars_l1_reverse", &[2]), [at, at + 1.0]);
        // The biases of FastGRNN's gate and update.
        let at = first("rnn.bias_ih_l0");
        let biases = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(|i| at + i);
        assert_eq!(found("rnn.bias_ih_l0", &[3]), biases[..3]);
        assert_eq!(found("rnn.bias_hh_l0", &[3]), biases[3..]);
    }

    #[test]
    fn foreign_files_are_refused() {
        assert_eq!(
            parse::<()>(b"no tensors", "label").unwrap_err().to_string(),
            "not a file written by elman"
        );
    }

    #[test]
    fn flat_parts_come_back_and_must_fit() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("checkpoint.safetensors");
        save_flat(&path, &[("params", &[1.0, 2.0])], &0.1f64).unwrap();
        let file = FlatFile::read(&path).unwrap();
        let mut params = [0.0; 2];
        file.copy_part("params", &mut params).unwrap();
        assert_eq!((file.note::<f64>().unwrap(), params), (0.1, [1.0, 2.0]));
        assert!(file.copy_part("params", &mut [0.0; 3]).is_err());
        assert!(file.copy_part("optimizer", &mut []).is_err());
    }
}
