//! `elman demo words`: a simple grammar is learnt from nothing but the order of words, as in Elman (1990). What the net
//! foresees is compared with the true probability of every word.

use std::io::Write;

use super::grammar::{Expert, sentences, words};
use super::texts::{Texts, learn};
use crate::args::DemoArgs;
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::task::text::TextModel;

/// Sentences to learn from, as in the paper; and to validate and test on.
const TRAIN: usize = 10_000;
const OTHERS: usize = 1000;

const FLAGS: &[(&str, &str)] = &[
    ("tokens", "words"),
    ("hidden", "64"),
    ("embedding", "16"),
    ("dropout", "0"),
    ("batch", "16"),
    ("k1", "8"),
    ("lr", "0.004"),
    ("epochs", "10"),
];

/// Beginnings that are looked at more closely.
const BEGINNINGS: [&str; 4] = ["girl", "baker eats", "troll cracks", "horse moves"];

/// The story.
///
/// # Errors
/// A folder that exists or cannot be written.
pub fn run(args: &DemoArgs) -> Result<()> {
    let run = Run::create(args.out.as_deref(), "demo-words")?;
    let part = |number, count| sentences(args.seed, number, count).join(" ");
    let texts = Texts {
        train: part(1, TRAIN),
        valid: part(2, OTHERS),
        test: part(3, OTHERS),
    };
    let first: Vec<&str> = texts.train.split(' ').take(14).collect();
    writeln!(
        std::io::stdout(),
        "{TRAIN} sentences of two or three words from a lexicon of {}, without a sign between them:\n\n  {} …\n\n{} \
         reads them word by word and must foresee the next. It is told nothing\nof nouns and verbs, of what breaks or what can \
         be eaten.\n",
        words().len(),
        first.join(" "),
        args.cell.net()
    )?;
    learn(args, &run, &texts, FLAGS)?;
    show(&run, &texts.test)
}

/// How far the net's probabilities are from the true ones.
#[derive(Debug, PartialEq)]
struct Closeness {
    /// Root mean square over all words of all steps.
    rms: f64,
    /// Mean cosine of the angle between both, over the steps.
    cosine: f64,
}

impl Closeness {
    /// Of pairs of distributions: the net's and the true one.
    fn of(pairs: impl Iterator<Item = (Vec<f64>, Vec<f64>)>) -> Self {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (mut squares, mut numbers, mut cosines, mut steps) = (0.0, 0.0f64, 0.0, 0.0f64);
        for (found, real) in pairs {
            let off: Vec<f64> = found.iter().zip(&real).map(|(a, b)| a - b).collect();
            squares += dot(&off, &off);
            numbers += off.len() as f64;
            cosines += dot(&found, &real) / (dot(&found, &found) * dot(&real, &real)).sqrt();
            steps += 1.0;
        }
        Self {
            rms: (squares / numbers.max(1.0)).sqrt(),
            cosine: cosines / steps.max(1.0),
        }
    }
}

/// The net's probabilities of all words at every step of a text, and the true ones.
fn compare(writer: &TextModel, text: &str) -> Result<Vec<(Vec<f64>, Vec<f64>)>> {
    let (words, lexicon) = (words(), writer.lexicon());
    let outputs = writer.foresee(text)?;
    let mut expert = Expert::new();
    let rows = outputs.chunks_exact(lexicon.len());
    let steps = text.split(' ').zip(rows).map(|(next, row)| {
        let found = words
            .iter()
            .map(|word| f64::from(row[lexicon.id(word) as usize]));
        let real = words.iter().map(|word| expert.likelihood(word));
        let pair = (found.collect(), real.collect());
        expert.read(next);
        pair
    });
    Ok(steps.collect())
}

fn show(run: &Run, test: &str) -> Result<()> {
    let writer = TextModel::open(run)?;
    let Closeness { rms, cosine } = Closeness::of(compare(&writer, test)?.into_iter());
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\nOn {OTHERS} new sentences, against the true probability of every word: RMS error {rms:.4}, mean cosine {cosine:.4}\n\
         (Elman's net of 1990, on his sentences: 0.053 and 0.916).\n\nWhat it foresees, and in brackets the truth:\n"
    )?;
    for beginning in BEGINNINGS {
        writeln!(out, "  {beginning:14} … {}", foreseen(&writer, beginning)?)?;
    }
    let folder = run.folder().display();
    Ok(writeln!(
        out,
        "\nNext:\n  elman generate {folder} --prompt 'girl eats' --length 40\n  elman eval {folder} --data {folder}/test.txt"
    )?)
}

/// The likeliest words after a beginning of a sentence.
fn foreseen(writer: &TextModel, beginning: &str) -> Result<String> {
    let words = words();
    // A whole sentence before it, so that the net knows where it is; and any word behind it, to be foreseen.
    let text = format!("sailor sleeps {beginning} {}", words[0]);
    let (found, real) = compare(writer, &text)?.pop().unwrap_or_default();
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|&a, &b| found[b].total_cmp(&found[a]));
    let likeliest = order.iter().take(4).map(|&word| {
        let [found, real] = [found[word], real[word]].map(|p| (100.0 * p).round());
        format!("{} {found} % ({real} %)", words[word])
    });
    Ok(likeliest.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_compared_step_by_step() {
        let pairs = [
            (vec![1.0, 0.0], vec![1.0, 0.0]),
            (vec![1.0, 0.0], vec![0.0, 1.0]),
        ];
        let found = Closeness::of(pairs.into_iter());
        let (rms, cosine) = (0.5f64.sqrt(), 0.5);
        assert_eq!(found, Closeness { rms, cosine });
    }
}
