//! A head that learns where the net is used, and is kept in two pages of flash in turn: whenever the power goes, one of them is whole.
//! Here on a desktop, with arrays in place of the flash: `cargo run -p elman-core --example adapt`. [`elman_core::head`] explains the
//! learning; `elman export RUN --format rust` writes shape and weights of a trained net.

use crc::{CRC_32_ISO_HDLC, Crc};
use elman_core::*;

/// Eight units that nobody trained: what they remember of a wave is enough to tell whether it swings above zero or below.
const SPEC: Spec = Spec {
    input: Input::Dense { width: 1 },
    layers: Layers::of([Layer::tanh(8)]),
    initial_state: InitialState::Zero,
    head: Head {
        kind: HeadKind::Softmax { outputs: 2 },
        read: Read::LastStep,
    },
    dropout: Dropout::NONE,
};

struct Body;

impl Shape for Body {
    const SPEC: Spec = SPEC.without_head();
}

/// Parameters of the head, and updates on the chip.
const HEAD: usize = SPEC.head_len();
const UPDATES: u64 = 600;
const RATE: f32 = 0.05;
/// Of which so many are averaged, at the start and in the end.
const SHOWN: u64 = 20;

/// A page of flash holds a number, the weights and a checksum of both, little end first.
const WORDS: usize = 1 + HEAD + 1;
type Page = [u32; WORDS];
const ERASED: Page = [u32::MAX; WORDS];

fn checksum(words: &[u32]) -> u32 {
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    let mut digest = crc.digest();
    words
        .iter()
        .for_each(|word| digest.update(&word.to_le_bytes()));
    digest.finalize()
}

/// The number of a page, if it is whole.
fn number(page: &Page) -> Option<u32> {
    let [content @ .., crc] = page;
    (checksum(content) == *crc).then_some(page[0])
}

/// The page that was written last, and its weights; none on a chip that is new.
fn newest(flash: &[Page; 2]) -> Option<(usize, [f32; HEAD])> {
    let whole = (0..2).filter_map(|place| Some((number(&flash[place])?, place)));
    let (_, place) = whole.max()?;
    let mut weights = [0.0; HEAD];
    for (weight, word) in weights.iter_mut().zip(&flash[place][1..]) {
        *weight = f32::from_bits(*word);
    }
    Some((place, weights))
}

/// Writes the weights into the other page, word by word; `words` are fewer than all where the power goes.
fn keep(flash: &mut [Page; 2], weights: &[f32; HEAD], words: usize) {
    let last = newest(flash).map(|(place, _)| place);
    let before = last.and_then(|place| number(&flash[place])).unwrap_or(0);
    let mut page = ERASED;
    page[0] = before + 1;
    for (word, weight) in page[1..].iter_mut().zip(weights) {
        *word = weight.to_bits();
    }
    page[WORDS - 1] = checksum(&page[..WORDS - 1]);
    let place = last.map_or(0, |place| 1 - place);
    flash[place] = ERASED;
    flash[place][..words].copy_from_slice(&page[..words]);
}

/// A wave that swings about a place a little above zero, or a little below.
fn wave(above: bool, shift: usize) -> impl Iterator<Item = f32> {
    (0..24).map(move |t| {
        let swing = ((t + shift) % 16) as f32 / 16.0 - 0.5;
        if above { swing + 0.25 } else { swing - 0.25 }
    })
}

fn main() -> Result<(), Error> {
    // In place of an export.
    let mut params = [0.0; SPEC.params_len()];
    for (i, p) in params.iter_mut().enumerate() {
        *p = ((i * 29 % 23) as f32 - 11.0) / if i < 8 { 8.0 } else { 32.0 };
    }
    let mut packed = [Strip::ZERO; SPEC.packed_len()];
    pack(&SPEC, &params, &mut packed)?;

    let mut flash = [ERASED; 2];
    let mut weights = [0.0; HEAD];
    match newest(&flash) {
        Some((_, kept)) => weights = kept,
        None => head::unpack(&SPEC, &packed, &mut weights)?,
    }

    let level = Level::detect();
    let (mut state, mut scratch) = (
        [0.0; Body::SPEC.state_len()],
        [Strip::ZERO; Body::SPEC.stream_len()],
    );
    let layers = &packed[..Body::SPEC.packed_len()];
    let mut net = FixedStream::<Body>::new(level, &[], layers, &mut state, &mut scratch)?;
    let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
    let (mut gradients, mut memory) = ([0.0; HEAD], [0.0; Optimizer::ADAM.state_len(HEAD)]);
    let mut answer = |wave: &mut dyn Iterator<Item = f32>, weights: &[f32; HEAD]| {
        let (mut hidden, mut y) = ([0.0; SPEC.top_width()], [0.0; SPEC.output_width()]);
        net.reset();
        for x in wave {
            net.step(Inputs::Dense(&[x]), &mut hidden)?;
        }
        head::pack(&SPEC, weights, &mut strips)?;
        head::logits(level, &SPEC, &strips, &hidden, &mut y)?;
        Ok::<_, Error>((hidden, y))
    };
    let mut losses = [0.0; 2];
    for update in 1..=UPDATES {
        let above = update % 2 == 0;
        let (hidden, mut y) = answer(&mut wave(above, update as usize * 7), &weights)?;
        let (target, columns) = ([Target::class(u32::from(above))], SPEC.output_width());
        let loss = loss::softmax_cross_entropy(level, &mut y, columns, &target, None, 1.0)?;
        let [first, last] = &mut losses;
        *first += if update <= SHOWN {
            loss / SHOWN as f64
        } else {
            0.0
        };
        *last += if update > UPDATES - SHOWN {
            loss / SHOWN as f64
        } else {
            0.0
        };
        gradients.fill(0.0);
        head::gradient(level, &SPEC, &hidden, &y, &mut gradients)?;
        gradient::clip_norm(level, &mut gradients, 1.0);
        let all = 0..HEAD;
        Optimizer::ADAM.update(
            level,
            RATE,
            update,
            all,
            &mut weights,
            &gradients,
            &mut memory,
        )?;
    }
    println!(
        "mean loss of the first {SHOWN} updates {:.4}, of the last {:.4}",
        losses[0], losses[1]
    );
    assert!(losses[1] < 0.5 * losses[0]);

    keep(&mut flash, &weights, WORDS);
    // The power goes while the next ones are written: those before are still there.
    keep(&mut flash, &[0.0; HEAD], WORDS - 3);
    assert_eq!(newest(&flash), Some((0, weights)));
    // And when it comes back, the broken page is the one that is written.
    keep(&mut flash, &weights, WORDS);
    assert_eq!((number(&flash[0]), number(&flash[1])), (Some(1), Some(2)));
    let (_, y) = answer(&mut wave(true, 1), &weights)?;
    println!(
        "below {:.2}, above {:.2} of a wave above; {} bytes are kept",
        y[0],
        y[1],
        4 * WORDS
    );
    assert!(y[1] > y[0]);
    Ok(())
}
