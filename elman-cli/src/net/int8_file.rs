//! `quantized.safetensors`: the words of an int8 net (`elman_core::quantized` says how they lie), which net they were rounded
//! from, when its answers are an event, and how far off they are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::base::checksum;
use crate::base::encoding::EventRule;
use crate::base::failure::{Failure, Result};
use crate::base::folder::write_atomic;
use crate::net::network::Network;
use crate::net::spec_file::StoredSpec;

/// The one key of the metadata, and the one tensor.
const KEY: &str = "elman";
const WORDS: &str = "words";
/// The layout that elman-core describes.
const LAYOUT: u32 = 1;

/// What the file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Net {
    pub words: Vec<u32>,
    /// When an answer is an event, once `elman eval --events --int8` has found that. It stands here, not in the model, since another
    /// rounding has other answers.
    pub events: Option<EventRule>,
    /// Sizes of its errors on the validation data of the run, target by target, the smallest first; none where answers are no numbers, or
    /// where nobody measured them.
    pub errors: Vec<Vec<f64>>,
}

/// The metadata.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Metadata {
    layout: u32,
    spec: StoredSpec,
    /// Checksum of the parameters that were rounded.
    parameters: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<EventRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Vec<f64>>,
}

impl Metadata {
    fn of(network: &Network) -> Self {
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
        let mut digest = crc.digest();
        for x in network.params() {
            digest.update(&x.to_le_bytes());
        }
        Self {
            layout: LAYOUT,
            spec: StoredSpec::from(network.spec()),
            parameters: digest.finalize(),
            events: None,
            errors: Vec::new(),
        }
    }
}

/// Words as a tensor.
struct Words(Vec<u8>, usize);

impl View for Words {
    fn dtype(&self) -> Dtype {
        Dtype::U32
    }

    fn shape(&self) -> &[usize] {
        std::slice::from_ref(&self.1)
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }

    fn data_len(&self) -> usize {
        self.0.len()
    }
}

/// Writes the int8 net of this net.
///
/// # Errors
/// Writing fails.
pub fn save(path: &Path, network: &Network, int8: &Int8Net) -> Result<()> {
    let complain = |error: &dyn std::fmt::Display| {
        Failure::run(format!("cannot write {}: {error}", path.display()))
    };
    let metadata = Metadata {
        events: int8.events,
        errors: int8.errors.clone(),
        ..Metadata::of(network)
    };
    let json = serde_json::to_string(&metadata).map_err(|error| complain(&error))?;
    let bytes: Vec<u8> = int8
        .words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let json = checksum::seal(&json, [(WORDS, &*bytes)]);
    let tensors = [(WORDS, Words(bytes, int8.words.len()))];
    let metadata = HashMap::from([(KEY.to_owned(), json)]);
    let content =
        safetensors::serialize(tensors, Some(metadata)).map_err(|error| complain(&error))?;
    write_atomic(path, &content)
}

/// Reads the int8 net that was rounded from this net.
///
/// # Errors
/// A missing or foreign file, or one that was made for another net.
pub fn load(path: &Path, network: &Network) -> Result<Int8Net> {
    if !path.exists() {
        let sentence = "no such file; elman quantize RUN --data FILE makes it";
        return Err(Failure::input(sentence).in_file(path));
    }
    let content = std::fs::read(path).map_err(|error| Failure::read(path, &error))?;
    parse(&content, network).map_err(|failure| failure.in_file(path))
}

/// The same for a file that was read.
///
/// # Errors
/// As [`load`].
pub fn parse(content: &[u8], network: &Network) -> Result<Int8Net> {
    let foreign = || Failure::input("not a file written by elman quantize");
    let file = SafeTensors::deserialize(content).map_err(|_| foreign())?;
    let (_, header) = SafeTensors::read_metadata(content).map_err(|_| foreign())?;
    let json = header.metadata().as_ref().and_then(|all| all.get(KEY));
    let json = json.ok_or_else(foreign)?;
    checksum::check(json, &file)?;
    let mut metadata: Metadata = serde_json::from_str(json).map_err(|_| foreign())?;
    let events = metadata.events.take();
    let errors = std::mem::take(&mut metadata.errors);
    if metadata != Metadata::of(network) {
        return Err(Failure::input(
            "made from another model than the run's; run elman quantize again",
        ));
    }
    let classes = network.spec().output_width();
    if events.is_some_and(|rule| !rule.is_sound(classes)) {
        return Err(Failure::input(
            "its rule of events does not fit the net; run elman quantize again, then elman eval RUN --events --int8",
        ));
    }
    if !are_errors(&errors, classes) {
        return Err(Failure::input(
            "its errors do not fit the net; run elman quantize again",
        ));
    }
    let tensor = file.tensor(WORDS).map_err(|_| foreign())?;
    if tensor.dtype() != Dtype::U32 {
        return Err(foreign());
    }
    let words = tensor.data().as_chunks().0.iter();
    Ok(Int8Net {
        words: words.map(|&bytes| u32::from_le_bytes(bytes)).collect(),
        events,
        errors,
    })
}

/// Whether these can be sizes of errors of so many targets, if any were measured.
fn are_errors(errors: &[Vec<f64>], targets: usize) -> bool {
    let is_sound = |sizes: &Vec<f64>| {
        sizes.is_sorted() && sizes.iter().all(|size| size.is_finite() && *size >= 0.0)
    };
    errors.is_empty() || errors.len() == targets && errors.iter().all(is_sound)
}

#[cfg(test)]
mod tests {
    use elman_core::Spec;

    use super::*;

    const RULE: EventRule = EventRule {
        smoothing: 0.25,
        threshold: 0.35,
        refractory: 3,
        background: Some(1),
    };

    /// What is read of a file with this rule and these errors, of a net of two outputs.
    fn read_with(events: Option<EventRule>, errors: &[Vec<f64>]) -> Result<Int8Net> {
        let spec = Spec::dense(2, 3, 2);
        let network = Network::new(spec, vec![0.5; spec.params_len()])?;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("quantized.safetensors");
        let int8 = Int8Net {
            words: vec![1, 2, 3],
            events,
            errors: errors.to_vec(),
        };
        save(&path, &network, &int8)?;
        load(&path, &network)
    }

    #[test]
    fn the_rule_comes_back_as_it_was() {
        for events in [None, Some(RULE)] {
            let errors = [vec![0.5], vec![0.0, 1e300]];
            let found = read_with(events, &errors).unwrap();
            assert_eq!((found.words, found.events), (vec![1, 2, 3], events));
            assert_eq!(found.errors, errors);
            assert!(read_with(events, &[]).unwrap().errors.is_empty());
        }
    }

    #[test]
    fn errors_of_another_net_or_of_none_are_refused() {
        let fine = vec![0.5, 2.0];
        for wrong in [vec![2.0, 0.5], vec![-0.5, 2.0]] {
            let complaint = read_with(None, &[fine.clone(), wrong]).unwrap_err();
            assert!(complaint.to_string().contains("errors"), "{complaint}");
        }
        for count in [1, 3] {
            assert!(read_with(None, &vec![fine.clone(); count]).is_err());
        }
    }

    #[test]
    fn a_rule_of_another_net_is_refused() {
        let foreign = EventRule {
            background: Some(2),
            ..RULE
        };
        let complaint = read_with(Some(foreign), &[]).unwrap_err().to_string();
        assert!(
            complaint.contains("run elman quantize again"),
            "{complaint}"
        );
    }
}
