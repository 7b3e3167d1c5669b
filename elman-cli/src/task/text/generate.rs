//! `elman generate`: a text net writes.

use std::io::Write;

use elman_core::Model;
use serde::Serialize;

use super::Texting;
use super::lexicon::{LINE_END, UNKNOWN};
use super::writer::{Memory, Reader, Writer};
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::seeds::{self, Purpose};
use crate::task::args::GenerateArgs;
use crate::task::label::nats;
use crate::task::trained::Trained;

/// What `--json` prints.
#[derive(Serialize)]
struct Generated<'a> {
    prompt: &'a str,
    /// The prompt and what follows it.
    text: String,
    /// What was added, and how surprising each token is to the net, whatever the temperature.
    tokens: Vec<&'a str>,
    token_nats: Vec<f64>,
}

/// The command.
///
/// # Errors
/// A run that is missing, damaged or of another task.
pub fn run(args: &GenerateArgs) -> Result<()> {
    let writer = Writer::open(&Run::open(&args.run)?)?;
    let lexicon = writer.lexicon();
    let prompt = lexicon.ids(&args.prompt);
    if prompt.contains(&UNKNOWN) {
        let (unit, mut unknown) = (lexicon.unit(), Vec::new());
        unit.cut(&args.prompt, |token| {
            if lexicon.id(token) == UNKNOWN && !unknown.contains(&token) {
                unknown.push(token);
            }
        });
        let (noun, unknown) = (unit.noun(), unknown.join(" "));
        eprintln!("elman: warning: the model has never met these {noun}s of the prompt: {unknown}");
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let generated = collect(&writer, args, &prompt)?;
        serde_json::to_writer(&mut out, &generated).map_err(std::io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    write!(out, "{}", args.prompt)?;
    let mut before = last_of(&args.prompt, &prompt);
    write_on(&writer, args, &prompt, |id, _| {
        write!(out, "{}{}", lexicon.gap(before, id), lexicon.token(id))?;
        before = id;
        Ok(out.flush()?)
    })?;
    if before != LINE_END {
        writeln!(out)?;
    }
    Ok(())
}

fn collect<'a>(
    writer: &'a Writer,
    args: &'a GenerateArgs,
    prompt: &[u32],
) -> Result<Generated<'a>> {
    let lexicon = writer.lexicon();
    let mut generated = Generated {
        prompt: &args.prompt,
        text: args.prompt.clone(),
        tokens: Vec::new(),
        token_nats: Vec::new(),
    };
    let mut before = last_of(&args.prompt, prompt);
    write_on(writer, args, prompt, |id, surprise| {
        generated.text += lexicon.gap(before, id);
        generated.text += lexicon.token(id);
        generated.tokens.push(lexicon.token(id));
        generated.token_nats.push(surprise);
        before = id;
        Ok(())
    })?;
    Ok(generated)
}

/// What the first new token follows; after a blank no other is needed.
fn last_of(typed: &str, prompt: &[u32]) -> u32 {
    match prompt.last() {
        Some(&id) if !typed.ends_with(char::is_whitespace) => id,
        _ => LINE_END,
    }
}

/// Reads the prompt and hands out what comes next, token by token, each with its nats.
fn write_on(
    writer: &Writer,
    args: &GenerateArgs,
    prompt: &[u32],
    hand_out: impl FnMut(u32, f64) -> Result<()>,
) -> Result<()> {
    let mood = Mood {
        temperature: args.temperature,
        top_k: args.top_k,
        seed: args.seed,
    };
    let (length, model) = (args.length, writer.network().model()?);
    go_on(model, writer.has_items(), &mood, prompt, length, hand_out)
}

/// Some text by a net that may still be learning.
///
/// # Errors
/// None for a net of this task.
pub fn sample(
    texting: &Texting,
    model: &Model<'_>,
    temperature: f64,
    length: usize,
) -> Result<String> {
    let mood = Mood {
        temperature,
        top_k: None,
        seed: 1,
    };
    let (mut text, mut before) = (String::new(), LINE_END);
    let lexicon = &texting.lexicon;
    go_on(*model, texting.lines, &mood, &[], length as u64, |id, _| {
        text += lexicon.gap(before, id);
        text += lexicon.token(id);
        before = id;
        Ok(())
    })?;
    Ok(text)
}

/// How tokens are picked.
struct Mood {
    temperature: f64,
    top_k: Option<u32>,
    seed: u64,
}

fn go_on(
    model: Model<'_>,
    has_items: bool,
    mood: &Mood,
    prompt: &[u32],
    length: u64,
    mut hand_out: impl FnMut(u32, f64) -> Result<()>,
) -> Result<()> {
    let mut memory = Memory::of(&model);
    let mut reader = Reader::new(model, &mut memory)?;
    prompt.iter().try_for_each(|&id| reader.read(id))?;
    let mut rng = seeds::generator(mood.seed, Purpose::Sample, &[]);
    let mut choice = Choice::default();
    for _ in 0..length {
        let id = choice.make(&reader.next, mood, &mut rng);
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
    fn make(&mut self, probabilities: &[f32], mood: &Mood, rng: &mut impl rand_core::Rng) -> u32 {
        let candidates = &mut self.candidates;
        candidates.clear();
        let known = (0..).zip(probabilities).filter(|&(id, _)| id != UNKNOWN);
        candidates.extend(known.map(|(id, &p)| (id, f64::from(p))));
        let greedy = mood.temperature == 0.0;
        if greedy || mood.top_k.is_some() {
            // The sort is stable: of equals the first.
            candidates.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            let kept = if greedy { 1 } else { mood.top_k.unwrap_or(1) };
            candidates.truncate(kept as usize);
        }
        let likeliest = candidates.iter().map(|&(_, p)| p).fold(0.0, f64::max);
        if mood.temperature > 0.0 && mood.temperature != 1.0 {
            let power = mood.temperature.recip();
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

    const fn mood(temperature: f64, top_k: Option<u32>) -> Mood {
        Mood {
            temperature,
            top_k,
            seed: 1,
        }
    }

    fn shares(mood: &Mood) -> [f64; 4] {
        let (mut choice, mut counts) = (Choice::default(), [0.0; 4]);
        let mut rng = seeds::generator(1, Purpose::Sample, &[]);
        for _ in 0..20_000 {
            counts[choice.make(&[0.5, 0.1, 0.3, 0.1], mood, &mut rng) as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let near = |found: [f64; 4], expected: [f64; 4]| {
            let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 0.02, "{found:?}");
        };
        near(shares(&mood(1.0, None)), [0.0, 0.2, 0.6, 0.2]);
        near(
            shares(&mood(0.5, None)),
            [0.0, 1.0 / 11.0, 9.0 / 11.0, 1.0 / 11.0],
        );
        near(shares(&mood(1.0, Some(2))), [0.0, 0.25, 0.75, 0.0]);
        near(shares(&mood(0.0, None)), [0.0, 0.0, 1.0, 0.0]);
        // So cold that the weights of the others vanish.
        near(shares(&mood(0.001, None)), [0.0, 0.0, 1.0, 0.0]);
    }
}
