//! Every damage that a disk does to a byte, and every file that breaks off: what elman wrote is read back as it was, or
//! refused.

use elman_core::Spec;
use serde::{Deserialize, Serialize};

use crate::base::encoding::EventRule;
use crate::net::int8_file::{self, Int8Net};
use crate::net::model_file::{self, FlatFile};
use crate::net::network::Network;

/// Calls `read` for every prefix of a file, and for the file with each byte changed in each bit and to all of some values.
/// What it accepts must equal what it makes of the file itself.
fn damage<T: PartialEq + std::fmt::Debug>(file: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> usize {
    let whole = read(file).expect("the file itself");
    for end in 0..file.len() {
        assert!(
            read(&file[..end]).is_none(),
            "{end} bytes of {}",
            file.len()
        );
    }
    let mut changed = file.to_vec();
    let mut changes = 0;
    for at in 0..file.len() {
        let bits = (0..8).map(|bit| file[at] ^ (1 << bit));
        for byte in bits
            .chain(*b"\x00\xFF 09,\"}")
            .filter(|&byte| byte != file[at])
        {
            changed[at] = byte;
            if let Some(found) = read(&changed) {
                assert_eq!(found, whole, "byte {at} as {byte:#x}");
            }
            changes += 1;
        }
        changed[at] = file[at];
    }
    changes
}

fn network() -> Network {
    let spec = Spec::dense(2, 3, 2);
    let params = (0..spec.params_len()).map(|i| (i % 7) as f32 / 7.0 - 0.4);
    Network::new(spec, params.collect()).expect("a net")
}

#[test]
fn a_damaged_model_is_refused_or_the_same() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.safetensors");
    let network = network();
    let meaning = vec!["O".to_owned(), "é".to_owned()];
    model_file::save(&path, "label", network.spec(), &meaning, network.params()).unwrap();
    let changes = damage(&std::fs::read(&path).unwrap(), |bytes| {
        let (network, meaning) = model_file::parse::<Vec<String>>(bytes, "label").ok()?;
        let bits: Vec<u32> = network.params().iter().map(|x| x.to_bits()).collect();
        Some((*network.spec(), bits, meaning))
    });
    assert!(changes > 5000, "{changes}");
}

/// What a checkpoint says beside its numbers.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    epochs: usize,
    score: Option<f64>,
}

#[test]
fn a_damaged_checkpoint_is_refused_or_the_same() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("checkpoint.safetensors");
    let parts: [(&str, &[f32]); 2] = [("params", &[0.5, -1.0, 3.0]), ("carried", &[])];
    let note = Note {
        epochs: 3,
        score: Some(0.5),
    };
    model_file::save_flat(&path, &parts, &note).unwrap();
    damage(&std::fs::read(&path).unwrap(), |bytes| {
        let file = FlatFile::of(&path, bytes.to_vec());
        let note: Note = file.note().ok()?;
        let mut params = [0.0; 3];
        file.copy_part("params", &mut params).ok()?;
        file.copy_part("carried", &mut []).ok()?;
        Some((note, params.map(f32::to_bits)))
    });
}

#[test]
fn damaged_whole_numbers_are_refused_or_the_same() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("quantized.safetensors");
    let network = network();
    let words: Vec<u32> = (0..network.spec().int8().model_len() as u32).collect();
    let int8 = Int8Net {
        words,
        events: Some(EventRule::EVERY),
        errors: vec![vec![0.5, 2.0]; network.spec().output_width()],
    };
    int8_file::save(&path, &network, &int8).unwrap();
    damage(&std::fs::read(&path).unwrap(), |bytes| {
        int8_file::parse(bytes, &network).ok()
    });
}

#[test]
fn files_of_other_writers_need_no_checksum() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.safetensors");
    let network = network();
    model_file::save(&path, "label", network.spec(), &(), network.params()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes
        .windows(8)
        .position(|window| window == b"checksum")
        .expect("a checksum");
    let mut other = bytes.clone();
    other[at] = b'C';
    // The last weight is another one, and nothing in the file speaks against it.
    *other.last_mut().unwrap() ^= 1;
    assert!(model_file::parse::<()>(&other, "label").is_ok());
    other[at] = b'c';
    let complaint = model_file::parse::<()>(&other, "label").unwrap_err();
    assert!(complaint.to_string().contains("damaged"), "{complaint}");
}
