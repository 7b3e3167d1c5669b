//! Text by a net: one token after another, each drawn from the probabilities that the net gives.

use elman_core::Model;

use super::lexicon::{LINE_END, UNKNOWN};
use super::meaning::TextMeaning;
use super::reader::{Memory, Reader};
use crate::base::failure::Result;
use crate::base::seeds::{self, Purpose};
use crate::task::label::nats;

/// Some text by a net that may still be learning.
///
/// # Errors
/// None for a net of this task.
pub fn sample(
    meaning: &TextMeaning,
    model: &Model<'_>,
    temperature: f64,
    length: usize,
) -> Result<String> {
    let sampling = Sampling {
        temperature,
        top_k: None,
        seed: 1,
    };
    let (mut text, mut before) = (String::new(), LINE_END);
    let lexicon = &meaning.lexicon;
    go_on(
        *model,
        meaning.lines,
        &sampling,
        &[],
        length as u64,
        |id, _| {
            text += lexicon.gap(before, id);
            text += lexicon.token(id);
            before = id;
            Ok(())
        },
    )?;
    Ok(text)
}

/// How tokens are picked.
pub struct Sampling {
    pub temperature: f64,
    pub top_k: Option<u32>,
    pub seed: u64,
}

/// Reads the prompt and hands out what comes next, token by token, each with its nats.
///
/// # Errors
/// Those of `hand_out`.
pub fn go_on(
    model: Model<'_>,
    has_items: bool,
    sampling: &Sampling,
    prompt: &[u32],
    length: u64,
    mut hand_out: impl FnMut(u32, f64) -> Result<()>,
) -> Result<()> {
    let mut memory = Memory::of(&model);
    let mut reader = Reader::new(model, &mut memory)?;
    prompt.iter().try_for_each(|&id| reader.read(id))?;
    let mut rng = seeds::generator(sampling.seed, Purpose::Sample, &[]);
    let mut choice = Choice::default();
    for _ in 0..length {
        let id = choice.make(&reader.next, sampling, &mut rng);
        hand_out(id, nats(reader.next[id as usize]))?;
        if id == LINE_END && has_items {
            reader.start_over()?;
        } else {
            reader.read(id)?;
        }
    }
    Ok(())
}

/// Picks tokens; keeps its buffers.
#[derive(Default)]
struct Choice {
    /// Ids and weights, the likeliest first where there is a reason to sort.
    candidates: Vec<(u32, f64)>,
}

impl Choice {
    /// A token of these probabilities, but never the one that stands for all unknown ones.
    fn make(
        &mut self,
        probabilities: &[f32],
        sampling: &Sampling,
        rng: &mut impl rand_core::Rng,
    ) -> u32 {
        let candidates = &mut self.candidates;
        candidates.clear();
        let known = (0..).zip(probabilities).filter(|&(id, _)| id != UNKNOWN);
        candidates.extend(known.map(|(id, &p)| (id, f64::from(p))));
        let greedy = sampling.temperature == 0.0;
        if greedy || sampling.top_k.is_some() {
            // The sort is stable: of equals the first.
            candidates.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            let kept = if greedy {
                1
            } else {
                sampling.top_k.unwrap_or(1)
            };
            candidates.truncate(kept as usize);
        }
        let likeliest = candidates.iter().map(|&(_, p)| p).fold(0.0, f64::max);
        if sampling.temperature > 0.0 && sampling.temperature != 1.0 {
            let power = sampling.temperature.recip();
            let heat = |p: &mut f64| *p = (*p / likeliest).powf(power);
            candidates.iter_mut().for_each(|(_, p)| heat(p));
        }
        let total: f64 = candidates.iter().map(|&(_, p)| p).sum();
        let mut left = f64::from(seeds::unit(rng)) * total;
        for &(id, p) in candidates.iter() {
            left -= p;
            if left < 0.0 {
                return id;
            }
        }
        // Rounding may leave a little over.
        candidates.last().map_or(LINE_END, |&(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn sampling(temperature: f64, top_k: Option<u32>) -> Sampling {
        Sampling {
            temperature,
            top_k,
            seed: 1,
        }
    }

    fn shares(sampling: &Sampling) -> [f64; 4] {
        let (mut choice, mut counts) = (Choice::default(), [0.0; 4]);
        let mut rng = seeds::generator(1, Purpose::Sample, &[]);
        for _ in 0..20_000 {
            counts[choice.make(&[0.5, 0.1, 0.3, 0.1], sampling, &mut rng) as usize] +=
                1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let near = |found: [f64; 4], expected: [f64; 4]| {
            let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 0.02, "{found:?}");
        };
        near(shares(&sampling(1.0, None)), [0.0, 0.2, 0.6, 0.2]);
        near(
            shares(&sampling(0.5, None)),
            [0.0, 1.0 / 11.0, 9.0 / 11.0, 1.0 / 11.0],
        );
        near(shares(&sampling(1.0, Some(2))), [0.0, 0.25, 0.75, 0.0]);
        near(shares(&sampling(0.0, None)), [0.0, 0.0, 1.0, 0.0]);
        // So cold that the weights of the others vanish.
        near(shares(&sampling(0.001, None)), [0.0, 0.0, 1.0, 0.0]);
    }
}
