//! Hashes of everything that must be the same bits on every fused level, processor and number of
//! threads. The program `fingerprint` prints them, the test `one_answer` compares them.

mod functions;
mod subjects;
mod training;

use elman_core::Level;

pub use subjects::{Subject, subjects};
pub use training::train_in_shards;

use crate::{Rig, Training};
use subjects::stream_of_all;

/// FNV-1a, 64 bits, over the bits of numbers (Fowler, Noll and Vo).
#[derive(Clone, Copy, Debug)]
struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(self, bytes: impl IntoIterator<Item = u8>) -> Self {
        let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(bytes.into_iter().fold(self.0, step))
    }

    fn numbers(self, numbers: &[f32]) -> Self {
        self.bytes(numbers.iter().flat_map(|x| x.to_bits().to_le_bytes()))
    }

    fn number(self, x: f64) -> Self {
        self.bytes(x.to_bits().to_le_bytes())
    }
}

/// A name and a hash.
pub type Item = (String, u64);

/// Everything, on one level, trained on so many threads; computed as it is asked for.
pub fn items(level: Level, threads: usize) -> impl Iterator<Item = Item> {
    let of_subject = move |subject: Subject| {
        let named = move |(what, Hash(hash))| (format!("{}/{what}", subject.name), hash);
        hashes(level, &subject, threads)
            .map(named)
            .collect::<Vec<_>>()
    };
    functions::items(level)
        .into_iter()
        .chain(subjects().into_iter().flat_map(of_subject))
}

fn hashes(
    level: Level,
    subject: &Subject,
    threads: usize,
) -> impl Iterator<Item = (&'static str, Hash)> {
    let case = &subject.case;
    let rig = Rig::new(level, &case.spec, &case.params);
    let forward = rig.forward(case);
    let Training {
        loss,
        outputs,
        gradients,
        state,
    } = rig.pass(case, subject.pass());
    let stream = (!case.spec.is_bidirectional()).then(|| stream_of_all(&rig, case));
    let (trained, losses) = train_in_shards(level, subject, threads);
    let always = [
        ("params", Hash::new().numbers(&case.params)),
        ("outputs", Hash::new().numbers(&forward.outputs)),
        ("state", Hash::new().numbers(&forward.state)),
        ("recorded", Hash::new().numbers(&outputs).numbers(&state)),
        ("loss", Hash::new().number(loss)),
        ("gradients", Hash::new().numbers(&gradients)),
        ("losses", losses.into_iter().fold(Hash::new(), Hash::number)),
        ("trained", Hash::new().numbers(&trained)),
    ];
    always
        .into_iter()
        .chain(stream.map(|outputs| ("stream", Hash::new().numbers(&outputs))))
}
